"""Workspaces, places and series by the numbers that stand for them in the tables."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitoring.database.result_tables import PlaceRow, SeriesRow, WorkspaceRow
from monitoring.place import Place

#: What a place is made of in its table.
PARTS = ("endpoint", "deployment", "cluster", "job")


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """A signal at a place on its grid."""

    place: Place
    signal: str
    step: timedelta

    @property
    def seconds(self) -> int:
        """The step in seconds."""
        return int(self.step.total_seconds())


def number(session: Session, row: Any, **columns: object) -> int | None:
    """Return the number of what these columns say; None where it has none yet."""
    same = [getattr(row, name) == value for name, value in columns.items()]
    known: int | None = session.scalar(select(row.id).where(*same))
    return known


def add_number(session: Session, row: Any, **columns: object) -> int:
    """Return the number of what these columns say, a new one if need be; the session is a writer's."""
    known = number(session, row, **columns)
    if known is not None:
        return known
    new = row(**columns)
    session.add(new)
    session.flush()
    return int(new.id)


def add_place(session: Session, workspace: int, place: Place) -> int:
    """Return the number of a place without its feature."""
    return add_number(
        session,
        PlaceRow,
        workspace=workspace,
        endpoint=place.endpoint,
        deployment=place.deployment,
        cluster=place.cluster,
        job=place.job,
    )


def add_series(session: Session, workspace: str, series: Series) -> int:
    """Return the number of a series of a workspace."""
    of = add_number(session, WorkspaceRow, resource_id=workspace)
    place = add_place(session, of, series.place)
    return add_number(session, SeriesRow, place=place, signal=series.signal, step=series.seconds)


def place_of(row: PlaceRow, workspace: str) -> Place:
    """Return the place of a row."""
    return Place(
        workspace=workspace,
        endpoint=row.endpoint,
        deployment=row.deployment,
        cluster=row.cluster,
        job=row.job,
    )


class SeriesNumbers:
    """The series of a workspace, read once: a number never means another series later."""

    def __init__(self, workspace: str) -> None:
        self._workspace = workspace
        self._by_signal: dict[str, dict[int, Series]] = {}
        self._last = 0
        self._guard = threading.Lock()

    def choose(
        self,
        session: Session,
        signals: Collection[str] | None = None,
        places: Collection[Place] | None = None,
        step: timedelta | None = None,
    ) -> Mapping[int, Series]:
        """Return the series of these signals, places and step by number; None is all.

        The session only reads: what a writer adds may be undone yet.
        """
        wholes = None if places is None else {place.whole for place in places}
        with self._guard:
            self._read_newer(session)
            names = self._by_signal.keys() if signals is None else signals
            return {
                n: series
                for name in names
                for n, series in self._by_signal.get(name, {}).items()
                if _is_among(series.place, wholes) and step in {None, series.step}
            }

    def _read_newer(self, session: Session) -> None:
        newer = (
            select(
                SeriesRow.id, SeriesRow.signal, SeriesRow.step,
                *(getattr(PlaceRow, name) for name in PARTS),
            )
            .join(PlaceRow, SeriesRow.place == PlaceRow.id)
            .join(WorkspaceRow, PlaceRow.workspace == WorkspaceRow.id)
            .where(WorkspaceRow.resource_id == self._workspace, SeriesRow.id > self._last)
        )  # fmt: skip
        for number_, signal, step, *parts in session.execute(newer):
            place = Place(workspace=self._workspace, **dict(zip(PARTS, parts, strict=True)))
            series = Series(place, signal, timedelta(seconds=step))
            self._by_signal.setdefault(signal, {})[number_] = series
            self._last = max(self._last, number_)


def _is_among(value: object, values: Collection[Any] | None) -> bool:
    return values is None or value in values
