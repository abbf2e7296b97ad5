"""Named sets of thresholds that users make and switch between."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitoring.database.database import Database
from monitoring.database.tables import ThresholdSetRow
from monitoring.decisions import changes
from monitoring.decisions.names import checked
from monitoring.decisions.stored import Author, ThresholdSet
from monitoring.errors import InputError
from monitoring.place import Place

#: What is in force where nobody has chosen.
DEFAULT = "The product's own thresholds"


class ThresholdSets:
    """The sets of thresholds of a workspace."""

    def __init__(self, database: Database, workspace: str) -> None:
        self._database = database
        self._workspace = workspace

    def of(self, signal: str) -> tuple[ThresholdSet, ...]:
        """Return the sets made for a signal, newest first.

        Raises:
            SourceError: The database cannot be read.
        """
        with self._database.reading() as session:
            return _of(session, self._workspace, signal)

    def active(self, place: Place, signal: str) -> ThresholdSet | None:
        """Return what is in force at a place; None for the product's own.

        Raises:
            SourceError: The database cannot be read.
        """
        with self._database.reading() as session:
            last = changes.active(session, "thresholds", place, signal)
            if last is None or last.item is None:
                return None
            found = _of(session, self._workspace, signal)
            return next((each for each in found if each.id == last.item), None)

    def create(
        self,
        signal: str,
        name: str,
        values: Mapping[str, float],
        *,
        author: Author,
        now: datetime,
        note: str = "",
    ) -> ThresholdSet:
        """Keep a set; under a name that is there already, it is that one's next version.

        Raises:
            InputError: The name or a value cannot be used, or this version is no other than the last.
            SourceError: The database cannot be written to.
        """
        name = checked(name, (DEFAULT,))
        _check(values)
        with self._database.writing() as session:
            found = _latest(session, self._workspace, signal, name)
            name = found.name if found else name
            if found and found.thresholds == dict(values) and found.note == note:
                raise InputError(f"{name!r} is exactly that already", hint="Change something.")
            row = ThresholdSetRow(
                workspace=self._workspace,
                signal=signal,
                name=name,
                version=found.version + 1 if found else 1,
                thresholds=dict(values),
                note=note,
                **changes.signed(author, now),
            )
            place = Place(workspace=self._workspace)
            changes.add_version(
                session, row, name, found, place, "thresholds",
                signal=signal, author=author, now=now, note=note,
            )  # fmt: skip
            return _stored(row, is_latest=True)

    def switch(
        self,
        place: Place,
        signal: str,
        chosen: ThresholdSet | None,
        *,
        seen: ThresholdSet | None,
        author: Author,
        now: datetime,
        note: str = "",
    ) -> None:
        """Put a set in force for one signal at one place; None for the product's own.

        Raises:
            InputError: Somebody else has switched meanwhile, or it is in force already.
            SourceError: The database cannot be written to.
        """
        with self._database.writing() as session:
            changes.switch(
                session,
                "thresholds",
                place,
                signal,
                chosen,
                seen=seen,
                default=DEFAULT,
                author=author,
                now=now,
                note=note,
            )


def _check(values: Mapping[str, float]) -> None:
    if bad := [(key, value) for key, value in values.items() if not math.isfinite(value)]:
        key, value = bad[0]
        raise InputError(f"Cannot set the threshold of {key!r} to {value}", hint="Give a number.")
    if not values:
        raise InputError("A set needs a threshold", hint="Set one, or use the product's own.")


def _of(session: Session, workspace: str, signal: str) -> tuple[ThresholdSet, ...]:
    rows = session.scalars(
        select(ThresholdSetRow)
        .where(ThresholdSetRow.workspace == workspace, ThresholdSetRow.signal == signal)
        .order_by(ThresholdSetRow.id.desc())
    ).all()
    latest = {row.name: row.id for row in reversed(rows)}
    return tuple(_stored(row, is_latest=latest[row.name] == row.id) for row in rows)


def _latest(session: Session, workspace: str, signal: str, name: str) -> ThresholdSetRow | None:
    return session.scalars(
        select(ThresholdSetRow)
        .where(
            ThresholdSetRow.workspace == workspace,
            ThresholdSetRow.signal == signal,
            func.lower(ThresholdSetRow.name) == name.lower(),
        )
        .order_by(ThresholdSetRow.version.desc())
        .limit(1)
    ).first()


def _stored(row: ThresholdSetRow, *, is_latest: bool) -> ThresholdSet:
    return ThresholdSet(
        id=row.id,
        workspace=row.workspace,
        signal=row.signal,
        name=row.name,
        version=row.version,
        is_latest=is_latest,
        thresholds=dict(row.thresholds),
        note=row.note,
        created=row.created,
        author=Author(row.created_by, row.known_from),  # type: ignore[arg-type]  # written by us
    )
