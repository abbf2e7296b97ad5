"""Results that all sessions share: computed once, fresh for a while, awaited with a moving bar."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from monitoring.kept.memory import Memory
from monitoring.progress import Progress

NOON = datetime(2026, 1, 8, 12, tzinfo=UTC)


class Clock:
    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(clock: Clock) -> Memory:
    return Memory(places=2, now=clock)


def test_a_result_is_kept_while_it_is_fresh(memory: Memory, clock: Clock) -> None:
    hour = timedelta(hours=1)
    first = memory.entry("a", lambda _say: "old", fresh=hour)
    clock.now += timedelta(minutes=59)
    assert memory.entry("a", lambda _say: "new", fresh=hour) is first
    clock.now += timedelta(minutes=1)
    again = memory.entry("a", lambda _say: "new", fresh=hour)
    assert (again.value, again.fetched) == ("new", NOON + hour)


def test_the_oldest_makes_room(memory: Memory) -> None:
    for name in ("a", "b", "c"):
        memory.get(name, lambda _say, name=name: name)
    assert memory.get("c", lambda _say: "again") == "c"
    assert memory.get("a", lambda _say: "again") == "again"


def test_what_fails_is_not_kept_and_frees_the_turn(memory: Memory) -> None:
    def fail(_say: Progress) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        memory.get("a", fail)
    assert memory.get("a", lambda _say: 1) == 1


def test_a_second_session_sees_the_firsts_progress_and_its_answer(memory: Memory) -> None:
    half, seen = threading.Event(), threading.Event()
    told: list[tuple[float, str]] = []

    def compute(say: Progress) -> str:
        say(0.5, "Half of it")
        half.set()
        assert seen.wait(30)
        return "done"

    def watch(share: float, text: str) -> None:
        told.append((share, text))
        seen.set()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(memory.get, "a", compute)
        assert half.wait(30)
        second = pool.submit(memory.get, "a", lambda _say: "computed twice", progress=watch)
        assert (first.result(30), second.result(30)) == ("done", "done")
    assert set(told) == {(0.5, "Half of it")}


def test_a_waiting_session_can_be_stopped_by_its_bar(memory: Memory) -> None:
    begun, end = threading.Event(), threading.Event()

    class Stopped(BaseException):
        pass

    def compute(say: Progress) -> str:
        say(0.1, "Begun")
        begun.set()
        assert end.wait(30)
        return "done"

    def stop(_share: float, _text: str) -> None:
        raise Stopped

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(memory.get, "a", compute)
        assert begun.wait(30)
        with pytest.raises(Stopped):
            memory.get("a", compute, progress=stop)
        end.set()
        assert first.result(30) == "done"
    assert memory.get("a", lambda _say: "again") == "done"
