"""What a page shows as of the last round, whole and ready."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from monitoring.database.database import Database
from monitoring.database.result_tables import SnapshotRow
from monitoring.results.payload import UnreadableError, seal, unseal

FORMAT = 1  # not compressed: read by every visitor, and replaced instead of added to
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Content under a name. revision: how often it has been put."""

    name: str
    content: bytes
    taken: datetime
    revision: int


class Snapshots:
    """The snapshots of a workspace."""

    def __init__(self, database: Database, workspace: str) -> None:
        self._database = database
        self._workspace = workspace.lower()

    def put(self, name: str, content: bytes, taken: datetime) -> Snapshot:
        """Put content in the place of what was under this name.

        Raises:
            SourceError: The database cannot be written to.
        """
        with self._database.writing() as session:
            revision = self._put(session, name, content, taken)
        return Snapshot(name=name, content=content, taken=taken, revision=revision)

    def change(
        self, name: str, change: Callable[[bytes | None], Mapping[str, bytes]], taken: datetime
    ) -> None:
        """Put contents that are made from what is under a name; nobody else writes meanwhile.

        Args:
            change: Gets what is there, None if there is nothing that can be read, and returns
                contents by name.

        Raises:
            SourceError: The database cannot be written to.
        """
        with self._database.writing() as session:
            row = session.get(SnapshotRow, (self._workspace, name))
            contents = change(_content(name, row.content) if row else None)
            for each, content in contents.items():
                self._put(session, each, content, taken)

    def _put(self, session: Session, name: str, content: bytes, taken: datetime) -> int:
        row = session.get(SnapshotRow, (self._workspace, name))
        if row is None:
            row = SnapshotRow(workspace=self._workspace, name=name, revision=0)
            session.add(row)
        row.revision += 1
        row.taken, row.content = taken, seal(content, form=FORMAT, level=0)
        return row.revision

    def mark(self, prefix: str) -> tuple[int, int, int]:
        """Return what is another as soon as any snapshot whose name begins so is put: one row, however many.

        Raises:
            SourceError: The database cannot be read.
        """
        sums = select(func.count(), func.coalesce(func.sum(SnapshotRow.revision), 0))
        with self._database.reading() as session:
            count, revisions = session.execute(sums.where(*self._begins(prefix))).one()
            return self._database.generation, int(count), int(revisions)

    def under(
        self, prefix: str, known: Mapping[str, Snapshot] | None = None
    ) -> tuple[Snapshot, ...]:
        """Return the snapshots whose names begin so, by name; those that cannot be read are left out.

        Args:
            known: Snapshots by name as they were: of those that are still so, nothing is read.

        Raises:
            SourceError: The database cannot be read.
        """
        known = known or {}
        names = select(SnapshotRow.name, SnapshotRow.revision).where(*self._begins(prefix))
        chosen = select(
            SnapshotRow.name, SnapshotRow.content, SnapshotRow.taken, SnapshotRow.revision
        ).where(*self._begins(prefix))
        with self._database.reading() as session:
            if known:
                same = [n for n, revision in session.execute(names) if _is(known.get(n), revision)]
                chosen = chosen.where(SnapshotRow.name.not_in(same))
                known = {name: known[name] for name in same}
            rows = session.execute(chosen).all()
        read = {
            name: Snapshot(name=name, content=whole, taken=taken, revision=revision)
            for name, content, taken, revision in rows
            if (whole := _content(name, content)) is not None
        }
        return tuple(each for _, each in sorted({**known, **read}.items()))

    def _begins(self, prefix: str) -> tuple[ColumnElement[bool], ...]:
        return (
            SnapshotRow.workspace == self._workspace,
            SnapshotRow.name >= prefix,
            SnapshotRow.name < prefix[:-1] + chr(ord(prefix[-1]) + 1),
        )

    def get(self, name: str) -> Snapshot | None:
        """Return what is under a name; None if there is nothing, or nothing that can be read.

        Raises:
            SourceError: The database cannot be read.
        """
        with self._database.reading() as session:
            row = session.get(SnapshotRow, (self._workspace, name))
            if row is None:
                return None
            content = _content(name, row.content)
            if content is None:
                return None
            return Snapshot(name=name, content=content, taken=row.taken, revision=row.revision)


def _is(known: Snapshot | None, revision: int) -> bool:
    return known is not None and known.revision == revision


def _content(name: str, sealed: bytes) -> bytes | None:
    try:
        return unseal(sealed, form=FORMAT)
    except UnreadableError:
        _log.warning("Snapshot %r cannot be read", name)
        return None
