"""One verdict: made in one file, the same order of reasons and the same "since" everywhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from places import at

from monitoring import verdict
from monitoring.incidents import breach
from monitoring.metric import Interval
from monitoring.overview import objectives
from monitoring.report import headline
from monitoring.signal import Findings, Grid, Signal
from monitoring.signals.data_drift.back_testing import side
from monitoring.signals.traffic import judging as traffic
from monitoring.verdict import draft, judge
from monitoring.window import Window
from tests.incidents.judged import DAY, HOUR, START, steps

ROOT = Path(__file__).parents[2] / "monitoring"


def made_elsewhere(tree: ast.AST) -> Iterator[int]:
    """Lines that make a result, or that set the status of one."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        names = {keyword.arg for keyword in node.keywords}
        if name == "MetricResult" or (name == "replace" and "status" in names):
            yield node.lineno


def test_results_are_made_and_judged_in_one_file() -> None:
    #: These set the status of an event or of an objective.
    others = {"incidents/report.py", "overview/objectives.py"}
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in ROOT.rglob("*.py")
        if str(path.relative_to(ROOT)) not in {"verdict.py", "results/codec.py", *others}
        for line in made_elsewhere(ast.parse(path.read_text("utf-8")))
    }
    assert not found


@pytest.mark.parametrize(
    "source", ["MetricResult(1)", "metric.MetricResult()", "replace(r, status='ok')"]
)
def test_the_law_sees_what_it_forbids(source: str) -> None:
    assert list(made_elsewhere(ast.parse(source))) == [1]
    assert not list(made_elsewhere(ast.parse("replace(r, value=1.0)")))


RATE = draft(
    signal="s", metric="m", place=at("credit/blue"), threshold=0.1, value=0.2,
    interval=Interval(0.05, 0.4), noise_floor=0.3, adjusted_pvalue=0.5, pvalue=0.01,
)  # fmt: skip
ORDER: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"blind": ("error", "refused")}, "error", "refused"),
    ({"withheld": "the day is short"}, "not_enough_data", "the day is short"),
    ({"few": "3 rows, 30 needed"}, "not_enough_data", "3 rows, 30 needed"),
    ({"chance": "its own test says so"}, "ok", "beyond the threshold, but its own test says so"),
    ({"by": "interval"}, "ok", "beyond the threshold, but its interval reaches it"),
)


def test_the_first_reason_that_holds_is_given() -> None:
    options: dict[str, Any] = {}
    for more, status, reason in reversed(ORDER):
        options |= more
        result = judge(RATE, **options)
        assert (result.status, result.reason) == (status, reason)
    assert judge(replace(RATE, value=None), **{**options, "blind": None}).status == "no_data"
    assert "chance does as much" in judge(RATE).reason
    assert "not significant" in judge(replace(RATE, noise_floor=None)).reason
    assert judge(replace(RATE, noise_floor=0.1, adjusted_pvalue=0.04)).status == "breached"


@pytest.mark.parametrize("worse", ["higher", "lower"])
def test_a_value_equal_to_its_threshold_is_not_beyond_it(worse: Any) -> None:
    equal = draft(signal="s", metric="m", place=at("a"), threshold=0.1, value=0.1, worse=worse)
    assert judge(equal).status == "ok"
    past = 0.1000001 if worse == "higher" else 0.0999999
    assert judge(replace(equal, value=past)).status == "breached"


#: Two bad hours, a day of silence, two bad hours.
GAP = "obb" + 24 * "." + "bb"


SIGNAL = Signal(
    name="traffic", title="Traffic", question="Do requests succeed?", respect="infrastructure",
    family="service", gravity=0, scope="workspace", grids=(Grid(HOUR, HOUR),), needs=frozenset(),
    compared="objectives", page="pages/traffic.py", metrics={}, suspects={}, lanes=(),
    breach="requests fail", evaluate=lambda _: Findings(),
)  # fmt: skip


def traffic_of(letters: str) -> list[traffic.Step]:
    return [
        traffic.Step(
            Window(START + n * HOUR, START + (n + 1) * HOUR), 100, 50 * (letter == "b"), 9.0
        )
        for n, letter in enumerate(letters)
        if letter != "."
    ]


def test_everything_says_the_same_since_after_a_day_of_silence() -> None:
    place, taken = at("credit/blue"), START + len(GAP) * HOUR
    window, began = Window(START, taken), START + 27 * HOUR
    own = traffic_of(GAP)
    history = [traffic.error_rate(place, s.window, s.requests, s.faults) for s in own]
    (first, second) = breach.found(history, taken)
    assert (first.start, first.end) == (START + HOUR, START + 3 * HOUR)
    assert (second.start, second.end) == (began, None)
    assert verdict.since(history) == began
    assert objectives.error_rate(place, own, window).since == began
    assert headline(SIGNAL, place, history, window, taken).since == began


def test_a_back_test_and_the_incidents_say_the_same_of_days() -> None:
    days = steps("obb......bb", signal="data_drift", metric="m", step=DAY)
    breaches = breach.found(days)
    ours = side(
        "rule",
        {r.window.start.date(): [replace(r, place=at("credit/blue/x"))] for r in days if r.window},
    )
    assert [each.first for each in ours.breaches] == [b.start.date() for b in breaches]
    assert len(breaches) == 2
