"""One process at a task, another one once it is gone; never more at once than there are slots."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

import pytest

from monitoring.database.database import Database
from monitoring.errors import LeaseLost
from monitoring.results.leases import Lease, Leases, Round, Rounds, Slots, check
from monitoring.results.store import Results
from monitoring.window import Window

from .conftest import DAY, HOUR, MIDNIGHT, MINUTE, NOW, WORKSPACE, evaluation, hours

ROOT = Path(__file__).parents[2]
#: A process that takes a lease, adds an evaluation under it and stays.
HOLDER = """
import sys
from datetime import timedelta
from monitoring.database.database import Database
from monitoring.results.leases import Leases
from monitoring.results.store import Results
from tests.results.conftest import NOW, WORKSPACE, evaluation
database = Database(sys.argv[1])
lease = Leases(database).take("drift", "child", NOW, timedelta(minutes=1))
Results(database, WORKSPACE).add([evaluation()], lease)
print("holds", flush=True)
sys.stdin.read()
"""
#: A process that writes the evaluations of a day in batches, from the side it is told.
WRITER = """
import sys
from monitoring.database.database import Database
from monitoring.results.store import Results
from tests.results.conftest import WORKSPACE, evaluation, hours
results = Results(Database(sys.argv[1]), WORKSPACE)
each = [evaluation(hours(n, n + 1), n, signal=s) for s in ("a", "b", "c") for n in range(24)]
if sys.argv[2] == "back":
    each.reverse()
print(sum(results.add(each[n : n + 4]) for n in range(0, len(each), 4)))
"""
#: A process that takes and frees slots in three threads, and says when each had one.
WORKER = """
import sys, threading, time
from datetime import UTC, datetime, timedelta
from monitoring.database.database import Database
from monitoring.results.leases import Slots
slots, times = Slots(Database(sys.argv[1])), []
def work(holder):
    done = 0
    while done < 4:
        slot = slots.take("ana", holder, datetime.now(UTC), timedelta(minutes=5))
        if slot is None:
            time.sleep(0.002)
            continue
        taken = time.monotonic_ns()
        time.sleep(0.02)
        times.append((taken, time.monotonic_ns()))
        slots.release(slot)
        done += 1
threads = [threading.Thread(target=work, args=(f"{sys.argv[2]} {n}",)) for n in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for taken, freed in times:
    print(taken, freed)
"""


@pytest.fixture
def leases(database: Database) -> Leases:
    return Leases(database)


@contextmanager
def process(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", code, *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as started:
        yield started


def look(database: Database, lease: Lease) -> None:
    with database.writing() as session:
        check(session, lease)


def test_a_task_is_with_one_holder_until_its_lease_ends(leases: Leases, database: Database) -> None:
    first = leases.take("drift", "one", NOW, MINUTE)
    assert first is not None
    assert leases.take("drift", "two", NOW, MINUTE) is None
    assert leases.take("drift", "one", NOW, MINUTE) is None
    assert leases.take("quality", "two", NOW, MINUTE) is not None
    second = leases.take("drift", "two", first.until, MINUTE)
    assert second is not None
    assert (second.holder, second.term) == ("two", 2)
    with pytest.raises(LeaseLost, match="'drift' is no longer with 'one'"):
        look(database, first)
    leases.release(first)  # does not take it from the second
    assert leases.take("drift", "three", NOW + MINUTE, MINUTE) is None
    leases.release(second)
    assert leases.take("drift", "three", NOW + MINUTE, MINUTE) is not None


def test_a_lease_that_ended_is_still_its_holders_while_nobody_took_it(
    leases: Leases, database: Database
) -> None:
    lease = leases.take("drift", "one", NOW, MINUTE)
    assert lease is not None
    look(database, lease)


def test_an_old_lease_of_the_same_holder_is_no_new_one(leases: Leases, database: Database) -> None:
    old = leases.take("drift", "one", NOW, MINUTE)
    assert old is not None
    leases.release(old)
    assert leases.take("drift", "one", NOW, MINUTE) is not None
    with pytest.raises(LeaseLost):
        look(database, old)


def test_old_leases_are_removed(leases: Leases) -> None:
    leases.take("drift", "one", NOW, MINUTE)
    leases.take("quality", "one", NOW, DAY)
    assert leases.prune(NOW + HOUR) == 1
    assert leases.take("quality", "two", NOW + HOUR, MINUTE) is None


def test_the_task_of_a_killed_process_is_taken_over(url: str, database: Database) -> None:
    with process(HOLDER, url) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "holds\n", child.stderr and child.stderr.read()
        leases, results = Leases(database), Results(database, WORKSPACE)
        assert leases.take("drift", "heir", NOW, MINUTE) is None
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert leases.take("drift", "heir", NOW, MINUTE) is None  # until the lease ends
    lease = leases.take("drift", "heir", NOW + MINUTE, MINUTE)
    assert results.add([evaluation(), evaluation(hours(1, 2))], lease) == 1
    assert len(results.results(Window(MIDNIGHT, MIDNIGHT + DAY))) == 2


@pytest.mark.slow
def test_two_writers_of_the_same_store_each_evaluation_once(url: str, database: Database) -> None:
    with process(WRITER, url, "forth") as one, process(WRITER, url, "back") as other:
        ended = [each.communicate(timeout=120) for each in (one, other)]
    counts = [int(out or 0) for out, _ in ended]
    assert sum(counts) == 72, ended
    results = Results(database, WORKSPACE)
    assert len(results.results(Window(MIDNIGHT, MIDNIGHT + DAY))) == 72


@pytest.mark.slow
def test_never_more_than_five_slots_over_four_processes(url: str, database: Database) -> None:
    with database.reading():  # makes the tables, so that the processes begin at once
        pass
    with (
        process(WORKER, url, "1") as a,
        process(WORKER, url, "2") as b,
        process(WORKER, url, "3") as c,
        process(WORKER, url, "4") as d,
    ):
        ended = [each.communicate(timeout=120) for each in (a, b, c, d)]
    spans = [tuple(map(int, line.split())) for out, _ in ended for line in out.splitlines()]
    assert len(spans) == 4 * 3 * 4, ended
    moments = sorted(each for taken, freed in spans for each in ((taken, 1), (freed, -1)))
    held = list(accumulate(change for _, change in moments))
    assert 1 < max(held) <= 5


def test_slots_are_counted_by_identity_and_come_back(database: Database) -> None:
    slots = Slots(database, count=2)
    one, two = (slots.take("ana", "p", NOW, MINUTE) for _ in range(2))
    assert one is not None
    assert two is not None
    assert slots.take("ana", "p", NOW, MINUTE) is None
    assert slots.take("ben", "p", NOW, MINUTE) is not None
    slots.release(one)
    assert slots.take("ana", "q", NOW, HOUR) is not None
    assert slots.take("ana", "q", NOW + MINUTE, MINUTE) is not None  # the second has ended
    assert slots.take("ana", "q", NOW + MINUTE, MINUTE) is None


def test_the_last_round_says_whether_monitoring_is_stale(database: Database) -> None:
    rounds = Rounds(database, WORKSPACE)
    assert rounds.last() is None
    rounds.begin("one", NOW)
    assert rounds.last() == Round(holder="one", began=NOW, finished=None)
    rounds.finish("one", NOW + MINUTE)
    rounds.begin("two", NOW + HOUR)
    assert rounds.last() == Round(holder="one", began=NOW, finished=NOW + MINUTE)
    rounds.begin("one", NOW + HOUR)
    assert rounds.last() == Round(holder="one", began=NOW + HOUR, finished=NOW + MINUTE)
    assert Rounds(database, "/another").last() is None
