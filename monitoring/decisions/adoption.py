"""Decisions of before workspaces had their full resource id."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from monitoring.database.append_only import protect, unprotect
from monitoring.database.database import Database
from monitoring.database.tables import BaselineRow, BenchmarkRow, ChangeRow, ThresholdSetRow

_log = logging.getLogger(__name__)
_ROWS: tuple[Any, ...] = (BaselineRow, ThresholdSetRow, BenchmarkRow, ChangeRow)


def adopt(database: Database, short_name: str, resource_id: str) -> int:
    """Put what was decided under a workspace's short name under its resource id; returns how many rows.

    At the start rather than in a migration, since only the settings know the id. Endpoints and
    deployments get lower case, as places have them. Of two workspaces with one name in a database the
    first to start adopts: the name alone does not say whose they are.

    Raises:
        SourceError: The database cannot be written to.
    """
    resource_id = resource_id.lower()
    with database.reading() as session:
        rows = _count(session, short_name)
        has_own = _count(session, resource_id) > 0
    if rows and has_own:
        _log.warning("Decisions of %r stay unread: %s has its own", short_name, resource_id)
    if not rows or has_own:
        return 0
    with database.writing() as session:
        rows = _count(session, short_name)
        dialect = session.get_bind().dialect.name
        for row in _ROWS:
            _run(session, unprotect(row.__tablename__, dialect))
            session.execute(_adoption(row, short_name, resource_id))
            _run(session, protect(row.__tablename__, dialect))
        return rows


def _count(session: Session, workspace: str) -> int:
    return sum(
        session.scalar(select(func.count()).select_from(row).where(row.workspace == workspace)) or 0
        for row in _ROWS
    )


def _adoption(row: Any, short_name: str, resource_id: str) -> Any:
    columns = [row.__table__.c[n] for n in ("endpoint", "deployment") if n in row.__table__.c]
    lower = {column.name: func.lower(column) for column in columns}
    return update(row).where(row.workspace == short_name).values(workspace=resource_id, **lower)


def _run(session: Session, statements: Iterable[str]) -> None:
    for statement in statements:
        session.execute(text(statement))
