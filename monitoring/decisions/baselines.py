"""Baselines that users make and switch between."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitoring.database.database import Database
from monitoring.database.tables import BaselineRow
from monitoring.decisions import changes
from monitoring.decisions.baseline_rule import BaselineRule, parse
from monitoring.decisions.names import checked
from monitoring.decisions.stored import Author, StoredBaseline
from monitoring.errors import InputError
from monitoring.place import Place


class Baselines:
    """The baselines of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, place: Place) -> tuple[StoredBaseline, ...]:
        """Return what can be chosen at a place, newest first: its own and those of its endpoint.

        Raises:
            SourceError: The database cannot be read.
        """
        with self._database.reading() as session:
            return _of(session, place)

    def active(self, place: Place, signal: str) -> StoredBaseline | None:
        """Return what is in force at a place; None for the default.

        Raises:
            SourceError: The database cannot be read.
        """
        with self._database.reading() as session:
            last = changes.active(session, "baseline", place, signal)
            if last is None or last.item is None:
                return None
            return next((b for b in _of(session, place) if b.id == last.item), None)

    def create(
        self,
        place: Place,
        name: str,
        rule: BaselineRule,
        *,
        author: Author,
        now: datetime,
        note: str = "",
        taken: Collection[str] = (),
    ) -> StoredBaseline:
        """Keep a baseline; under a name that is there already, it is that one's next version.

        Args:
            taken: Names that mean something else.

        Raises:
            InputError: The name cannot be used, or this version is no other than the last.
            SourceError: The database cannot be written to.
        """
        name = checked(name, taken)
        with self._database.writing() as session:
            found = _latest(session, place, name)
            name = found.name if found else name
            if found and parse(found.kind, found.parameters) == rule and found.note == note:
                raise InputError(f"{name!r} is exactly that already", hint="Change something.")
            row = BaselineRow(
                workspace=place.workspace,
                endpoint=place.endpoint,
                deployment=place.deployment,
                name=name,
                version=found.version + 1 if found else 1,
                kind=rule.kind,
                parameters=rule.parameters,
                note=note,
                **changes.signed(author, now),
            )
            changes.add_version(
                session, row, f"{name}: {rule}", found, place, "baseline",
                author=author, now=now, note=note,
            )  # fmt: skip
            return _stored(row, is_latest=True)

    def switch(
        self,
        place: Place,
        signal: str,
        chosen: StoredBaseline | None,
        *,
        seen: StoredBaseline | None,
        default: str,
        author: Author,
        now: datetime,
        note: str = "",
    ) -> None:
        """Put a baseline in force for one signal at one place; None for the default.

        Raises:
            InputError: Somebody else has switched meanwhile, or it is in force already.
            SourceError: The database cannot be written to.
        """
        with self._database.writing() as session:
            changes.switch(
                session,
                "baseline",
                place,
                signal,
                chosen,
                seen=seen,
                default=default,
                author=author,
                now=now,
                note=note,
            )


def _of(session: Session, place: Place) -> tuple[StoredBaseline, ...]:
    rows = session.scalars(
        select(BaselineRow)
        .where(
            BaselineRow.workspace == place.workspace,
            BaselineRow.endpoint == place.endpoint,
            BaselineRow.deployment.in_(("", place.deployment)),
        )
        .order_by(BaselineRow.id.desc())
    ).all()
    latest = {(row.deployment, row.name): row.id for row in reversed(rows)}
    return tuple(_stored(row, is_latest=latest[row.deployment, row.name] == row.id) for row in rows)


def _latest(session: Session, place: Place, name: str) -> BaselineRow | None:
    return session.scalars(
        select(BaselineRow)
        .where(
            BaselineRow.workspace == place.workspace,
            BaselineRow.endpoint == place.endpoint,
            BaselineRow.deployment == place.deployment,
            func.lower(BaselineRow.name) == name.lower(),
        )
        .order_by(BaselineRow.version.desc())
        .limit(1)
    ).first()


def _stored(row: BaselineRow, *, is_latest: bool) -> StoredBaseline:
    return StoredBaseline(
        id=row.id,
        place=Place(workspace=row.workspace, endpoint=row.endpoint, deployment=row.deployment),
        name=row.name,
        version=row.version,
        is_latest=is_latest,
        rule=parse(row.kind, row.parameters),
        note=row.note,
        created=row.created,
        author=Author(row.created_by, row.known_from),  # type: ignore[arg-type]  # written by us
    )
