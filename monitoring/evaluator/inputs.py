"""The state of the input of a step: what makes it due again when files or labels come late."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from monitoring.errors import MonitoringError
from monitoring.evaluator.plan import HOUR, States
from monitoring.signal import Need
from monitoring.sources.deployed import INPUTS, OUTPUTS, Deployed
from monitoring.window import DAY, Window
from monitoring.workspace.endpoints import Deployment

#: What a signal needs -> the collection whose files it reads.
KINDS: Mapping[Need, str] = {"collected inputs": INPUTS, "predictions": OUTPUTS}
FILES: frozenset[Need] = frozenset({*KINDS, "labels"})


def states(
    deployed: Deployed,
    deployment: Deployment,
    needs: Collection[Need],
    window: Window,
    step: timedelta,
) -> States | None:
    """Return the states of the files that are needed over a window; None if none are.

    The served model is part of them: another version is another question. Steps shorter than a day
    rest on the files of their hours, so that an hour that is written leaves the others alone.
    """
    kinds = [kind for need, kind in KINDS.items() if need in needs]
    if not kinds:
        return None
    unit = DAY if step >= DAY else HOUR
    try:
        listed = [_of_files(deployed, deployment, kind, window, unit) for kind in kinds]
        if "labels" in needs:
            listed.append(_of_labels(deployed, deployment, window))
    except MonitoringError:
        return States({}, unit, known=False)
    return States(dict(_merged(str(deployment.model), listed, window, unit)), unit)


def _merged(
    model: str, listed: Sequence[States], window: Window, unit: timedelta
) -> Iterator[tuple[datetime, str]]:
    """Yield the state of each unit of time of the days of a window."""
    for day in window.days():
        for each in Window.day(day).split(unit):
            yield each.start, together([model, *(states.of(each.start) for states in listed)])


def _of_files(
    deployed: Deployed, deployment: Deployment, kind: str, window: Window, unit: timedelta
) -> States:
    where = deployment.endpoint, deployment.name, kind
    if unit < DAY:
        whole = Window(Window.day(window.start.date()).start, window.end)
        return States(deployed.collected.hour_states(*where, whole), unit)
    days = deployed.collected.states(*where, window)
    return States({Window.day(day).start: state for day, state in days.items()})


def _of_labels(deployed: Deployed, deployment: Deployment, window: Window) -> States:
    path = deployed.labels_path(deployed.model(deployment))
    days = deployed.collected.label_states(path, window) if path else {}
    return States({Window.day(day).start: state for day, state in days.items()})


def together(parts: Iterable[str]) -> str:
    """Return one short text for several, which is another when any of them is; empty if all are.

    >>> together(["", ""]), together(["a", "b"]) == together(["ab", ""])
    ('', False)
    """
    texts = list(parts)
    if not any(texts):
        return ""
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=8).hexdigest()
