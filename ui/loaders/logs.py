"""Answers of Log Analytics, shared by all sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ui.loaders import workspace

if TYPE_CHECKING:
    from monitoring.sources.logs import Answer
    from monitoring.sources.query import Value
    from monitoring.window import Window


def ask(name: str, window: Window, **values: Value) -> Answer:
    """Run `queries/<name>.kql` on a window; equal questions share an answer.

    Raises:
        UnknownTableError: The workspace has not got the table.
        NotPermittedError: The identity may not read the workspace.
        SourceError: Log Analytics did not answer.
    """
    from monitoring.sources.logs import Logs  # noqa: PLC0415 - costs a second

    return Logs(workspace.azure()).ask(name, window, **values)
