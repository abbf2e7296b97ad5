"""Laws that every fairness metric keeps, and what simulated models must and must not trigger."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import tukey_hsd

from monitoring.counting.totals.groups import Cut, Grouping, GroupOutcomes
from monitoring.counting.totals.outcomes import ClassOutcomes, NumberOutcomes, ScoreCells
from monitoring.errors import NotEnoughData
from monitoring.metrics.fairness import DISPARITIES, GROUP_METRICS, HEADLINE
from monitoring.metrics.fairness.conflicts import conflicts
from monitoring.metrics.fairness_metric import OneClass, share_of, without
from monitoring.signals.fairness import group_counts
from monitoring.signals.fairness import history as fairness_history
from monitoring.signals.fairness import report as fairness
from monitoring.statistics import spread
from monitoring.statistics.pooling import partially_pooled
from monitoring.window import Window

DAY = date(2026, 1, 5)
WINDOW = Window.day(DAY)
NAMES = ("a", "b", "c", "d", "e")
GROUPING = Grouping((Cut("group", values=NAMES),))
CLASSES = ("0", "1")


def outcomes(score: np.ndarray, predicted: np.ndarray, label: np.ndarray) -> ClassOutcomes:
    """Label 2 is one that is not known."""
    confusion = np.bincount(label * 2 + predicted, minlength=6).reshape(3, 2)
    cells = ScoreCells.of(score, predicted == 1, label.astype(np.int8))
    return ClassOutcomes(classes=CLASSES, confusion=confusion, scores={"1": cells})


def simulated(
    random: np.random.Generator, sizes: dict[str, int], shift: dict[str, float] | None = None
) -> dict[str, ClassOutcomes]:
    """Groups that are alike but for a shift of their scores; labels follow the scores."""
    found = {}
    for name, n in sizes.items():
        score = np.clip(random.beta(2, 4, n) + (shift or {}).get(name, 0.0), 0.0, 1.0)
        label = (random.random(n) < score).astype(int)
        found[name] = outcomes(score, (score > 0.4).astype(int), label)
    return found


def judged(groups: dict[str, ClassOutcomes], rule: fairness.Rule = fairness.DEFAULT):
    found = {(name,): each for name, each in groups.items()}
    return fairness.judge(
        group_counts.CountedGroups(
            "binary_classification", CLASSES, GROUPING, {DAY: GroupOutcomes(GROUPING, found)}
        ),
        WINDOW,
        rule,
    )


SIZES = dict(zip(NAMES, (4000, 1500, 400, 120, 60), strict=True))


@pytest.mark.slow
def test_a_fair_model_is_flagged_in_at_most_five_of_a_hundred() -> None:
    random = np.random.default_rng(7)
    runs = 200
    flagged = sum(bool(judged(simulated(random, SIZES)).breached) for _ in range(runs))
    assert flagged <= 0.05 * runs


def test_an_unfair_model_is_flagged_by_every_definition_that_its_gap_concerns() -> None:
    random = np.random.default_rng(8)
    report = judged(simulated(random, SIZES, {"b": 0.25}))
    breached = {result.metric for result in report.breached}
    assert {"selection_rate", "mean_score", "false_positive_rate"} <= breached
    assert {"demographic_parity_difference", "demographic_parity_ratio"} <= breached
    assert "calibration_gap" not in {
        r.metric for r in report.breached if r.subject == "group b"
    }  # its labels follow its scores
    (parity,) = [
        d for d in report.disparities if d.result.metric == "demographic_parity_difference"
    ]
    assert parity.ends[1] == "group b"


@pytest.mark.parametrize("least", [30, 200])
def test_there_is_no_verdict_below_the_least_size(least: int) -> None:
    random = np.random.default_rng(9)
    groups = simulated(random, {"a": 3000, "b": 25, "c": 150}, {"b": 0.6, "c": 0.6})
    report = judged(groups, fairness.Rule(least_rows=least))
    for result in report.results:
        if result.subject != fairness.ALL and result.rows < least:
            assert result.status == "not_enough_data", result
            assert result.adjusted_pvalue is None
            assert result.reason
    small = [r for r in report.results if r.subject == "group b"]
    assert {r.status for r in small} == {"not_enough_data"}
    # The smallest group has the largest gap; it must not be one of the ends.
    assert all("group b" not in each.ends for each in report.disparities)


def test_names_and_order_of_groups_do_not_matter() -> None:
    random = np.random.default_rng(10)
    groups = simulated(random, SIZES, {"c": 0.2})
    renamed = dict(zip(reversed(NAMES), groups.values(), strict=True))
    renamed = {name: renamed[name] for name in NAMES}
    one, two = judged(groups), judged(renamed)
    other = dict(zip(NAMES, reversed(NAMES), strict=True))
    here = {(r.metric, r.subject): r for r in one.results}
    there = {(r.metric, r.subject): r for r in two.results}
    for (metric, subject), result in here.items():
        if subject == fairness.ALL:
            twin = there[metric, subject]
            assert twin.value == pytest.approx(result.value)
            continue
        twin = there[metric, f"group {other[subject.removeprefix('group ')]}"]
        assert (twin.value, twin.rows, twin.status) == (result.value, result.rows, result.status)


def test_all_groups_alike_have_no_gap() -> None:
    same = simulated(np.random.default_rng(11), {"a": 500})["a"]
    report = judged({"a": same, "b": same, "c": same})
    assert not report.breached
    for each in report.disparities:
        assert each.result.value == pytest.approx(1.0 if each.result.worse == "lower" else 0.0)
        assert each.result.interval.low <= each.result.value <= each.result.interval.high


def test_one_group_alone_has_nothing_to_be_compared_with() -> None:
    report = judged(simulated(np.random.default_rng(12), {"a": 500}))
    assert {r.status for r in report.results} == {"not_enough_data"}
    assert all(r.reason for r in report.results)


def test_without_labels_only_what_needs_none_is_judged() -> None:
    random = np.random.default_rng(13)
    groups = {}
    for name in ("a", "b"):
        score = random.random(400)
        groups[name] = outcomes(score, (score > 0.5).astype(int), np.full(400, 2))
    report = judged(groups)
    judged_now = {r.metric for r in report.results if r.status == "ok"}
    assert judged_now == {
        "selection_rate", "mean_score", "demographic_parity_difference",
        "demographic_parity_ratio", "disparate_impact",
    }  # fmt: skip


def test_the_class_that_counts_as_positive_can_be_chosen() -> None:
    groups = simulated(np.random.default_rng(15), {"a": 900, "b": 900})
    one, two = judged(groups), judged(groups, fairness.Rule(positive="0"))
    for high, low in zip(one.groups["selection_rate"], two.groups["selection_rate"], strict=True):
        assert high.result.value == pytest.approx(1 - low.result.value)
    for here, there in zip(one.groups["mean_score"], two.groups["mean_score"], strict=True):
        assert here.result.value == pytest.approx(1 - there.result.value)
    for here, there in zip(
        one.groups["calibration_gap"], two.groups["calibration_gap"], strict=True
    ):
        assert here.result.value == pytest.approx(-there.result.value)


@pytest.mark.parametrize("metric", GROUP_METRICS.values(), ids=GROUP_METRICS)
def test_every_group_metric_refuses_what_it_cannot_measure(metric) -> None:
    empty = (
        NumberOutcomes(predictions=3, labelled=0)
        if "regression" in metric.tasks
        else OneClass(0, 0, 0, 0, 0, 0, 0)
    )
    with pytest.raises(NotEnoughData):
        metric.measure(empty)
    assert metric.asks.endswith(".")
    assert metric.needs


@pytest.mark.parametrize("metric", DISPARITIES.values(), ids=DISPARITIES)
def test_every_disparity_holds_its_value_in_its_interval_and_needs_two_groups(metric) -> None:
    random = np.random.default_rng(16)
    for k in (2, 3, 6):
        groups = [share_of(int(random.integers(1, 40)), 50 + 10 * i, "x", "rows") for i in range(k)]
        found = metric.measure([groups] * len(metric.compares), 0)
        assert found.interval.low <= found.value <= found.interval.high
        assert 0 <= found.pvalue <= 1
    with pytest.raises(NotEnoughData):
        metric.measure([groups[:1]] * len(metric.compares), 0)


def test_the_headline_of_each_task_is_a_metric_of_it() -> None:
    for task, name in HEADLINE.items():
        assert task in GROUP_METRICS[name].tasks


def test_the_interval_of_a_difference_is_tukeys() -> None:
    random = np.random.default_rng(17)
    samples = [random.normal(m, 1, 400) for m in (0.0, 0.3, 0.1)]
    groups = [
        fairness_mean(float(x.mean()), float(x.std(ddof=1) / math.sqrt(len(x)))) for x in samples
    ]
    found = spread.difference(groups, is_share=False)
    known = tukey_hsd(*samples)
    assert found.value == pytest.approx(np.abs(known.statistic).max())
    interval = known.confidence_interval()
    assert found.interval.low == pytest.approx(interval.low[1, 0], abs=0.02)
    assert found.interval.high == pytest.approx(interval.high[1, 0], abs=0.02)
    assert found.pvalue == pytest.approx(known.pvalue[1, 0], abs=0.005)


def fairness_mean(value: float, error: float):
    share = share_of(1, 2, "x", "rows")
    return replace(share, value=value, error=error)


@pytest.mark.parametrize("rates", [(0.3, 0.3), (0.3, 0.45, 0.35), (0.05, 0.1, 0.08, 0.02, 0.06)])
def test_intervals_of_disparities_hold_the_truth(rates: tuple[float, ...]) -> None:
    random = np.random.default_rng(18)
    sizes, runs = (900, 300, 120, 80, 60), 300
    truth, least = max(rates) - min(rates), min(rates) / max(rates)
    held = [0, 0]
    for _ in range(runs):
        groups = [
            share_of(int(random.binomial(n, p)), n, "x", "rows")
            for p, n in zip(rates, sizes, strict=False)
        ]
        gap, part = spread.difference(groups).interval, spread.ratio(groups).interval
        held[0] += gap.low <= truth <= gap.high
        held[1] += part.low <= least <= part.high
    assert min(held) >= 0.93 * runs


def test_pooling_brings_small_groups_closer_to_the_truth_and_leaves_large_ones() -> None:
    random = np.random.default_rng(19)
    raw = pooled = 0.0
    for _ in range(60):
        truth = random.normal(0.4, 0.05, 30)
        sizes = random.integers(10, 80, 30)
        groups = [
            share_of(int(random.binomial(n, p)), int(n), "x", "rows")
            for p, n in zip(truth, sizes, strict=True)
        ]
        raw += sum((g.value - p) ** 2 for g, p in zip(groups, truth, strict=True))
        found = partially_pooled(groups)
        pooled += sum((f.value - p) ** 2 for f, p in zip(found, truth, strict=True))
    assert pooled < 0.5 * raw
    large = [
        share_of(int(n * p), n, "x", "rows") for n, p in ((10**6, 0.2), (10**6, 0.3), (20, 0.9))
    ]
    one, two, small = partially_pooled(large)
    assert (one.value, two.value) == pytest.approx((0.2, 0.3), abs=1e-3)
    assert small.value < 0.9


def test_groups_that_differ_by_chance_alone_are_pooled_into_one() -> None:
    groups = [share_of(hits, 100, "x", "rows") for hits in (30, 31, 29, 30)]
    values = {round(each.value, 6) for each in partially_pooled(groups)}
    assert values == {0.3}


def test_others_are_all_but_the_group() -> None:
    a, b = (
        OneClass.of(each, "1")
        for each in simulated(np.random.default_rng(20), {"a": 300, "b": 200}).values()
    )
    whole = judged(simulated(np.random.default_rng(20), {"a": 300, "b": 200}))
    rest = without(OneClass(*(getattr(a, f) + getattr(b, f) for f in OneClass.__slots__)), b)
    assert (rest.true_positives, rest.selected, rest.right) == (
        a.true_positives, a.selected, a.right,
    )  # fmt: skip
    assert rest.gap.total == pytest.approx(a.gap.total)
    (_, second) = whole.groups["accuracy"]
    assert second.others == pytest.approx(a.right / a.labelled)


def test_a_week_is_the_sum_of_its_days(tmp_path: Path) -> None:
    random = np.random.default_rng(21)
    days = {
        date(2026, 1, d): GroupOutcomes(
            GROUPING, {(n,): o for n, o in simulated(random, {"a": 90, "b": 70}).items()}
        )
        for d in range(5, 12)
    }
    counted = group_counts.CountedGroups("binary_classification", CLASSES, GROUPING, days)
    week = Window(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 12, tzinfo=UTC))
    report = fairness.judge(counted, week)
    assert report.counts["a",].predictions == 7 * 90
    history = fairness_history.history(
        counted, GROUP_METRICS["selection_rate"], fairness_history.periods(week, 1)
    )
    points = history["a",]
    assert len(points) == 7
    assert sum(p.group.value * p.group.rows for p in points) == pytest.approx(
        report.groups["selection_rate"][0].result.value * 630
    )


def test_periods_end_with_the_window_and_touch_no_day_twice() -> None:
    window = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 17, 12, tzinfo=UTC))
    found = fairness_history.periods(window, 7)
    days = [day for period in found for day in period.days()]
    assert days == list(window.days())
    assert [len(period.days()) for period in found] == [3, 7, 7]


def test_conflicts_follow_from_base_rates() -> None:
    rare = OneClass(15, 10, 15, 260, 25, 275, 275)
    common = OneClass(100, 40, 50, 110, 140, 160, 210)
    found = conflicts({"a": rare, "b": common}, 30)
    assert found.pvalue < 1e-6
    assert "10.0% of labels in a, 50.0% in b" in found.sentences[0]
    assert any("cannot both hold" in sentence for sentence in found.sentences)
    perfect = OneClass(30, 0, 0, 270, 30, 270, 300), OneClass(150, 0, 0, 150, 150, 150, 300)
    said = conflicts(dict(zip("ab", perfect, strict=True)), 30).sentences
    assert len(said) == 2
    assert "only equal selection rates" in said[1]
    assert conflicts({"a": rare}, 30).pvalue is None
    # Chouldechova's identity, from which the sentence follows.
    for group in (rare, common):
        p = group.positives / group.labelled
        ppv = group.true_positives / (group.true_positives + group.false_positives)
        fnr, fpr = group.false_negatives / group.positives, group.false_positives / group.negatives
        assert fpr == pytest.approx(p / (1 - p) * (1 - ppv) / ppv * (1 - fnr))
