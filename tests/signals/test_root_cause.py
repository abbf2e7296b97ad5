"""A change laid on parts and features: it adds up, names the true cause, and says what it cannot know."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic_changes import (
    FEATURES,
    Case,
    acceptance,
    broken,
    cases,
    outcome,
)

from monitoring.counting.rows import Labels, Rows
from monitoring.errors import NotEnoughData
from monitoring.explain.root_cause import RootCause
from monitoring.methods.root_cause.attribution import PARTS, Attribution, attribute
from monitoring.methods.root_cause.levels import Encoded, Levels, encode, levels_of
from monitoring.methods.root_cause.loss import LOSSES, loss_for
from monitoring.methods.root_cause.support import support
from monitoring.methods.root_cause.tilting import OneHot, tilt


@pytest.fixture(scope="module")
def outcomes():
    return acceptance()


@pytest.mark.slow
def test_the_true_feature_comes_first(outcomes) -> None:
    assert len(cases()) >= 40
    assert {each.feature for each in cases()} == set(FEATURES)
    first = sum(each.rank == 1 for each in outcomes)
    missed = [str(each.case) for each in outcomes if each.rank > 1]
    assert first / len(outcomes) >= 0.9, missed


@pytest.mark.slow
def test_the_part_is_told_too(outcomes) -> None:
    # Where a shift leaves the reference behind, unexplained is the right answer.
    told = [each for each in outcomes if each.attribution.outside_share < 0.2]
    assert len(told) > 80
    assert sum(each.is_right_part for each in told) / len(told) >= 0.9


@pytest.mark.slow
def test_parts_and_features_sum_to_the_change(outcomes) -> None:
    for each in (*(o.attribution for o in outcomes), *broken().values()):
        change = each.change.value
        assert change == pytest.approx(each.loss - each.reference_loss, abs=1e-9)
        assert sum(s.value for s in each.parts.values()) == pytest.approx(change, abs=1e-9)
        by_feature = sum(s.value for f in each.features for s in f.parts.values())
        assert by_feature + each.alike.value == pytest.approx(change, abs=1e-9)
        for part in PARTS:
            own = sum(f.parts[part].value for f in each.features)
            own += each.alike.value if part == "relation" else 0.0
            assert own == pytest.approx(each.parts[part].value, abs=1e-9)


@pytest.mark.parametrize("name", ["beyond the range", "new category", "never together"])
def test_what_has_no_counterpart_is_unexplained_and_dominates(name: str) -> None:
    found = broken()[name]
    sizes = {part: abs(share.value) for part, share in found.parts.items()}
    assert sizes["unexplained"] > 0.5 * sum(sizes.values())
    assert found.outside_share > 0.5
    feature = {"new category": "carrier"}.get(name, "temp")
    top = {each.feature for each in found.features[:2]}
    assert feature in top


def test_without_a_change_little_is_laid_on_anything() -> None:
    case = Case("temp", "mix", 0.0, "error")
    found = outcome(case, replicates=100).attribution
    for part in ("mix", "relation"):
        interval = found.parts[part].interval
        assert interval.low <= 0 <= interval.high, part
    assert found.places == ()
    assert found.outside_share < 0.01


@pytest.mark.slow
def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """The truth is the mean over many draws of many rows; 40 intervals of 95 % hold it 33 times or more."""
    case = Case("wait", "relation", 1.5, "error")
    draws = [outcome(case, rows=8000, seed=500 + s).attribution for s in range(12)]
    intervals = [
        outcome(case, rows=2000, seed=seed, replicates=60).attribution.parts for seed in range(40)
    ]
    for part in ("mix", "relation"):
        truth = np.mean([each.parts[part].value for each in draws])
        held = sum(p[part].interval.low <= truth <= p[part].interval.high for p in intervals)
        assert held >= 33, part


def test_the_same_seed_gives_the_same_intervals() -> None:
    one, two = (outcome(cases()[0], replicates=20).attribution for _ in range(2))
    assert one.parts == two.parts


def test_weights_give_the_reference_the_shares_of_the_window() -> None:
    random = np.random.default_rng(3)
    reference = OneHot(random.integers(0, 3, (4000, 2)), (3, 3))
    window = np.array([0.5, 0.3, 0.2, 0.2, 0.3, 0.5])
    weights = tilt(reference, window, 4000).weights
    assert weights.mean() == pytest.approx(1)
    assert reference.sums(weights) / 4000 == pytest.approx(window, abs=0.005)


def test_weights_are_those_of_a_domain_classifier() -> None:
    """With independent features the odds of a logistic regression on the levels are the same weights."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    random = np.random.default_rng(4)
    one = random.integers(0, 3, (20_000, 2))
    two = np.column_stack(
        [random.choice(3, 20_000, p=[0.2, 0.3, 0.5]), random.integers(0, 3, 20_000)]
    )
    shares = OneHot(two, (3, 3)).sums() / 20_000
    weights = tilt(OneHot(one, (3, 3)), shares, 20_000).weights
    hot = lambda rows: np.hstack([np.eye(3)[rows[:, 0]], np.eye(3)[rows[:, 1]]])  # noqa: E731
    model = LogisticRegression(C=1e3).fit(
        np.vstack([hot(one), hot(two)]), np.repeat([0, 1], 20_000)
    )
    odds = np.exp(model.decision_function(hot(one)))
    assert np.corrcoef(weights, odds)[0, 1] > 0.999


