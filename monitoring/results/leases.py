"""Who is at a task: one process at a time, and another one once the first is gone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from monitoring.database.database import Database
from monitoring.database.result_tables import LeaseRow, RoundRow
from monitoring.errors import LeaseLost
from monitoring.results.standing import microseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A task in one hand. term: how often it had been taken, so that an old lease is no new one."""

    task: str
    holder: str
    term: int
    until: datetime


class Leases:
    """Tasks and who is at them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, task: str, holder: str, now: datetime, ttl: timedelta) -> Lease | None:
        """Return a lease, or None while another one has not expired.

        Raises:
            SourceError: The database cannot be written to.
        """
        with self._database.writing() as session:
            return _take(session, task, holder, now, ttl)

    def renew(self, lease: Lease, now: datetime, ttl: timedelta) -> Lease:
        """Return the lease with a later end; one that has expired too, if nobody has taken the task.

        Raises:
            LeaseLost: Somebody has.
            SourceError: The database cannot be written to.
        """
        renewed = replace(lease, until=now + ttl)
        with self._database.writing() as session:
            check(session, lease)
            session.execute(_own(lease).values(until=microseconds(renewed.until)))
        return renewed

    def release(self, lease: Lease) -> None:
        """Let the next one take the task; nothing if it has been taken already.

        Raises:
            SourceError: The database cannot be written to.
        """
        with self._database.writing() as session:
            session.execute(_own(lease).values(until=0, holder=""))

    def prune(self, before: datetime) -> int:
        """Remove what expired before a moment; returns how many."""
        with self._database.writing() as session:
            old = delete(LeaseRow).where(LeaseRow.until < microseconds(before))
            return session.connection().execute(old).rowcount


class Slots:
    """At most so many at once over all processes, such as queries in flight of an identity."""

    def __init__(self, database: Database, count: int = 5) -> None:
        self._database = database
        self._count = count

    def take(self, identity: str, holder: str, now: datetime, ttl: timedelta) -> Lease | None:
        """Return a slot, None while all are taken; one whose holder is gone is free after its ttl.

        Raises:
            SourceError: The database cannot be written to.
        """
        with self._database.writing() as session:
            for n in range(self._count):
                if lease := _take(session, f"slot {n} of {identity}", holder, now, ttl):
                    return lease
        return None

    def release(self, slot: Lease) -> None:
        """Free a slot.

        Raises:
            SourceError: The database cannot be written to.
        """
        Leases(self._database).release(slot)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The last round of an evaluator. finished: the end of its last whole round."""

    holder: str
    began: datetime
    finished: datetime | None


class Rounds:
    """The heartbeat of the evaluators of a workspace."""

    def __init__(self, database: Database, workspace: str) -> None:
        self._database = database
        self._workspace = workspace

    def begin(self, holder: str, now: datetime) -> None:
        """Say that a round begins.

        Raises:
            SourceError: The database cannot be written to.
        """
        self._write(holder, {"began": now}, {"began": now, "finished": None})

    def finish(self, holder: str, now: datetime) -> None:
        """Say that a round is over.

        Raises:
            SourceError: The database cannot be written to.
        """
        self._write(holder, {"finished": now}, {"began": now, "finished": now})

    def last(self) -> Round | None:
        """Return the round that ended last, else the one that began last; None if there was none.

        Raises:
            SourceError: The database cannot be read.
        """
        of_workspace = (
            select(RoundRow)
            .where(RoundRow.workspace == self._workspace)
            .order_by(RoundRow.finished.desc().nulls_last(), RoundRow.began.desc())
            .limit(1)
        )
        with self._database.reading() as session:
            row = session.scalar(of_workspace)
            if row is None:
                return None
            return Round(holder=row.holder, began=row.began, finished=row.finished)

    def _write(self, holder: str, change: dict[str, Any], new: dict[str, Any]) -> None:
        row = {"workspace": self._workspace, "holder": holder, **new}
        with self._database.writing() as session:
            upsert = (
                _insert(session, RoundRow)
                .values(**row)
                .on_conflict_do_update(index_elements=["workspace", "holder"], set_=change)
            )
            session.execute(upsert)


def check(session: Session, lease: Lease) -> None:
    """Make sure that a lease is still its holder's; in a writer's session nobody takes it meanwhile.

    Raises:
        LeaseLost: It is not.
    """
    held = select(LeaseRow.term).where(
        LeaseRow.task == lease.task, LeaseRow.holder == lease.holder, LeaseRow.term == lease.term
    )
    if session.scalar(held) is None:
        raise LeaseLost(
            f"{lease.task!r} is no longer with {lease.holder!r}",
            hint="Another process has taken it over and goes on with it.",
        )


def _take(session: Session, task: str, holder: str, now: datetime, ttl: timedelta) -> Lease | None:
    until = now + ttl
    new = _insert(session, LeaseRow).values(
        task=task, holder=holder, term=1, until=microseconds(until)
    )
    taken = new.on_conflict_do_update(
        index_elements=["task"],
        set_={"holder": holder, "term": LeaseRow.term + 1, "until": microseconds(until)},
        where=LeaseRow.until <= microseconds(now),
    ).returning(LeaseRow.term)
    term = session.execute(taken).scalar()
    return None if term is None else Lease(task=task, holder=holder, term=term, until=until)


def _own(lease: Lease) -> Any:
    return update(LeaseRow).where(
        LeaseRow.task == lease.task, LeaseRow.holder == lease.holder, LeaseRow.term == lease.term
    )


def _insert(session: Session, row: Any) -> Any:
    """Return an insertion that can give way to what is there: each dialect has its own."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(row)
