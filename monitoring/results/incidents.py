"""Incidents as they were known at each time: a revision whenever a reader would see a change."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased

from monitoring.database.database import Database
from monitoring.database.result_tables import IncidentRow, PlaceRow, WorkspaceRow
from monitoring.errors import InputError
from monitoring.incident import Incident, Suspect
from monitoring.place import Place
from monitoring.results.json_records import plain, read
from monitoring.results.numbers import add_number, add_place, place_of
from monitoring.results.payload import UnreadableError, seal, unseal
from monitoring.severity import SEVERITIES, Severity
from monitoring.window import Window

FORMAT = 1
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """An incident as of a moment, in short.

    id, revision: which incident, and its number among the revisions of it, from 1. at: since when it
    was known so. severity: now; worst: of all its revisions. resolved: None while it is open.
    withdrawn: late data have shown that it was none. signals: that breached, worst first.
    """

    id: str
    revision: int
    at: datetime
    place: Place
    title: str
    severity: Severity
    worst: Severity
    began: datetime
    fired: datetime
    resolved: datetime | None
    withdrawn: bool
    signals: tuple[str, ...]
    affected: str
    affected_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredIncident:
    """A revision with all that was known then. word: why it was withdrawn, where somebody said."""

    revision: Revision
    incident: Incident
    suspects: tuple[Suspect, ...]
    word: str = ""


class IncidentBook:
    """The incidents of a workspace. Revisions are only ever added."""

    def __init__(self, database: Database, workspace: str) -> None:
        self._database = database
        self._workspace = workspace.lower()

    def record(
        self,
        incidents: Iterable[Incident],
        now: datetime,
        suspects: Mapping[str, Sequence[Suspect]] | None = None,
    ) -> tuple[Revision, ...]:
        """Add a revision of each incident that is new or of which a reader sees something else.

        Args:
            suspects: Of each incident, by its id.

        Raises:
            SourceError: The database cannot be written to.
        """
        stories = {each.id: (each, tuple((suspects or {}).get(each.id, ()))) for each in incidents}
        with self._database.writing() as session:
            workspace = add_number(session, WorkspaceRow, resource_id=self._workspace)
            last = _last(session, workspace, stories)
            rows = []
            for incident, ranked in stories.values():
                visible = _visible(incident, ranked)
                before = last.get(incident.id)
                if before is None or before.visible != visible:
                    place = replace(incident.place.whole, workspace=self._workspace)
                    number = add_place(session, workspace, place)
                    row = _next(before, incident, at=now, workspace=workspace, place=number)
                    row.visible, row.payload = visible, _packed(incident, ranked)
                    rows.append((row, place))
            session.add_all(row for row, _ in rows)
            return tuple(_revision(row, place) for row, place in rows)

    def withdraw(
        self, ids: Iterable[str], now: datetime, words: Mapping[str, str] | None = None
    ) -> tuple[Revision, ...]:
        """Add a revision that says that these were no incidents, as late data have shown.

        Args:
            ids: Of incidents; those that are withdrawn already stay as they are.
            words: Why, by id: a sentence for people.

        Raises:
            InputError: There is no such incident.
            SourceError: The database cannot be written to.
        """
        known = [self.get(each) for each in dict.fromkeys(ids)]
        with self._database.writing() as session:
            workspace = add_number(session, WorkspaceRow, resource_id=self._workspace)
            last = _last(session, workspace, [each.incident.id for each in known])
            rows = []
            for each in known:
                before = last[each.incident.id]
                if not before.withdrawn:
                    row = _next(
                        before, each.incident, at=now, workspace=workspace, place=before.place
                    )
                    word = (words or {}).get(each.incident.id, "")
                    row.payload = _packed(each.incident, each.suspects, word)
                    row.visible, row.withdrawn = "", True
                    rows.append((row, each.revision.place))
            session.add_all(row for row, _ in rows)
            return tuple(_revision(row, place) for row, place in rows)

    def list(
        self, window: Window, *, places: Collection[Place] | None = None
    ) -> tuple[Revision, ...]:
        """Return what was open in a window: first what still is, then by severity, then the newest.

        Raises:
            SourceError: The database cannot be read.
        """
        wholes = None if places is None else {place.whole for place in places}
        with self._database.reading() as session:
            rows = session.execute(self._within(window))
            revisions = [_revision(row, place_of(place, self._workspace)) for row, place in rows]
        revisions.sort(key=_urgency)
        return tuple(each for each in revisions if wholes is None or each.place in wholes)

    def count(self) -> int:
        """Return how many revisions there are: more of them whenever a reader would see a change.

        Raises:
            SourceError: The database cannot be read.
        """
        every = (
            select(func.count())
            .select_from(IncidentRow)
            .join(WorkspaceRow, IncidentRow.workspace == WorkspaceRow.id)
            .where(WorkspaceRow.resource_id == self._workspace)
        )
        with self._database.reading() as session:
            return session.scalar(every) or 0

    def stories(
        self, window: Window, *, places: Collection[Place] | None = None
    ) -> tuple[StoredIncident, ...]:
        """Return what was open in a window with all that is known of it, in the order of `list`.

        Raises:
            SourceError: The database cannot be read.
        """
        wholes = None if places is None else {place.whole for place in places}
        with self._database.reading() as session:
            stored = [
                each
                for row, place in session.execute(self._within(window))
                for each in _stored(row, place_of(place, self._workspace))
                if wholes is None or each.revision.place in wholes
            ]
        return tuple(sorted(stored, key=lambda each: _urgency(each.revision)))

    def _within(self, window: Window) -> Select[IncidentRow, PlaceRow]:
        """Select the newest revision of what was open in a window, newest incident first."""
        return (
            self._joined()
            .where(
                _is_newest(),
                IncidentRow.began < window.end,
                IncidentRow.resolved.is_(None) | (IncidentRow.resolved > window.start),
                IncidentRow.withdrawn.is_(False),
            )
            .order_by(IncidentRow.began.desc(), IncidentRow.id)
        )

    def get(self, incident: str, revision: int | None = None) -> StoredIncident:
        """Return an incident as it is now, or as it was in an earlier revision.

        Raises:
            InputError: There is none, or it cannot be read.
            SourceError: The database cannot be read.
        """
        stored = [
            each for each in self.revisions(incident) if revision in {None, each.revision.revision}
        ]
        if not stored:
            raise InputError(
                f"There is no revision {revision} of the incident {incident!r}",
                hint="Open its newest one.",
            )
        return stored[-1]

    def revisions(self, incident: str) -> tuple[StoredIncident, ...]:
        """Return how an incident has been known, oldest first.

        Raises:
            InputError: There is none, or none can be read.
            SourceError: The database cannot be read.
        """
        every = self._joined().where(IncidentRow.incident == incident)
        with self._database.reading() as session:
            stored = tuple(
                each
                for row, place in session.execute(every.order_by(IncidentRow.revision))
                for each in _stored(row, place_of(place, self._workspace))
            )
        if not stored:
            raise InputError(
                f"There is no incident {incident!r} in this workspace",
                hint="Look for it in the list of incidents.",
            )
        return stored

    def _joined(self) -> Select[IncidentRow, PlaceRow]:
        return (
            select(IncidentRow, PlaceRow)
            .join(PlaceRow, IncidentRow.place == PlaceRow.id)
            .join(WorkspaceRow, IncidentRow.workspace == WorkspaceRow.id)
            .where(WorkspaceRow.resource_id == self._workspace)
        )


def _last(session: Session, workspace: int, ids: Iterable[str]) -> dict[str, IncidentRow]:
    newest = select(IncidentRow).where(
        IncidentRow.workspace == workspace, IncidentRow.incident.in_(ids), _is_newest()
    )
    return {row.incident: row for row in session.scalars(newest)}


def _is_newest() -> ColumnElement[bool]:
    newer = aliased(IncidentRow)
    last = select(func.max(newer.revision)).where(
        newer.workspace == IncidentRow.workspace, newer.incident == IncidentRow.incident
    )
    return IncidentRow.revision == last.correlate(IncidentRow).scalar_subquery()


def _next(before: IncidentRow | None, incident: Incident, **columns: Any) -> IncidentRow:
    worst = [incident.severity, *([before.worst] if before else [])]
    return IncidentRow(
        incident=incident.id,
        revision=before.revision + 1 if before else 1,
        title=incident.title,
        severity=incident.severity,
        worst=min(worst, key=SEVERITIES.index),
        began=incident.began,
        fired=incident.fired,
        resolved=incident.resolved,
        withdrawn=False,
        signals=" ".join(incident.signals),
        affected=incident.affected,
        affected_share=incident.affected_share,
        **columns,
    )


def _visible(incident: Incident, suspects: Iterable[Suspect]) -> str:
    """Return a digest of what a reader sees, numbers as exactly as they are shown."""
    share, breaches = incident.affected_share, incident.breaches
    seen = (
        (incident.title, incident.severity, incident.affected, share and round(share, 2)),
        [incident.began, incident.fired, incident.resolved],
        [
            (b.signal, b.metric, str(b.place), b.start, b.end, _shown(b.worst.value))
            for b in breaches
        ],
        [(event.time, event.title) for event in incident.events],
        [(suspect.title, suspect.time) for suspect in suspects],
    )
    text = json.dumps(plain(seen), ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _packed(incident: Incident, suspects: Sequence[Suspect], word: str = "") -> bytes:
    record = {"incident": plain(incident), "suspects": plain(suspects), "word": word}
    return seal(json.dumps(record, ensure_ascii=False).encode(), form=FORMAT)


def _stored(row: IncidentRow, place: Place) -> tuple[StoredIncident, ...]:
    try:
        record = json.loads(unseal(row.payload, form=FORMAT))
        return (
            StoredIncident(
                revision=_revision(row, place),
                incident=read(Incident, record["incident"]),
                suspects=tuple(read(Suspect, each) for each in record["suspects"]),
                word=str(record.get("word", "")),
            ),
        )
    except (UnreadableError, InputError, ValueError, LookupError):
        _log.warning("Revision %s of incident %s cannot be read", row.revision, row.incident)
        return ()


def _revision(row: IncidentRow, place: Place) -> Revision:
    return Revision(
        id=row.incident,
        revision=row.revision,
        at=row.at,
        place=place,
        title=row.title,
        severity=row.severity,  # type: ignore[arg-type]  # written by us
        worst=row.worst,  # type: ignore[arg-type]
        began=row.began,
        fired=row.fired,
        resolved=row.resolved,
        withdrawn=row.withdrawn,
        signals=tuple(row.signals.split()),
        affected=row.affected,
        affected_share=row.affected_share,
    )


def _urgency(revision: Revision) -> tuple[bool, int]:
    return revision.resolved is not None, SEVERITIES.index(revision.severity)
