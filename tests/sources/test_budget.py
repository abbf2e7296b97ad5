"""The query budget by itself: turns, equal questions, kept answers and back-off."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.errors import SourceError
from monitoring.sources import budget
from monitoring.sources.budget import BusyError, Keep, QueryBudget


@dataclass
class Hands:
    """A clock that moves by hand, and by what waits on it."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def hands() -> Hands:
    return Hands()


def made(hands: Hands, **options: int) -> QueryBudget:
    return QueryBudget(pause=hands.sleep, clock=hands, **options)


def busy(status: int, retry_after: float | None = None) -> BusyError:
    return BusyError("Cannot read 'x'", hint="Wait.", status=status, retry_after=retry_after)


def failing(*errors: Exception) -> Callable[[], str]:
    """Send that fails in these ways, and then answers."""
    left = list(errors)

    def send() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return send


def keep(seconds: float, size_bytes: int = 1) -> Callable[[object], Keep]:
    return lambda _: Keep(seconds, size_bytes)


# Kept answers


def test_an_answer_stands_until_its_time_is_over(hands: Hands) -> None:
    asked = made(hands)
    answers = iter("abc")
    ask = lambda: asked.answer("q", "q", lambda: next(answers), keep=keep(60))  # noqa: E731
    assert [ask(), ask()] == ["a", "a"]
    hands.now = 59.9
    assert ask() == "a"
    hands.now = 60.0
    assert [ask(), ask()] == ["b", "b"]
    assert (asked.usage().sent, asked.usage().cached) == (2, 3)


def test_an_answer_that_does_not_stand_is_not_kept(hands: Hands) -> None:
    asked = made(hands)
    for _ in range(2):
        asked.answer("q", "q", lambda: 1)
        asked.answer("big", "big", lambda: 1, keep=keep(60, budget.BYTES_KEPT))
    assert asked.usage().sent == 4
    assert (asked.usage().kept, asked.usage().kept_bytes) == (0, 0)


