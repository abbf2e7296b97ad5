"""The domain classifier: NannyML's vectors, its interval without drift, what it can and cannot see."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import matthews_corrcoef, roc_auc_score

from monitoring.counting.rows import Labels, Rows
from monitoring.methods.multivariate.area_under_curve import CORRECTION, curve, pvalue
from monitoring.methods.multivariate.domain_classifier import (
    domain_classifier,
    drift_magnitude,
    matthews_correlation,
    without_repeats,
)
from monitoring.methods.multivariate.localisation import localise

DATA = Path(__file__).parents[1] / "data" / "crosslib_vectors.json"
EXTRA = {each["id"]: each for each in json.loads(DATA.read_text("utf-8"))["extra"]}


def correlated(n: int, seed: int, rho: float) -> Rows:
    """The generator that the vectors name."""
    random = np.random.RandomState(seed)
    z = random.normal(size=(n, 2))
    b = rho * z[:, 0] + np.sqrt(1 - rho**2) * z[:, 1]
    return Rows.of({"a": z[:, 0], "b": b, "c": random.normal(size=n)})


def normal(n: int, seed: int, features: int = 4, shift: float = 0.0) -> Rows:
    values = np.random.default_rng(seed).normal(size=(n, features))
    values[:, 0] += shift
    return Rows.of({f"x{k}": values[:, k] for k in range(features)})


@pytest.mark.slow
def test_nannymls_areas_are_reproduced_within_their_tolerance() -> None:
    vector = EXTRA["domain_classifier/decorrelation"]
    reference, analysis = correlated(1000, 1, 0.95), correlated(500, 2, 0.0)
    chunks = np.split(np.arange(500), vector["params"]["chunk_number"])
    areas = [domain_classifier(reference, analysis.take(c)).curve.area for c in chunks]
    assert areas == pytest.approx(
        vector["expected"]["analysis"], abs=vector["tolerance"]["abs"], rel=0
    )


@pytest.mark.slow(seconds=15)
def test_without_drift_the_interval_holds_a_half() -> None:
    held = naive = 0
    for seed in range(30):
        found = domain_classifier(normal(300, 2 * seed), normal(300, 2 * seed + 1))
        held += found.interval.low <= 0.5 <= found.interval.high
        naive += abs(found.curve.area - 0.5) <= 1.96 * found.curve.error() / CORRECTION
    assert held >= 28  # 95 % of 30, give or take one
    assert naive < held  # folds share training rows: without the correction it is too narrow


def test_a_change_of_relation_alone_is_found_and_its_pair_is_named() -> None:
    separation = domain_classifier(correlated(600, 1, 0.9), correlated(600, 2, 0.0))
    assert separation.interval.low > 0.65
    assert separation.pvalue < 1e-6
    found = localise(separation)
    assert {each.feature for each in found.features[:2]} == {"a", "b"}
    assert found.pair is not None
    assert {found.pair.one, found.pair.two} == {"a", "b"}
    assert found.pair.is_relation_only
    assert abs(found.features[2].lost) < found.features[1].lost / 5


def test_a_shift_of_one_feature_is_its_own_and_no_pair() -> None:
    found = localise(domain_classifier(normal(600, 1), normal(600, 2, shift=1.5)))
    first = found.features[0]
    assert first.feature == "x0"
    assert first.own > 0.8 * first.lost
    assert found.pair is None


@pytest.mark.slow
def test_neighbours_in_time_do_not_give_a_row_away() -> None:
    """Rows of one hour share their weather. Folds at random recognise the hour; stretches do not."""
    random = np.random.default_rng(0)

    def hours(count: int) -> Rows:
        weather = np.repeat(random.normal(size=(count, 2)), 20, axis=0)
        return Rows.of({"temp": weather[:, 0], "humid": weather[:, 1]})

    reference, production = hours(60), hours(60)
    mixed = [rows.take(random.permutation(rows.n)) for rows in (reference, production)]
    assert domain_classifier(*mixed).curve.area > 0.9
    assert domain_classifier(reference, production).curve.area < 0.65


def test_new_categories_and_nulls_are_seen() -> None:
    random = np.random.default_rng(0)
    texts = random.choice(["a", "b"], 400).tolist()
    reference = Rows.of({"c": Labels.of(texts), "x": random.normal(size=400)})
    renamed = ["z" if text == "b" else text for text in texts]
    production = Rows.of({"c": Labels.of(renamed), "x": random.normal(size=400)})
    assert domain_classifier(reference, production).curve.area > 0.7
    holes = np.where(np.arange(400) % 2 == 0, np.nan, random.normal(size=400))
    nulls = Rows.of({"c": Labels.of(texts), "x": holes})
    assert domain_classifier(reference, nulls).curve.area > 0.65


def test_area_and_correlation_are_scikit_learns() -> None:
    random = np.random.default_rng(3)
    one, two = random.integers(0, 20, 300) * 1.0, random.integers(3, 25, 200) * 1.0
    truth = np.repeat([0, 1], [300, 200])
    assert curve(one, two).area == pytest.approx(roc_auc_score(truth, np.r_[one, two]))
    said = (np.r_[one, two] > 10).astype(int)
    counts = np.bincount(truth * 2 + said, minlength=4)
    assert matthews_correlation(counts) == pytest.approx(matthews_corrcoef(truth, said))


def test_drift_magnitude_is_zero_by_chance_and_one_when_apart() -> None:
    value, interval = drift_magnitude(normal(400, 1), normal(400, 2))
    assert abs(value) < 0.2
    assert interval.low < 0 < interval.high
    value, interval = drift_magnitude(normal(400, 1), normal(400, 2, shift=20))
    assert value > 0.97


def test_chance_alone_is_not_significant() -> None:
    assert pvalue(0.5, 300, 300) == pytest.approx(0.5)
    assert pvalue(0.55, 300, 300) > 0.05
    assert pvalue(0.6, 300, 300) < 0.01


@pytest.mark.slow
def test_repeated_rows_count_once_unless_the_reference_repeats_itself() -> None:
    reference = normal(500, 1)
    repeated = reference.take(np.repeat(np.arange(100), 5))
    _, kept, left_out = without_repeats(reference, repeated)
    assert (kept.n, left_out) == (100, 400)
    few = Rows.of({"flag": np.arange(500) % 2 * 1.0})
    assert without_repeats(few, few)[2] == 0
    again = domain_classifier(reference, normal(100, 9).take(np.arange(500) % 100)).curve.area
    one, two, _ = without_repeats(reference, normal(100, 9).take(np.arange(500) % 100))
    assert domain_classifier(one, two).curve.area < 0.65 < again


@pytest.mark.slow
def test_the_same_rows_give_the_same_result() -> None:
    found = [domain_classifier(normal(300, 1), normal(300, 2, shift=0.5)) for _ in range(2)]
    assert found[0].curve.area == found[1].curve.area
    assert localise(found[0]) == localise(found[1])
