"""Two of three steps open a breach and close it; silence does neither, unless it lasts."""

from __future__ import annotations

import random

import pytest
from judged import DAY, HOUR, START, steps

from monitoring.incidents.breach import found, of_series


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ("ooooo", []),
        ("oboo", []),  # one of three is chance
        ("obb", [(1, None, 3)]),
        ("obob", [(1, None, 4)]),  # two of three, with a good one between them
        ("bboo", [(0, 2, 2)]),  # two good ones of three close it, at its last bad step
        ("bbobo", [(0, 4, 2)]),
        ("bb.b", [(0, None, 2)]),  # no data neither opens nor closes
        ("b.b", [(0, None, 3)]),
        ("b....................b", []),  # too long apart to be one story
        ("bb....................oo", [(0, 2, 2)]),  # nobody is hit any more that we know of
        ("bbffbboo", [(0, 6, 2)]),
        ("bboobb", [(0, 2, 2), (4, None, 6)]),
    ],
)
def test_hysteresis(letters: str, expected: list[tuple[int, int | None, int]]) -> None:
    breaches = of_series(steps(letters))
    hours = [
        (
            (b.start - START) // HOUR,
            None if b.end is None else (b.end - START) // HOUR,
            (b.fired - START) // HOUR,
        )
        for b in breaches
    ]
    assert hours == expected


def test_a_state_is_certain_at_once() -> None:
    (breach,) = of_series(steps("ob", signal="configuration"))
    assert breach.fired == START + 2 * HOUR


def test_a_state_that_was_not_looked_at_for_days_lasts() -> None:
    first = steps("b", signal="configuration")
    later = steps("b", signal="configuration", start=START + 9 * DAY)
    (breach,) = of_series([*first, *later])
    assert (breach.start, breach.end) == (START, None)


def test_the_order_of_results_does_not_matter_and_nothing_counts_twice() -> None:
    results = steps("obboob") + steps("bbb", metric="latency_p95") + steps("bb", subject="a/b")
    shuffled = [*results, *results]
    random.Random(3).shuffle(shuffled)  # noqa: S311 - a test
    assert found(shuffled) == found(results)


def test_a_breach_does_not_know_the_future() -> None:
    whole = steps("obbobbooobb")
    for known in range(len(whole)):
        earlier = {(b.start, b.fired) for b in found(whole[:known])}
        assert earlier <= {(b.start, b.fired) for b in found(whole)}


def test_what_nobody_measures_any_more_is_over_and_late_labels_are_not() -> None:
    hours = steps("bb")
    assert found(hours, START + 10 * HOUR)[0].end is None
    assert found(hours, START + 20 * HOUR)[0].end == START + 2 * HOUR
    days = steps("bb", signal="model_performance", step=DAY)
    assert found(days, START + 20 * DAY)[0].end is None


def test_the_worst_step_stands_for_the_breach() -> None:
    results = [*steps("b", value=0.3), *steps("b", value=0.9, start=START + HOUR)]
    (breach,) = of_series(results)
    assert breach.worst.value == 0.9
