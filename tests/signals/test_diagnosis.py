"""What is going on, in words: each verdict from its pattern of results, each number from a result."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from monitoring.explain.data_faults import faults_among
from monitoring.explain.diagnosis import Diagnosis, Evidence, diagnose
from monitoring.metric import Interval, MetricResult
from monitoring.place import Place
from monitoring.window import Window

START = datetime(2026, 11, 1, tzinfo=UTC)


def day(number: int) -> Window:
    return Window(START + timedelta(days=number), START + timedelta(days=number + 1))


def result(subject: str, status: str, value: float | None = 0.3, **more: object) -> MetricResult:
    given = {
        "signal": "data_drift", "metric": "jensen_shannon_distance", "threshold": 0.1, "rows": 5000,
    }  # fmt: skip
    return MetricResult(place=Place(feature=subject), status=status, value=value, **(given | more))


def accuracy(
    status: str, value: float | None, band: tuple[float, float] | None = None, **more: object
):
    given = {
        "signal": "model_performance", "metric": "accuracy", "threshold": 0.76, "worse": "lower",
        "interval": Interval(*band) if band else None, "rows": 4321,
    }  # fmt: skip
    return result("flight-delay/blue", status, value, **(given | more))


CHANGED = tuple(result(f"f{i}", "breached") for i in range(7)) + tuple(
    result(f"f{i}", "ok", 0.02) for i in range(7, 19)
)
SAME = tuple(result(f"f{i}", "ok", 0.02) for i in range(19))
ANSWERS = (result("prediction", "breached", 0.21, signal="prediction_drift"),)
NULLS = (
    result("f1", "breached", 0.62, signal="data_quality", metric="null_value_rate", threshold=0.05),
)
FELL = accuracy("breached", 0.74, (0.731, 0.749))
HELD = accuracy("ok", 0.79, (0.78, 0.80))
EXPECTED = accuracy("ok", 0.79, (0.77, 0.81))
EXPECTED_FALL = accuracy("breached", 0.745, (0.73, 0.76))
DAYS = {
    "realized_steps": tuple(
        accuracy("ok", 0.74 if i < 9 else 0.79, window=day(i)) for i in range(14)
    ),
    "estimated_steps": tuple(accuracy("ok", 0.79, (0.77, 0.81), window=day(i)) for i in range(14)),
}

PATTERNS = {
    "nothing_wrong": Evidence(inputs=SAME, realized=HELD, estimated=EXPECTED),
    "nothing_wrong, no estimate": Evidence(inputs=SAME, realized=HELD),
    "data_drift, performance held": Evidence(inputs=CHANGED, realized=HELD, estimated=EXPECTED),
    "data_drift, the estimate saw it": Evidence(
        inputs=CHANGED, realized=FELL, estimated=EXPECTED_FALL
    ),
    "data_drift, no labels": Evidence(inputs=CHANGED, estimated=EXPECTED_FALL),
    "concept_drift, inputs changed": Evidence(
        inputs=CHANGED, realized=FELL, estimated=EXPECTED, **DAYS
    ),
    "concept_drift, inputs as before": Evidence(inputs=SAME, realized=FELL, estimated=EXPECTED),
    "concept_drift, no estimate": Evidence(inputs=SAME, realized=FELL),
    "concept_drift, within the threshold": Evidence(
        inputs=SAME, realized=accuracy("ok", 0.765), estimated=EXPECTED
    ),
    "prediction_drift": Evidence(
        inputs=SAME, predictions=ANSWERS, realized=HELD, estimated=EXPECTED
    ),
    "prediction_drift, no labels": Evidence(inputs=SAME, predictions=ANSWERS),
    "data_fault, fell": Evidence(inputs=CHANGED, realized=FELL, estimated=EXPECTED, quality=NULLS),
    "data_fault, held": Evidence(inputs=SAME, realized=HELD, quality=NULLS),
    "data_fault, no labels": Evidence(inputs=SAME, quality=NULLS),
    "unexplained_drop, no estimate": Evidence(inputs=CHANGED, realized=FELL),
    "unexplained_drop, expected without drift": Evidence(
        inputs=SAME, realized=FELL, estimated=EXPECTED_FALL
    ),
    "cannot_tell, no labels": Evidence(inputs=SAME, estimated=EXPECTED),
    "cannot_tell, nothing measured": Evidence(),
    "cannot_tell, nothing judged": Evidence(
        inputs=(result("f", "not_enough_data", None),),
        realized=accuracy("not_enough_data", 0.5, rows=12),
    ),
}


def words(found: Diagnosis) -> str:
    return " ".join(sentence.text for sentence in found.sentences)


@pytest.mark.parametrize("name", PATTERNS)
def test_each_pattern_has_its_verdict(name: str) -> None:
    found = diagnose(PATTERNS[name])
    assert found.verdict == name.split(",", maxsplit=1)[0]
    assert 1 <= len(found.sentences) <= 3
    assert "cause" not in words(found)
    assert found.title


@pytest.mark.parametrize("name", PATTERNS)
def test_every_number_comes_from_a_result_of_its_sentence(name: str) -> None:
    evidence = PATTERNS[name]
    for sentence in diagnose(evidence).sentences:
        known = {"95"}  # of "95 %"
        for each in sentence.results:
            numbers = [each.value, each.threshold]
            numbers += [each.interval.low, each.interval.high] if each.interval else []
            known |= {f"{n:.3g}" for n in numbers if n is not None} | {f"{each.rows:,}"}
            known |= {each.subject}
        counts = [evidence.inputs, evidence.realized_steps, evidence.quality, sentence.results]
        known |= {str(len(each)) for each in counts}
        # What a list leaves out beyond four names, and the days outside the band.
        known |= {str(len(each) - 4) for each in counts}
        known |= {"9"} if evidence.realized_steps else set()
        for number in re.findall(r"(?<![\w.])\d[\d.,]*\d|(?<![\w.])\d(?![\w.])", sentence.text):
            assert number in known, (number, sentence.text)


def test_the_words_of_concept_drift() -> None:
    found = diagnose(PATTERNS["concept_drift, inputs changed"])
    assert found.title == "The relation itself has probably moved (concept drift)"
    assert words(found) == (
        "Inputs changed: 7 of 19 features (f0, f1, f2, f3 and 3 more). "
        "The estimate expected 0.79, realized 0.74, outside its band 0.77 to 0.81, outside on 9 of 14 "
        "days. Accuracy is 0.74 (95 % 0.731 to 0.749), below its threshold 0.76, on 4,321 labels."
    )


def test_without_labels_it_says_what_it_cannot_know() -> None:
    for name, evidence in PATTERNS.items():
        if evidence.realized is None and "nothing measured" not in name:
            assert "no labels yet" in words(diagnose(evidence)), name


def test_a_broken_feed_is_told_before_any_drift() -> None:
    told = words(diagnose(PATTERNS["data_fault, fell"]))
    assert "f1: null value rate 0.62, threshold 0.05" in told
    assert "6 other inputs changed too" in told


def test_an_estimate_is_never_called_a_measurement() -> None:
    told = words(diagnose(PATTERNS["data_drift, no labels"]))
    assert "an estimate, not a measurement" in told


def test_better_than_the_band_is_no_concept_drift() -> None:
    better = accuracy("ok", 0.9)
    assert (
        diagnose(Evidence(inputs=SAME, realized=better, estimated=EXPECTED)).verdict
        == "nothing_wrong"
    )


def test_for_an_error_the_upper_end_of_the_band_counts() -> None:
    more = {"metric": "mean_absolute_error", "worse": "higher", "threshold": 8.0}
    realized = accuracy("breached", 9.5, (9.0, 10.0), **more)
    estimated = accuracy("ok", 7.0, (6.5, 7.5), **more)
    found = diagnose(Evidence(inputs=SAME, realized=realized, estimated=estimated))
    assert found.verdict == "concept_drift"
    assert "above its threshold 8" in words(found)


def bounds(subject: str, rates: list[float]) -> dict:
    named = {"metric": "out_of_bounds_rate", "signal": "data_quality", "threshold": 0.02}
    return {
        day(i).start.date(): (result(subject, "breached", rate, **named),)
        for i, rate in enumerate(rates)
    }


@pytest.mark.parametrize(
    ("rates", "fell", "is_fault"),
    [
        ([0.0, 0.0, 0.7, 0.8], True, True),  # a change of unit comes overnight
        ([0.0, 0.0, 0.7, 0.8], False, False),  # and does harm; so does weather come, without
        ([0.0, 0.2, 0.4, 0.6, 0.8], True, False),  # a season takes its time
    ],
)
def test_a_unit_is_told_from_a_season(rates: list[float], *, fell: bool, is_fault: bool) -> None:
    daily = bounds("temp", rates)
    whole = (*daily[day(1).start.date()], *NULLS)
    found = {each.subject for each in faults_among(whole, daily, fell=fell)}
    assert found == ({"temp", "f1"} if is_fault else {"f1"})