def test_rows_of_a_rare_level_are_kept_while_there_are_rows_like_them() -> None:
    random = np.random.default_rng(5)
    reference = OneHot((random.random((5000, 1)) < 0.05).astype(int), (2,))
    window = OneHot((random.random((5000, 1)) < 0.6).astype(int), (2,))
    assert support(reference, window).share == 0
    bare = OneHot((random.random((5000, 1)) < 0.0005).astype(int), (2,))
    assert support(bare, window).share == pytest.approx(0.6, abs=0.03)


def test_a_change_of_unit_between_known_values_has_no_counterpart() -> None:
    """Kilometres lie between the miles that were seen: in range, and yet never so before."""
    random = np.random.default_rng(6)
    miles = random.choice(np.arange(100.0, 2500.0, 7.0), 4000)
    noise = random.normal(size=4000)
    one = Rows.of({"distance": miles, "noise": noise})
    two = Rows.of({"distance": np.round(miles * 1.609344), "noise": random.normal(size=4000)})
    levels = levels_of(one, two, close=True)
    assert levels[0].known is not None
    assert levels[1].known is None  # values of a continuous feature are always new
    loss = random.random(4000)
    found = attribute(
        encode(one, loss, levels), encode(two, loss + 1, levels), levels, replicates=0
    )
    assert found.features[0].feature == "distance"
    assert found.outside_share > 0.8


def test_missing_values_are_a_part_of_their_own() -> None:
    random = np.random.default_rng(8)
    n = 6000
    sides = []
    for share in (0.05, 0.4):
        null = random.random(n) < share
        rows = Rows.of(
            {"temp": np.where(null, np.nan, random.normal(size=n)), "other": random.normal(size=n)}
        )
        sides.append((rows, (random.random(n) < np.where(null, 0.5, 0.1)).astype(float)))
    levels = levels_of(sides[0][0], sides[1][0])
    one, two = (encode(rows, loss, levels) for rows, loss in sides)
    found = attribute(one, two, levels, replicates=0)
    assert found.features[0].feature == "temp"
    assert found.parts["missing"].value == pytest.approx(found.change.value, abs=0.03)
    assert found.features[0].levels[0][0] == "temp is (missing)"


def test_too_few_labels_are_refused() -> None:
    levels = (Levels("x", cuts=np.array([0.0, 1.0]), is_number=True),)
    few = Encoded(np.zeros((299, 1), dtype=np.int64), np.zeros(299))
    many = Encoded(np.zeros((3000, 1), dtype=np.int64), np.zeros(3000))
    with pytest.raises(NotEnoughData, match="299 labelled rows in the reference"):
        attribute(few, many, levels)


@pytest.mark.parametrize("strange", ["constant", "all null", "no feature", "one class of loss"])
def test_degenerate_rows_still_add_up(strange: str) -> None:
    n = 600
    columns = {
        "constant": {"x": np.ones(n)},
        "all null": {"x": np.full(n, np.nan), "c": Labels(np.full(n, -1), ())},
        "no feature": {"x": np.arange(n, dtype=float)},
        "one class of loss": {"c": Labels.of(["a"] * n)},
    }[strange]
    rows = Rows.of(columns)
    levels = () if strange == "no feature" else levels_of(rows, rows, close=True)
    one, two = encode(rows, np.zeros(n), levels), encode(rows, np.ones(n), levels)
    found = attribute(one, two, levels, replicates=5)
    assert found.change.value == pytest.approx(1.0)
    assert sum(share.value for share in found.parts.values()) == pytest.approx(1.0, abs=1e-9)


def told(found: Attribution) -> str:
    return " ".join(RootCause(found, LOSSES["error"], "").sentences())


def test_the_words_carry_the_numbers_and_claim_no_cause() -> None:
    found = outcome(Case("carrier", "relation", 2.5, "error"), replicates=40).attribution
    words = told(found)
    assert LOSSES["error"].text(found.loss) in words
    assert LOSSES["error"].text(found.change.value, sign=True) in words
    assert "coincides with carrier" in words
    assert "cause" not in words
    assert "counterpart" in told(replace(found, outside_share=0.4))
    assert "Weighting leaves" in told(replace(found, gap=(0.3, "temp and hour")))


def test_results_are_judged_numbers() -> None:
    found = outcome(Case("temp", "relation", 2.5, "error"), replicates=40).attribution
    results = RootCause(found, LOSSES["error"], "").results()
    by_name = {(each.metric, each.place.feature): each for each in results}
    assert by_name["change", ""].value == found.change.value
    assert by_name["relation", "temp"].status == "breached"
    assert all(each.interval and each.rows and each.method for each in results)


@pytest.mark.parametrize(
    ("metric", "task", "loss", "is_exact"),
    [
        ("accuracy", "binary_classification", "error", True),
        ("recall", "binary_classification", "missed", True),
        ("precision", "binary_classification", "false_alarm", True),
        ("recall", "multiclass_classification", "error", False),
        ("f1_score", "binary_classification", "error", False),
        ("auc_weighted", "binary_classification", "log_loss", False),
        ("mean_absolute_error", "regression", "absolute_error", True),
        ("r2_score", "regression", "squared_error", False),
    ],
)
def test_a_metric_that_is_no_mean_is_stood_for_and_that_is_said(
    metric: str,
    task: str,
    loss: str,
    is_exact: bool,  # noqa: FBT001 - a parameter of pytest
) -> None:
    found, note = loss_for(metric, task)
    assert found.name == loss
    assert (note == "") is is_exact
    assert is_exact or metric in note


def test_without_scores_the_error_rate_stands_for_log_loss() -> None:
    found, note = loss_for("log_loss", "binary_classification", has_scores=False)
    assert found.name == "error"
    assert note
