"""Health of every deployment."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ui.loaders import deployments, workspace

if TYPE_CHECKING:
    from monitoring.signals.fleet import Fleet
    from monitoring.window import Window
    from ui.loaders.workspace import Progress


def fleet(window: Window, progress: Progress) -> Fleet:
    """Return the health of every deployment over a window.

    Raises:
        SourceError: The workspace did not answer.
    """
    from monitoring.signals.fleet import fleet as measure  # noqa: PLC0415 - costs a second
    from monitoring.sources.logs import Logs  # noqa: PLC0415

    return workspace.shelf().get(
        ("fleet", window),
        lambda: measure(
            deployments.deployed(),
            Logs(workspace.azure()),
            window,
            taken=workspace.now(),
            progress=progress,
        ),
        fresh=timedelta(minutes=5),
    )
