"""What would vanish and what would appear, counted over days whose verdicts are known."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from monitoring.metric import MetricResult, Status
from monitoring.metrics.drift import HEADLINE
from monitoring.place import Place
from monitoring.signals.data_drift.back_testing import Breach, KnownIncident, Side, back_test, side
from monitoring.window import Window

FIRST = date(2026, 11, 1)
LETTERS: dict[str, Status] = {"b": "breached", "o": "ok", ".": "no_data", "?": "not_enough_data"}


def day(n: int) -> date:
    return FIRST + timedelta(days=n)


def daily(**histories: str) -> dict[date, list[MetricResult]]:
    """daily(temp="oobb") -> results of four days."""
    length = max(map(len, histories.values()))
    return {
        day(n): [
            MetricResult(
                signal="data_drift", metric=HEADLINE["numerical"], kind="numerical", place=Place(feature=name),
                status=LETTERS[text[n]], threshold=0.2, window=Window.day(day(n)),
            )
            for name, text in histories.items()
            if n < len(text)
        ]
        for n in range(length)
    }  # fmt: skip


def dates(*numbers: int) -> tuple[date, ...]:
    return tuple(day(n) for n in numbers)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ("oooo", []),
        ("obo", []),
        ("obb", [(1, 2)]),
        ("bobo", [(0, 1, 2)]),
        ("obbooo", [(1, 2)]),
        ("obb.bo", [(1, 2, 4, 5)]),  # a blind day neither opens nor closes
        ("obbooobbb", [(1, 2), (6, 7, 8)]),
        ("....", []),
        ("b?b", [(0, 2)]),
    ],
)
def test_a_breach_lasts_from_its_first_breached_day_to_its_last(history, expected) -> None:
    found = side("rule", daily(temp=history))
    assert [each.dates for each in found.breaches] == [dates(*days) for days in expected]


def test_another_metric_than_the_deciding_one_changes_nothing() -> None:
    results = daily(temp="bbb")
    other = {
        at: [*each, *(MetricResult(
            signal="data_drift", metric="hellinger_distance", kind="numerical", place=Place(feature="temp"),
            status="ok", threshold=0.1, window=r.window,
        ) for r in each)]
        for at, each in results.items()
    }  # fmt: skip
    assert side("x", other).breaches == side("x", results).breaches


def test_days_with_and_without_a_verdict_are_counted() -> None:
    found = side("rule", daily(temp="ob.", wind="o??"))
    assert (found.judged, found.blind) == (3, 3)


def test_what_vanishes_and_what_appears() -> None:
    now = side("training", daily(temp="bbbbbbbb", wind="obbooooo", hour="oooobbbb"))
    then = side(
        "weekdays", daily(temp="ooooobbb", wind="oooooooo", hour="oooooooo", carrier="obbb")
    )
    result = back_test(now, then)
    assert [each.feature for each in result.gone] == ["wind", "hour"]
    assert [each.feature for each in result.new] == ["carrier"]
    assert [each.feature for each in result.kept] == ["temp"]
    assert result.sentence().startswith("2 of 3 past breaches would vanish, 1 would appear.")
    assert "No incident is known" in result.sentence()


def test_the_same_rule_changes_nothing() -> None:
    one = side("x", daily(temp="obbbb", wind="bbooo"))
    result = back_test(one, one)
    assert (result.gone, result.new, result.lost) == ((), (), ())
    assert len(result.kept) == len(one.breaches)


def test_swapping_the_sides_swaps_what_vanishes_and_appears() -> None:
    one, two = side("a", daily(temp="obbbb")), side("b", daily(wind="bbooo"))
    there, back = back_test(one, two), back_test(two, one)
    assert (there.gone, there.new) == (back.new, back.gone)


UNITS = KnownIncident("units", day(4), day(5), frozenset({"temp"}))


def test_a_feature_that_is_always_red_shows_no_incident() -> None:
    red = side("training", daily(temp="bbbbbbbbb"))
    calm = side("weekdays", daily(temp="oooobbbbo"))
    assert red.found([UNITS]) == ()
    assert calm.found([UNITS]) == (UNITS,)
    assert red.days_outside([UNITS]) == 5  # days 0 to 3, and 8
    assert calm.days_outside([UNITS]) == 1  # the last day: one good day ends nothing
    lost = back_test(calm, red, [UNITS], is_known=True)
    assert lost.lost == (UNITS,)
    assert "of 1 known incidents 0 would set off a breach instead of 1" in lost.sentence()


def test_an_incident_explains_its_own_features_and_days_only() -> None:
    assert UNITS.sets_off(Breach(dates(5, 6), "temp"))
    assert UNITS.sets_off(Breach(dates(7), "temp"))  # two of three days had to breach
    assert not UNITS.sets_off(Breach(dates(8), "temp"))
    assert not UNITS.sets_off(Breach(dates(3, 4, 5), "temp"))
    assert not UNITS.sets_off(Breach(dates(5), "wind"))
    assert KnownIncident("all", day(4), day(5)).sets_off(Breach(dates(5), "wind"))


def test_without_incidents_in_these_days_it_says_so() -> None:
    result = back_test(Side("a", (), 1, 0), Side("b", (), 1, 0), (), is_known=True)
    assert result.sentence().endswith("None of these days lies in a known incident.")
