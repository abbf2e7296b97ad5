"""Every metric against scikit-learn, through files: exact ones to 1e-12, ranked ones to their stated bound."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from sklearn import metrics as oracle

from monitoring.counting.engine import outcomes as counting
from monitoring.counting.engine.tables import write_table
from monitoring.counting.totals.outcomes import ClassOutcomes, Columns, NumberOutcomes
from monitoring.errors import NotEnoughData
from monitoring.metrics.performance import METRICS


class Case(NamedTuple):
    """Labels, predictions and, by class, probabilities; all of shape (n,)."""

    label: Any
    prediction: Any
    probability: dict[str, Any]


def binary(n: int, rare: float = 0.3, decimals: int | None = None, names: Any = (0, 1)) -> Case:
    random = np.random.default_rng(n)
    score = random.beta(2, 2 / rare - 2, n)
    truth = random.random(n) < score
    if decimals is not None:
        score = np.round(score, decimals)
    names = np.array(names, dtype=object if isinstance(names[0], str) else None)
    predicted = (score >= min(2 * rare, 0.5)).astype(int)
    return Case(names[truth.astype(int)], names[predicted], {str(names[1]): score})


def multiclass(n: int, k: int, sharpness: float = 2.0) -> Case:
    random = np.random.default_rng(n + k)
    shares = random.dirichlet(np.full(k, 3.0))
    truth = random.choice(k, n, p=shares)
    logits = random.normal(size=(n, k)) + np.log(shares)
    logits[np.arange(n), truth] += sharpness
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Case(truth, probability.argmax(axis=1), {str(c): probability[:, c] for c in range(k)})


CASES: dict[str, Case] = {
    "binary": binary(5_000),
    "few rows": binary(60),
    "ties": binary(5_000, decimals=1),
    "rare positives": binary(60_000, rare=0.002),
    "texts": binary(3_000, names=("no", "yes")),
    "flags": binary(3_000, names=(False, True)),
    "odd names": binary(3_000, names=("a, b]", "null ' \" é")),
    "3 classes": multiclass(3_000, 3),
    "10 classes": multiclass(4_000, 10),
    "10 classes, few rows": multiclass(120, 10),
}


def counted(case: Case, folder: Path) -> ClassOutcomes:
    scores = {f"p{i}": values for i, values in enumerate(case.probability.values())}
    is_binary = len(case.probability) == 1
    columns = Columns(
        task="binary_classification" if is_binary else "multiclass_classification",
        prediction="prediction",
        label="label",
        probabilities=dict(zip(case.probability, scores, strict=True)),
    )
    table = write_table(
        {"label": case.label, "prediction": case.prediction, **scores}, folder / "x.parquet"
    )
    found = counting.count(table, columns)
    assert isinstance(found, ClassOutcomes)
    assert not found.faults
    return found


def matrix_of(case: Case) -> Any:
    return np.column_stack(list(case.probability.values()))


def truth_of(case: Case) -> Any:
    """Labels of two classes as 0 and 1; else as they are."""
    if len(case.probability) > 1:
        return case.label
    positive = next(iter(case.probability))
    return np.array([str(value) == positive for value in case.label], dtype=int)


def _auc(case: Case) -> float:
    if len(case.probability) == 1:
        return float(oracle.roc_auc_score(truth_of(case), matrix_of(case)[:, 0]))
    return float(
        oracle.roc_auc_score(case.label, matrix_of(case), multi_class="ovr", average="weighted")
    )


def _average_precision(case: Case) -> float:
    if len(case.probability) == 1:
        return float(oracle.average_precision_score(truth_of(case), matrix_of(case)[:, 0]))
    wanted = np.eye(len(case.probability))[case.label]
    return float(oracle.average_precision_score(wanted, matrix_of(case), average="weighted"))


def _brier(case: Case) -> float:
    if len(case.probability) == 1:
        return float(oracle.brier_score_loss(truth_of(case), matrix_of(case)[:, 0]))
    wanted = np.eye(len(case.probability))[case.label]
    return float(np.square(matrix_of(case) - wanted).sum(axis=1).mean())


def _averaged(name: str, average: str) -> Callable[[Case], float]:
    function = getattr(oracle, name)
    return lambda case: float(
        function(case.label, case.prediction, average=average, zero_division=0)
    )


EXACT: dict[str, Callable[[Case], float]] = {
    "accuracy": lambda case: oracle.accuracy_score(case.label, case.prediction),
    "balanced_accuracy": lambda case: oracle.balanced_accuracy_score(case.label, case.prediction),
    "precision": _averaged("precision_score", "macro"),
    "recall": _averaged("recall_score", "macro"),
    "f1_score": _averaged("f1_score", "macro"),
    "log_loss": lambda case: oracle.log_loss(
        truth_of(case),
        matrix_of(case) if len(case.probability) > 1 else matrix_of(case)[:, 0],
        labels=list(range(max(len(case.probability), 2))),
    ),
    "brier_score": _brier,
}
RANKED = {"auc_weighted": _auc, "average_precision": _average_precision}
PER_CLASS = {
    "precision": oracle.precision_score,
    "recall": oracle.recall_score,
    "f1_score": oracle.f1_score,
}


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("case", CASES)
def test_exact_metrics_agree_to_1e_12(case: str, name: str, tmp_path: Path) -> None:
    found = METRICS[name].measure(counted(CASES[case], tmp_path))
    assert found.value == pytest.approx(EXACT[name](CASES[case]), rel=1e-12, abs=1e-12)
    assert found.interval.low <= found.value <= found.interval.high
    assert found.bound == 0.0


@pytest.mark.parametrize("name", RANKED)
@pytest.mark.parametrize("case", CASES)
def test_ranked_metrics_agree_to_their_bound(case: str, name: str, tmp_path: Path) -> None:
    found = METRICS[name].measure(counted(CASES[case], tmp_path))
    gap = abs(found.value - RANKED[name](CASES[case]))
    assert gap <= found.bound + 1e-12
    assert gap <= 0.03 * found.error
    assert found.interval.low <= found.value <= found.interval.high


def test_true_ties_are_exact(tmp_path: Path) -> None:
    outcomes = counted(CASES["ties"], tmp_path)
    for name, expected in RANKED.items():
        assert METRICS[name].measure(outcomes).value == pytest.approx(
            expected(CASES["ties"]), abs=1e-12
        )


@pytest.mark.parametrize("name", PER_CLASS)
@pytest.mark.parametrize("case", CASES)
def test_averages_and_classes_agree(case: str, name: str, tmp_path: Path) -> None:
    known, metric = CASES[case], METRICS[name]
    outcomes = counted(known, tmp_path)
    assert metric.weighted is not None
    assert metric.of_class is not None
    weighted = _averaged(f"{name}" if name == "f1_score" else f"{name}_score", "weighted")(known)
    assert metric.weighted(outcomes).value == pytest.approx(weighted, abs=1e-12)
    texts = [[counting.class_text(v) for v in side] for side in (known.label, known.prediction)]
    each = PER_CLASS[name](*texts, average=None, labels=list(outcomes.classes), zero_division=0)
    for label, expected in zip(outcomes.classes, each, strict=True):
        try:
            found = metric.of_class(outcomes, label)
        except NotEnoughData:
            assert expected == 0.0
            continue
        assert found.value == pytest.approx(expected, abs=1e-12)
        assert found.interval.low <= found.value <= found.interval.high


@pytest.mark.parametrize("case", ["binary", "ties", "rare positives"])
def test_calibration_error_is_that_of_its_own_bins(case: str, tmp_path: Path) -> None:
    known = CASES[case]
    outcomes = counted(known, tmp_path)
    found = METRICS["expected_calibration_error"].measure(outcomes)
    score, truth = matrix_of(known)[:, 0], truth_of(known)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        edges = np.unique(np.quantile(score, np.linspace(0, 1, 11)))
    place = np.searchsorted(edges[1:-1], score, side="right")
    by_hand = sum(
        abs(score[place == b].sum() - truth[place == b].sum()) for b in range(len(edges) - 1)
    ) / len(score)
    # Bins are cut between cells, not within: ties and a thousandth of the rows may fall elsewhere.
    assert found.value == pytest.approx(by_hand, abs=0.004 if case != "ties" else 0.02)
    assert found.rows == len(score)


NUMBERS: dict[str, Callable[[Any, Any], float]] = {
    "mean_absolute_error": oracle.mean_absolute_error,
    "mean_squared_error": oracle.mean_squared_error,
    "root_mean_squared_error": oracle.root_mean_squared_error,
    "r2_score": oracle.r2_score,
    "mean_absolute_percentage_error": oracle.mean_absolute_percentage_error,
    "weighted_absolute_percentage_error": lambda y, f: float(np.abs(f - y).sum() / np.abs(y).sum()),
    "bias": lambda y, f: float((f - y).mean()),
}


def regression(y: Any, prediction: Any, folder: Path) -> NumberOutcomes:
    table = write_table({"label": y, "prediction": prediction}, folder / "x.parquet")
    found = counting.count(table, Columns("regression", "prediction", "label"))
    assert isinstance(found, NumberOutcomes)
    return found


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("n", [1, 2, 50, 150_000])
def test_regression_metrics_agree_to_1e_12(n: int, name: str, tmp_path: Path) -> None:
    random = np.random.default_rng(n)
    y = random.lognormal(1, 0.7, n) * random.choice([-1, 1], n)
    prediction = y + random.standard_t(4, n)
    outcomes = regression(y, prediction, tmp_path)
    if n == 1 and name == "r2_score":
        with pytest.raises(NotEnoughData, match="do not vary"):
            METRICS[name].measure(outcomes)
        return
    found = METRICS[name].measure(outcomes)
    assert found.value == pytest.approx(NUMBERS[name](y, prediction), rel=1e-12)
    assert found.interval.low <= found.value <= found.interval.high


def test_labels_of_0_are_left_out_of_shares(tmp_path: Path) -> None:
    y, prediction = np.array([0.0, 2.0, 4.0]), np.array([1.0, 3.0, 3.0])
    found = METRICS["mean_absolute_percentage_error"].measure(regression(y, prediction, tmp_path))
    assert (found.value, found.rows) == (pytest.approx((0.5 + 0.25) / 2), 2)
    for name in ("mean_absolute_percentage_error", "weighted_absolute_percentage_error"):
        with pytest.raises(NotEnoughData, match="all labels are 0"):
            METRICS[name].measure(regression(np.zeros(3), prediction, tmp_path))


def test_one_class_only_is_refused_in_words_where_it_is_undefined(tmp_path: Path) -> None:
    case = binary(400)
    ones = Case(np.ones(400, int), case.prediction, case.probability)
    outcomes = counted(ones, tmp_path)
    for name in RANKED:
        with pytest.raises(NotEnoughData, match="all labels are of one class"):
            METRICS[name].measure(outcomes)
    assert all(np.isfinite(METRICS[name].measure(outcomes).value) for name in EXACT)


@pytest.mark.parametrize(
    "task", ["binary_classification", "multiclass_classification", "regression"]
)
def test_without_labels_every_metric_is_refused(task: Any, tmp_path: Path) -> None:
    columns = {"prediction": [0, 1, 0], "p": [0.1, 0.9, 0.2]}
    table = write_table(columns, tmp_path / "x.parquet")
    outcomes = counting.count(table, Columns(task, "prediction", None, {"1": "p"}))
    assert outcomes.predictions == 3
    for metric in METRICS.values():
        with pytest.raises(NotEnoughData):
            metric.measure(outcomes)
