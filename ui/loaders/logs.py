"""Answers of Log Analytics, shared by all sessions: the budget of the app's identity keeps them."""

from __future__ import annotations

from monitoring.sources.budget import Usage
from monitoring.sources.logs import Answer, Logs
from monitoring.sources.query import Value
from monitoring.window import Window
from ui.loaders import workspace


def ask(name: str, window: Window, **values: Value) -> Answer:
    """Run `queries/<name>.kql` on a window; equal questions share an answer.

    Raises:
        UnknownTableError: The workspace has not got the table.
        BusyError: Log Analytics has to be left alone for longer than a reader waits.
    """
    return Logs(workspace.azure()).ask(name, window, **values)


def run(text: str, window: Window, *, most_rows: int = 10_000) -> Answer:
    """Run a reader's own KQL on a window; of a long result, the first rows.

    Raises:
        RefusedQueryError: The text cannot be run; `line` and `column` say where, if it is known.
        UnknownTableError: The workspace has not got the table.
        BusyError: Log Analytics has to be left alone for longer than a reader waits.
    """
    return Logs(workspace.azure()).run(text, window, most_rows=most_rows)


def usage() -> Usage | None:
    """Return what the budget of the app's identity is doing; None before there is a connection."""
    prepared = workspace.preparation()
    return prepared.azure.query_budget.usage() if prepared.azure else None
