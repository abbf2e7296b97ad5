"""The history of what was decided, and what is in force by it."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitoring.database.database import Database
from monitoring.database.tables import NAME, PERSON, BaselineRow, ChangeRow, ThresholdSetRow
from monitoring.decisions.stored import Action, Author, Change, Subject, Version
from monitoring.errors import InputError
from monitoring.place import Place

VersionRow: TypeAlias = BaselineRow | ThresholdSetRow
#: How many lines of the history are shown at once.
MOST_SHOWN = 200


class Changes:
    """The history of a workspace."""

    def __init__(self, database: Database, workspace: str) -> None:
        self._database = database
        self._workspace = workspace

    def all(self, place: Place | None = None) -> tuple[Change, ...]:
        """Return the latest changes, newest first: all, or those that concern a place.

        Raises:
            SourceError: The database cannot be read.
        """
        chosen = select(ChangeRow).where(ChangeRow.workspace == self._workspace)
        if place is not None:
            chosen = chosen.where(
                ChangeRow.endpoint.in_(("", place.endpoint)),
                ChangeRow.deployment.in_(("", place.deployment)),
            )
        with self._database.reading() as session:
            rows = session.scalars(chosen.order_by(ChangeRow.id.desc()).limit(MOST_SHOWN))
            return tuple(_change(row) for row in rows)


def active(session: Session, subject: Subject, place: Place, signal: str) -> ChangeRow | None:
    """Return the last switch at a place; None if there was none."""
    return session.scalars(
        select(ChangeRow)
        .where(
            ChangeRow.workspace == place.workspace,
            ChangeRow.endpoint == place.endpoint,
            ChangeRow.deployment == place.deployment,
            ChangeRow.signal == signal,
            ChangeRow.subject == subject,
            ChangeRow.action == "switched",
        )
        .order_by(ChangeRow.id.desc())
        .limit(1)
    ).first()


def switch(
    session: Session,
    subject: Subject,
    place: Place,
    signal: str,
    chosen: Version | None,
    *,
    seen: Version | None,
    default: str,
    author: Author,
    now: datetime,
    note: str = "",
) -> None:
    """Add a switch to the history; what it says is in force from then on.

    Args:
        default: Label of what is in force without any switch.

    Raises:
        InputError: Somebody else has switched meanwhile, or it is in force already.
    """
    last = active(session, subject, place, signal)
    current = last.item if last else None
    item = (chosen.id, chosen.label) if chosen else (None, default)
    if current != (seen.id if seen else None):
        raise InputError(
            f"{last.created_by if last else 'Somebody'} has meanwhile switched to"
            f" {last.what if last else default!r}",
            hint="Look at what is in force now, and switch again if you still want to.",
        )
    if current == item[0]:
        raise InputError(f"{item[1]!r} is in force already", hint="Choose another one.")
    session.add(
        row_of(
            place,
            subject,
            "switched",
            item,
            signal=signal,
            previous=(current, last.what if last else default),
            author=author,
            now=now,
            note=note,
        )
    )


def add_version(
    session: Session,
    row: VersionRow,
    label: str,
    before: VersionRow | None,
    place: Place,
    subject: Subject,
    *,
    author: Author,
    now: datetime,
    signal: str = "",
    note: str = "",
) -> None:
    """Add a version of something that users make, the first or the one after `before`, with its line."""
    session.add(row)
    session.flush()
    session.add(
        row_of(
            place,
            subject,
            "edited" if before else "created",
            (row.id, label),
            signal=signal,
            previous=(before.id, f"version {before.version}") if before else (None, ""),
            author=author,
            now=now,
            note=note,
        )
    )


def row_of(
    place: Place,
    subject: Subject,
    action: Action,
    item: tuple[int | None, str],
    *,
    author: Author,
    now: datetime,
    signal: str = "",
    previous: tuple[int | None, str] = (None, ""),
    note: str = "",
) -> ChangeRow:
    """Return a line of the history."""
    return ChangeRow(
        workspace=place.workspace,
        endpoint=place.endpoint,
        deployment=place.deployment,
        signal=signal,
        subject=subject,
        action=action,
        item=item[0],
        what=item[1][:NAME],
        previous=previous[0],
        before=previous[1][:NAME],
        note=note,
        **signed(author, now),
    )


def signed(author: Author, now: datetime) -> dict[str, object]:
    """Return who and when, as columns.

    Raises:
        InputError: Nobody is named.
    """
    name = " ".join(author.name.split())[:PERSON]
    if not name:
        raise InputError(
            "Cannot keep a change without a name", hint="Write your name beside the button."
        )
    return {"created": now, "created_by": name, "known_from": author.known_from}


def _change(row: ChangeRow) -> Change:
    place = Place(workspace=row.workspace, endpoint=row.endpoint, deployment=row.deployment)
    return Change(
        at=row.created,
        author=Author(row.created_by, row.known_from),  # type: ignore[arg-type]  # written by us
        subject=row.subject,  # type: ignore[arg-type]
        action=row.action,  # type: ignore[arg-type]
        place=str(place),
        signal=row.signal,
        what=row.what,
        before=row.before,
        note=row.note,
    )
