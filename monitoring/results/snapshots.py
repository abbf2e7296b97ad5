"""What a page shows as of the last round, whole and ready."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from monitoring.database.database import Database
from monitoring.database.result_tables import SnapshotRow
from monitoring.results.payload import UnreadableError, seal, unseal

FORMAT = 1
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
            row = session.get(SnapshotRow, (self._workspace, name))
            revision = row.revision + 1 if row else 1
            session.merge(
                SnapshotRow(
                    workspace=self._workspace,
                    name=name,
                    revision=revision,
                    taken=taken,
                    content=seal(content, form=FORMAT),
                )
            )
        return Snapshot(name=name, content=content, taken=taken, revision=revision)

    def under(self, prefix: str) -> tuple[Snapshot, ...]:
        """Return the snapshots whose names begin so, by name; those that cannot be read are left out.

        Raises:
            SourceError: The database cannot be read.
        """
        chosen = (
            select(SnapshotRow.name, SnapshotRow.content, SnapshotRow.taken, SnapshotRow.revision)
            .where(
                SnapshotRow.workspace == self._workspace,
                SnapshotRow.name >= prefix,
                SnapshotRow.name < prefix[:-1] + chr(ord(prefix[-1]) + 1),
            )
            .order_by(SnapshotRow.name)
        )
        with self._database.reading() as session:
            rows = session.execute(chosen).all()
        found = []
        for name, content, taken, revision in rows:
            try:
                whole = unseal(content, form=FORMAT)
            except UnreadableError:
                _log.warning("Snapshot %r cannot be read", name)
                continue
            found.append(Snapshot(name=name, content=whole, taken=taken, revision=revision))
        return tuple(found)

    def get(self, name: str) -> Snapshot | None:
        """Return what is under a name; None if there is nothing, or nothing that can be read.

        Raises:
            SourceError: The database cannot be read.
        """
        with self._database.reading() as session:
            row = session.get(SnapshotRow, (self._workspace, name))
            if row is None:
                return None
            try:
                content = unseal(row.content, form=FORMAT)
            except UnreadableError:
                _log.warning("Snapshot %r cannot be read", name)
                return None
            return Snapshot(name=name, content=content, taken=row.taken, revision=row.revision)
