"""Classes with few rows, none, or none that the model knows: what is judged, and what is said instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.metric import MetricResult
from monitoring.metrics.class_rows import ClassRows
from monitoring.signals.model_performance.files import Asked, FilesPerformance, measure_files

CASES = Path(__file__).parent.parent / "data" / "verdicts"


def of_files(name: str, *probabilities: str) -> FilesPerformance:
    return measure_files(
        CASES / f"{name}.csv",
        Asked("label", "pred", probabilities),
        reference=CASES / f"{name}_reference.csv",
    )


def measured(name: str, *probabilities: str) -> dict[tuple[str, str], MetricResult]:
    found = of_files(name, *probabilities)
    return {(result.signal, result.metric): result for _, result in found.rows()}


def test_a_class_that_the_model_does_not_know_is_wrong() -> None:
    found = measured("unseen_label", "low=p_low", "mid=p_mid", "high=p_high")
    accuracy = found["model_performance", "accuracy"]
    assert (accuracy.value, accuracy.rows, accuracy.status) == (0.665, 400, "breached")


def test_a_rare_class_without_drift_breaches_nothing() -> None:
    found = measured("rare_class", "proba")
    assert "breached" not in {result.status for result in found.values()}
    for signal in ("model_performance", "estimated_performance"):
        assert found[signal, "precision"].reason == "no row is predicted '1'"
        assert found[signal, "auc_weighted"].reason.startswith("12 more positives needed")
        assert found[signal, "accuracy"].status == "ok"


def test_a_class_without_rows_takes_macro_numbers_along() -> None:
    found = measured("class_absent", "a=pa", "b=pb", "c=pc")
    for metric in ("recall", "precision", "f1_score", "balanced_accuracy"):
        result = found["model_performance", metric]
        assert (result.status, result.reason) == ("not_enough_data", "no row is labelled 'c'")
    assert found["model_performance", "accuracy"].status == "ok"


def test_the_positive_class_is_named_and_a_contradiction_said() -> None:
    said = of_files("probability_of_bad", "p_bad").realized
    assert said is not None
    named, against = said.about_positive
    assert "'good'" in named
    assert "AUC is 0.124" in against


def test_a_class_that_is_named_is_the_positive_one() -> None:
    said = of_files("probability_of_bad", "bad=p_bad").realized
    assert said is not None
    (named,) = said.about_positive
    assert "The positive class is 'bad'" in named


@pytest.mark.parametrize(
    ("labelled", "lacking"),
    [
        ((980.0, 20.0), "1 more positive needed (row labelled '1')"),
        ((979.0, 21.0), ""),
        ((5.0, 995.0), "16 more rows labelled '0' needed"),
        ((10.0, 10.0), "30 more rows labelled '0' needed"),
    ],
)
def test_how_many_rows_of_a_class_are_needed(labelled: tuple[float, ...], lacking: str) -> None:
    assert ClassRows(("0", "1"), labelled, labelled).lacking("labelled") == lacking


def test_many_classes_share_the_rows_that_are_needed() -> None:
    rows = (10.0,) * 10
    assert ClassRows(tuple("abcdefghij"), rows, rows).lacking("labelled") == ""
    assert ClassRows(tuple("abcdefghij"), rows, rows).lacking("scores") == ""
