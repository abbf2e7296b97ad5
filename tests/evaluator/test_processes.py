"""Evaluators as processes: killed at any moment, side by side, and on a database that fails."""

from __future__ import annotations

import logging
import multiprocessing
import os
import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from monitoring.commands.serve import serve
from monitoring.database.database import Database
from monitoring.database.migrate import HEAD
from monitoring.evaluator.rounds import Evaluator
from monitoring.metric import MetricResult
from monitoring.overview.state import PlaceState, fleet
from monitoring.results.incidents import IncidentBook
from monitoring.results.leases import this_process
from monitoring.results.rows import stored
from monitoring.results.standing import Stored

from .toys import BACK, DAY, HOUR, ID, NOW, Bench, Window, bench

#: Processes begin with what is imported already, so that a kill hits work and not the imports.
FORK = multiprocessing.get_context("fork")
KILLS = 50
#: Kills fall within so many seconds, in which a round is at all of its tasks.
WITHIN_SECONDS = 0.7
#: An evaluator that starts later reaches less far back: so many steps have any two of them kept.
TREND = 3
#: More than the threshold of the toys.
LOUD = "x" * 2000

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@pytest.fixture
def place(url: str, tmp_path: Path) -> Iterator[Bench]:
    """A workspace whose evaluators are processes, on both kinds of database in turn."""
    with bench(url, tmp_path / "small") as made:
        made.small.fill(Window(NOW - BACK - DAY / 2, NOW))
        with made.database.reading():  # makes the tables
            pass
        made.database.close()  # no connection goes over into a process
        yield made


def work(made: Bench, *, rounds: int = 1, until: Any = None) -> None:
    """What a process does: rounds of an evaluator of its own."""
    database = Database(made.url)
    if until is not None:
        until.wait()
    evaluator = made.evaluator(this_process(), database)
    for _ in range(rounds):
        serve(lambda: evaluator, threading.Event(), once=True)
    database.close()
    os._exit(0)


def started(made: Bench, **options: Any) -> Any:
    process = FORK.Process(target=work, args=(made,), kwargs=options)
    process.start()
    return process


def history(made: Bench) -> dict[tuple[int, int], list[Stored]]:
    """Every row that says something of a step, in the order in which they were written."""
    found: dict[tuple[int, int], list[Stored]] = {}
    with made.database.reading() as session:
        steps = {row[0]: row[1] for row in session.execute(text("SELECT id, step FROM series"))}
        for row in sorted(stored(session), key=lambda row: row.id):
            for start in row.starts(steps[row.series]):
                found.setdefault((row.series, start), []).append(row)
    return found


def repeated(made: Bench) -> list[tuple[int, int]]:
    """Steps that were stored again although nothing had changed."""

    def says(row: Stored) -> tuple[object, ...]:
        return row.fingerprint, row.version, row.in_force, row.complete

    return [
        step
        for step, rows in history(made).items()
        if any(says(a) == says(b) for a, b in pairwise(rows))
    ]


def kept(made: Bench) -> dict[object, MetricResult]:
    window = Window(NOW - BACK - DAY, made.clock.now + DAY)
    results = made.results.results(window)
    by_step = {(r.signal, str(r.place), r.window): r for r in results}
    assert len(by_step) == len(results)
    return by_step


def told(made: Bench) -> list[tuple[object, ...]]:
    """What the overview says of each place, with the trend of the newest steps."""

    def headlines(state: PlaceState) -> list[tuple[object, ...]]:
        return [
            (h.signal, h.status, h.since, h.as_of, h.open, h.trend[-TREND:])
            for h in state.headlines
        ]

    return sorted((str(state.place), headlines(state)) for state in fleet(made.snapshots))


def incidents(made: Bench) -> list[tuple[object, ...]]:
    book = IncidentBook(made.database, ID)
    found = book.list(Window(NOW - 9 * DAY, made.clock.now))
    return sorted((str(each.place), each.began, each.resolved is None) for each in found)