def test_an_error_is_not_kept(hands: Hands) -> None:
    asked, send = made(hands), failing(SourceError("no"))
    with pytest.raises(SourceError, match="no"):
        asked.answer("q", "q", send, keep=keep(60))
    assert asked.answer("q", "q", send, keep=keep(60)) == "answer"
    assert asked.usage().failed == 1


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, budget.BYTES_KEPT // 3)),
        min_size=1,
        max_size=60,
    )
)
@settings(max_examples=50, deadline=None)
def test_what_is_kept_is_bounded_and_its_weight_adds_up(asked: list[tuple[int, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budget, "ANSWERS_KEPT", 10)
        shared = QueryBudget(clock=lambda: 0.0)
        for question, size in asked:
            shared.answer(question, "q", lambda: size, keep=keep(60, size))  # noqa: B023 - called at once
        usage = shared.usage()
    assert usage.kept <= 10
    assert usage.kept_bytes <= budget.BYTES_KEPT
    stored = [shared._answers.get(question) for question in list(shared._answers)]
    assert usage.kept_bytes == sum(each.answer for each in stored)


def test_the_answer_unused_for_longest_makes_room(hands: Hands, monkeypatch) -> None:
    monkeypatch.setattr(budget, "ANSWERS_KEPT", 2)
    asked = made(hands)
    for question in ("a", "b", "a", "c"):
        asked.answer(question, "q", lambda: 1, keep=keep(60))
    assert set(asked._answers) == {"a", "c"}


# Back-off


def test_a_bare_refusal_is_tried_again_after_pauses_that_grow(hands: Hands) -> None:
    asked = made(hands)
    assert asked.answer("q", "q", failing(*[busy(429)] * 4)) == "answer"
    assert hands.slept == list(budget.PAUSES)
    assert sorted(hands.slept) == hands.slept
    assert sum(hands.slept) <= budget.PATIENCE
    usage = asked.usage()
    assert (usage.sent, usage.refused, usage.failed, usage.in_flight) == (5, 4, 0, 0)
    assert usage.waited_seconds == pytest.approx(sum(budget.PAUSES))


def test_the_last_refusal_reaches_the_reader(hands: Hands) -> None:
    with pytest.raises(BusyError):
        made(hands).answer("q", "q", failing(*[busy(502)] * 5))
    assert len(hands.slept) == len(budget.PAUSES)


def test_a_short_retry_after_is_obeyed(hands: Hands) -> None:
    assert made(hands).answer("q", "q", failing(busy(429, 7.0))) == "answer"
    assert hands.slept == [7.0]


def test_a_reader_waits_no_longer_than_patience_in_all(hands: Hands) -> None:
    with pytest.raises(BusyError):
        made(hands).answer("q", "q", failing(busy(429, 6.0), busy(429, 6.0)))
    assert hands.slept == [6.0]


@pytest.mark.parametrize("status", sorted(budget.THROTTLED))
def test_a_long_retry_after_stops_every_question_until_then(hands: Hands, status: int) -> None:
    asked = made(hands)
    with pytest.raises(BusyError):
        asked.answer("q", "q", failing(busy(status, 60.0)))
    hands.now = 45.0
    with pytest.raises(BusyError, match=rf"HTTP {status}.*in 15 s") as caught:
        asked.answer("other", "other", failing())
    assert caught.value.retry_after == 15.0
    assert asked.usage().closed_seconds == 15.0
    assert asked.usage().sent == 1
    hands.now = 60.0
    assert asked.answer("other", "other", failing()) == "answer"


def test_what_is_kept_is_answered_while_nobody_may_ask(hands: Hands) -> None:
    asked = made(hands)
    asked.answer("kept", "kept", lambda: "old", keep=keep(3600))
    with pytest.raises(BusyError):
        asked.answer("q", "q", failing(busy(429, 60.0)))
    assert asked.answer("kept", "kept", failing(SourceError("not asked"))) == "old"


def test_a_fault_of_one_question_does_not_stop_the_others(hands: Hands) -> None:
    asked = made(hands)
    with pytest.raises(BusyError):
        asked.answer("q", "q", failing(busy(500, 60.0)))
    assert asked.answer("other", "other", failing()) == "answer"


def test_no_retry_after_stops_the_app_for_hours(hands: Hands) -> None:
    asked = made(hands)
    with pytest.raises(BusyError):
        asked.answer("q", "q", failing(busy(429, 86_400.0)))
    assert asked.usage().closed_seconds == budget.LONGEST_BACK_OFF


def test_who_waits_a_moment_for_the_service_then_asks() -> None:
    asked = QueryBudget()
    opens = asked._closed_until = asked.clock() + 0.05
    assert asked.answer("q", "q", asked.clock) >= opens
    assert asked.usage().waited_seconds > 0


# Turns


def test_a_question_without_a_turn_says_why(monkeypatch) -> None:
    monkeypatch.setattr(budget, "SLOT_TIMEOUT", 0.05)
    asked, inside, leave = QueryBudget(slots=1), threading.Event(), threading.Event()

    def send() -> str:
        inside.set()
        assert leave.wait(30)
        return "late"

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(asked.answer, "q", "q", send)
        assert inside.wait(30)
        with pytest.raises(SourceError, match="1 other queries"):
            asked.answer("other", "other", failing())
        assert asked.usage().in_flight == 1
        leave.set()
        assert first.result() == "late"
    assert asked.usage().in_flight == asked.usage().waiting == 0


def test_fifty_threads_and_few_questions() -> None:
    """Counted inside `send`: never more than the slots; each question sent once while it stands."""
    asked, lock = QueryBudget(slots=5), threading.Lock()
    inside, most, sent = 0, 0, 0

    def send(question: int) -> int:
        nonlocal inside, most, sent
        with lock:
            inside, sent = inside + 1, sent + 1
            most = max(most, inside)
        threading.Event().wait(0.01)
        with lock:
            inside -= 1
        return question

    def session(_: int) -> list[int]:
        return [asked.answer(n, "q", lambda: send(n), keep=keep(600)) for n in range(12)]  # noqa: B023 - called at once

    with ThreadPoolExecutor(50) as pool:
        assert all(found == list(range(12)) for found in pool.map(session, range(50)))
    usage = asked.usage()
    assert sent == usage.sent == 12
    assert most <= 5
    assert usage.joined + usage.cached == 50 * 12 - 12
    assert (usage.in_flight, usage.waiting) == (0, 0)
