"""Who is at a task: one process at a time, and another one once the first is gone."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from monitoring.database.database import Database
from monitoring.database.result_tables import LeaseRow, RoundRow
from monitoring.errors import LeaseLost
from monitoring.results.standing import microseconds

#: Nothing is taken for longer: what ends later was taken before the clock was set back.
LONGEST = timedelta(days=1)
#: Longer than a query and its further attempts: three of 75 s, and what lies between them.
SLOT_TTL = timedelta(minutes=4)


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

    def release(self, lease: Lease) -> None:
        """Let the next one take the task; nothing if it has been taken already.

        Raises:
            SourceError: The database cannot be written to.
        """
        with self._database.writing() as session:
            session.execute(_own(lease).values(until=0, holder=""))

    def free(self, is_gone: Callable[[str], bool]) -> int:
        """Let others take the tasks of holders that are gone; returns how many.

        Raises:
            SourceError: The database cannot be written to.
        """
        with self._database.writing() as session:
            holders = session.scalars(select(LeaseRow.holder).distinct())
            gone = [holder for holder in holders if holder and is_gone(holder)]
            freed = update(LeaseRow).where(LeaseRow.holder.in_(gone)).values(until=0, holder="")
            return session.connection().execute(freed).rowcount

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


@dataclass(frozen=True, slots=True)
class SharedSlots:
    """The slots of one identity, as a process takes them one after another.

    holder: the name of this process. now: the time of day. ttl: longer than any use of a slot.
    """

    slots: Slots
    identity: str
    holder: str
    now: Callable[[], datetime]
    ttl: timedelta

    def __call__(self) -> Callable[[], None] | None:
        """Return what frees the slot that was taken, None while all are.

        Raises:
            SourceError: The database cannot be written to.
        """
        slot = self.slots.take(self.identity, self.holder, self.now(), self.ttl)
        return None if slot is None else partial(self.slots.release, slot)


def shared_slots(database: Database, identity: str, now: Callable[[], datetime]) -> SharedSlots:
    """Return the slots of an identity over all processes on a database, as this one takes them."""
    return SharedSlots(Slots(database), identity, this_process(), now, SLOT_TTL)


def this_process() -> str:
    """Return the name of this process as a holder of leases.

    >>> is_gone(this_process()), is_gone("another-host-1")
    (True, False)
    """
    return f"{socket.gethostname()}-{os.getpid()}"


def is_gone(holder: str) -> bool:
    """Whether a holder is a process of this host that has ended, or an earlier one of this name.

    A container that starts again has the host name and the process id that it had before.
    """
    host, _, number = holder.rpartition("-")
    if host != socket.gethostname() or not number.isdigit():
        return False
    if holder == this_process():
        return True
    try:
        with suppress(PermissionError):  # somebody else's, and so at work
            os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):
        return True
    return False


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

    def broken(self) -> datetime | None:
        """Return when the oldest round began that is not over; None if all are.

        Raises:
            SourceError: The database cannot be read.
        """
        over = RoundRow.finished.is_not(None) & (RoundRow.finished >= RoundRow.began)
        began = select(func.min(RoundRow.began)).where(RoundRow.workspace == self._workspace, ~over)
        with self._database.reading() as session:
            return session.scalar(began)

    def forget(self, before: datetime, is_gone: Callable[[str], bool], successor: str) -> int:
        """Forget the evaluators that are gone or silent, but for the one that goes on; returns how many.

        Raises:
            SourceError: The database cannot be written to.
        """
        of_workspace = select(RoundRow).where(RoundRow.workspace == self._workspace)
        with self._database.writing() as session:
            rows = session.scalars(of_workspace.where(RoundRow.holder != successor)).all()
            gone = [row for row in rows if row.began < before or is_gone(row.holder)]
            for row in gone:
                session.delete(row)
        return len(gone)

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
        where=or_(
            LeaseRow.until <= microseconds(now), LeaseRow.until > microseconds(now + LONGEST)
        ),
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
