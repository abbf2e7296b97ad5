"""The state of the input of a step: what makes it due again when files or labels come late."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime

from monitoring.errors import MonitoringError
from monitoring.evaluator.plan import Evaluated
from monitoring.sources.deployed import INPUTS, OUTPUTS, Deployed
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment

#: What a signal needs -> the collection whose files it reads.
KINDS = {"collected inputs": INPUTS, "predictions": OUTPUTS}


def state(
    deployed: Deployed, deployment: Deployment, what: Evaluated, window: Window
) -> Mapping[datetime, str]:
    """Return a digest of the files that a signal reads of each day of a window, by its start.

    The served model is part of it: another version is another question. Days that cannot be listed
    have an empty state, and are evaluated when they can.
    """
    kinds = [kind for need, kind in KINDS.items() if need in what.needs]
    if not kinds:
        return {}
    days = window.days()
    try:
        listed = [
            deployed.collected.states(deployment.endpoint, deployment.name, kind, window)
            for kind in kinds
        ]
        if "labels" in what.needs:
            path = deployed.labels_path(deployed.model(deployment))
            listed += [deployed.collected.label_states(path, window)] if path else []
    except MonitoringError:
        return dict.fromkeys((Window.day(day).start for day in days), "")
    model = str(deployment.model)
    return {
        Window.day(day).start: together([model, *(files.get(day, "") for files in listed)])
        for day in days
    }


def together(parts: Iterable[str]) -> str:
    """Return one short text for several, which is another when any of them is; empty if all are.

    >>> together(["", ""]), together(["a", "b"]) == together(["ab", ""])
    ('', False)
    """
    texts = list(parts)
    if not any(texts):
        return ""
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=8).hexdigest()