@pytest.mark.slow
def test_kill_9_at_any_moment_loses_nothing_and_stores_nothing_twice(
    place: Bench, tmp_path: Path
) -> None:
    chance = random.Random(2013)  # noqa: S311 - not a secret
    for n in range(KILLS):
        process = started(place)
        time.sleep(chance.uniform(0, WITHIN_SECONDS))
        process.kill()
        process.join()
        hour = place.clock.now
        place.small.fill(Window(hour, hour + HOUR))
        if n in range(20, 26):
            place.small.write("blue", hour, LOUD)
        place.clock.now += HOUR
    last = started(place)
    last.join()
    assert last.exitcode == 0
    with bench(f"sqlite:///{tmp_path / 'calm.sqlite'}", tmp_path / "calm") as calm:
        calm.small.folder, calm.clock = place.small.folder, place.clock
        calm.small.azure.files = place.small.azure.files
        calm.small.azure.settings.clock = place.clock
        calm.evaluator().round()
        expected, results = kept(calm), kept(place)
        assert {step: results[step] for step in expected} == expected
        assert told(place) == told(calm)
        assert incidents(place) == incidents(calm) != []
    assert repeated(place) == []
    assert all(row.complete for rows in history(place).values() for row in rows)


@pytest.mark.slow
def test_two_evaluators_share_the_work_and_do_each_step_once(place: Bench) -> None:
    together = FORK.Event()
    processes = [started(place, rounds=2, until=together) for _ in range(2)]
    together.set()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    counted = place.small.noted()
    assert set(counted.values()) == {1}
    assert repeated(place) == []
    place.evaluator().round()
    assert place.small.noted() == Counter()


def test_a_process_that_goes_on_tells_what_the_killed_one_did_not(place: Bench) -> None:
    """Killed between keeping results and telling of them: nothing is due, and yet it is told."""
    evaluator = place.evaluator("one")
    evaluator.publisher = _Mute()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        evaluator.round()
    assert fleet(place.snapshots) == ()
    place.small.noted()
    place.evaluator("two").round()
    assert all(step.length for step in place.small.noted())
    assert {str(state.place) for state in fleet(place.snapshots)} == {"credit/blue", "credit/green"}


class _Mute:
    """A publisher that the process does not live to use."""

    def touch(self, touches: object) -> None:
        list(touches)  # type: ignore[call-overload]

    def tell(self, *_: object) -> None:
        """What is told on the way is lost with the process."""

    def publish(self, *_: object) -> None:
        raise KeyboardInterrupt


class Between(threading.Event):
    """The pauses between rounds, in which things happen; it is set after the last."""

    def __init__(self, *acts: Callable[[], object]) -> None:
        super().__init__()
        self.acts = [*acts]

    def wait(self, timeout: float | None = None) -> bool:
        if self.acts:
            self.acts.pop(0)()
        else:
            self.set()
        return self.is_set()


def lock(file: Path) -> Callable[[], object]:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    return connection.close


def remove(file: Path) -> Callable[[], object]:
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()
    return lambda: None


def make_newer(file: Path) -> Callable[[], object]:
    def mark(revision: str) -> None:
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))

    mark("9999")
    return lambda: mark(HEAD)


@pytest.mark.parametrize("spoil", [lock, remove, make_newer], ids=["locked", "gone", "newer"])
def test_a_database_that_fails_costs_one_sentence_and_the_next_round_works(
    small: Bench,
    tmp_path: Path,
    spoil: Callable[[Path], Callable[[], object]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("monitoring.database.engine.BUSY_SECONDS", 0.2)
    monkeypatch.setattr("monitoring.database.database.LOOK_SECONDS", 0.0)
    file, mend = tmp_path / "kept.sqlite", []
    opened: list[Database] = []

    def make() -> Evaluator:
        opened.append(Database(small.url))
        return small.evaluator(this_process(), opened[-1])

    def repair() -> None:
        mend[0]()

    between = Between(lambda: mend.append(spoil(file)), repair, lambda: None)
    with caplog.at_level(logging.INFO, "leeway.evaluator"):
        serve(make, between, after_failure=0.0)
    for database in opened:
        database.close()
    rounds = [r.getMessage() for r in caplog.records if r.getMessage().startswith("a round")]
    failed = [message for message in rounds if "failed" in message]
    assert len(failed) == (spoil is not remove), rounds
    assert all("Hint:" in message and "\n" not in message for message in failed)
    assert "evaluated" in rounds[-1]
    assert len(kept(small)) > 100
