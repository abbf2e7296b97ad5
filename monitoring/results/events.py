"""The events of a workspace, each once however often it is read from its source."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from monitoring.database.database import Database
from monitoring.database.result_tables import EventRow, WorkspaceRow
from monitoring.event import Event
from monitoring.results.numbers import add_number, number
from monitoring.results.payload import UnreadableError, seal, unseal
from monitoring.results.standing import microseconds
from monitoring.window import Window

FORMAT = 1
#: So that a statement's parameters stay below what databases take.
_BATCH = 10_000
_log = logging.getLogger(__name__)


class Events:
    """What happened in a workspace."""

    def __init__(self, database: Database, workspace: str) -> None:
        self._database = database
        self._workspace = workspace.lower()

    def add(self, events: Iterable[Event]) -> int:
        """Add the events that are new; returns how many.

        Raises:
            SourceError: The database cannot be written to.
        """
        contents = {_key(content): (event, content) for event, content in map(_encoded, events)}
        with self._database.writing() as session:
            workspace = add_number(session, WorkspaceRow, resource_id=self._workspace)
            known = _known(session, workspace, list(contents))
            new = [
                {
                    "workspace": workspace,
                    "key": key,
                    "time": microseconds(event.time),
                    "until": microseconds(max(event.time, event.end or event.time)),
                    "payload": seal(content, form=FORMAT),
                }
                for key, (event, content) in contents.items()
                if key not in known
            ]
            if new:
                session.execute(insert(EventRow).returning(EventRow.id), new)
        return len(new)

    def of(self, window: Window) -> tuple[Event, ...]:
        """Return the events that touch a window, in the order of time.

        Raises:
            SourceError: The database cannot be read.
        """
        with self._database.reading() as session:
            workspace = number(session, WorkspaceRow, resource_id=self._workspace)
            touching = (
                select(EventRow.id, EventRow.payload)
                .where(
                    EventRow.workspace == workspace,
                    EventRow.time < microseconds(window.end),
                    EventRow.until >= microseconds(window.start),
                )
                .order_by(EventRow.time, EventRow.id)
            )
            rows = session.execute(touching).all()
        return tuple(event for row in rows for event in _decoded(row.id, row.payload))

    def prune(self, before: datetime) -> int:
        """Remove the events that were over before a moment; returns how many.

        Raises:
            SourceError: The database cannot be written to.
        """
        with self._database.writing() as session:
            workspace = number(session, WorkspaceRow, resource_id=self._workspace)
            old = delete(EventRow).where(
                EventRow.workspace == workspace, EventRow.until < microseconds(before)
            )
            return session.connection().execute(old).rowcount


def _encoded(event: Event) -> tuple[Event, bytes]:
    return event, msgspec.msgpack.encode(event)


def _key(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _known(session: Session, workspace: int, keys: list[str]) -> set[str]:
    return {
        key
        for n in range(0, len(keys), _BATCH)
        for key in session.scalars(
            select(EventRow.key).where(
                EventRow.workspace == workspace, EventRow.key.in_(keys[n : n + _BATCH])
            )
        )
    }


def _decoded(row: int, payload: bytes) -> Iterator[Event]:
    try:
        yield msgspec.msgpack.decode(unseal(payload, form=FORMAT), type=Event)
    except (UnreadableError, msgspec.DecodeError):
        _log.warning("Event %s cannot be read and is left out", row)
