"""Health of every deployment."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from monitoring.errors import MonitoringError
from ui.loaders import database, deployments, workspace

if TYPE_CHECKING:
    from monitoring.decisions.stored import Decisions
    from monitoring.overview.fleet import Fleet
    from monitoring.window import Window
    from monitoring.workspace.endpoints import Deployment
    from monitoring.workspace.models import ModelVersion
    from ui.loaders.workspace import Progress


def fleet(window: Window, progress: Progress) -> Fleet:
    """Return the health of every deployment over a window.

    Raises:
        SourceError: The workspace did not answer.
    """
    from monitoring.overview.fleet import fleet as measure  # noqa: PLC0415 - costs a second
    from monitoring.sources.logs import Logs  # noqa: PLC0415

    decided = in_force()
    found = workspace.memory().get(
        ("fleet", window, tuple(decided.items())),
        lambda say: measure(
            deployments.deployed(),
            Logs(workspace.azure()),
            window,
            taken=workspace.now(),
            decided=decided,
            progress=say,
        ),
        fresh=timedelta(minutes=5),
        progress=progress,
    )
    if error := database.fault():
        missing = f"{error.message}: baselines and thresholds are the product's own. {error.hint}"
        found = replace(found, missing=" ".join(filter(None, (found.missing, missing))))
    return found


def in_force() -> dict[tuple[str, str], Decisions]:
    """Return what users have put in force for each deployment."""
    found = {}
    for endpoint in deployments.inventory():
        for each in endpoint.deployments:
            where = endpoint.name, each.name
            found[where] = database.decisions_or_default(*where, _model(each))
    return found


def _model(deployment: Deployment) -> ModelVersion | None:
    """Return the registered model of a deployment, None where Azure does not say; asked once.

    Each page run needs it, and a version does not change.
    """
    try:
        return workspace.memory().get(
            ("registered model", deployment.id, deployment.model),
            lambda _say: deployments.deployed().model(deployment),
            fresh=timedelta(minutes=5),
        )
    except MonitoringError:
        return None
