"""Estimates on the sample workspace and on files: what they see, what they refuse, what labels say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from places import at

from monitoring.counting.engine.tables import Table, open_table
from monitoring.counting.totals.outcomes import Columns
from monitoring.errors import InputError, NotEnoughData
from monitoring.place import WORKSPACE, Place
from monitoring.signals.estimated_performance import estimate as estimated_performance
from monitoring.signals.estimated_performance.report import EstimateReport
from monitoring.sources.azure import Azure
from monitoring.sources.deployed import Deployed
from monitoring.window import Window

Estimated = Callable[..., EstimateReport]


def window(first: tuple[int, int], end: tuple[int, int]) -> Window:
    return Window(datetime(2026, *first, tzinfo=UTC), datetime(2026, *end, tzinfo=UTC))


@pytest.fixture(scope="module")
def estimated(azure: Azure) -> Estimated:
    """estimated("digits", (11, 1), (11, 11)) -> the report."""
    deployed = Deployed(azure)

    @lru_cache(maxsize=8)
    def report(endpoint: str, first: tuple[int, int], end: tuple[int, int]) -> EstimateReport:
        deployment = next(
            each
            for known in deployed.inventory.endpoints()
            for each in known.deployments
            if (known.name, each.name) == (endpoint, "blue")
        )
        asked, model = window(first, end), deployed.model(deployment)
        earlier = estimated_performance.reference_window(deployed, deployment, asked)
        assert earlier.end <= asked.start
        return estimated_performance.of_deployment(
            model,
            deployed.rows(deployment, model, earlier),
            deployed.rows(deployment, model, asked),
            place=Place(endpoint=endpoint, deployment="blue"),
            window=asked,
            taken=azure.settings.clock(),
        )

    return report


def check(report: EstimateReport, name: str) -> tuple[str, str]:
    found = next(each for each in report.checks if each.name == name)
    return found.verdict, found.sentence


def test_digits_are_estimated_and_the_days_of_the_broken_camera_are_refused(
    estimated: Estimated,
) -> None:
    report = estimated("digits", (11, 1), (11, 11))
    refused = {s.window.start.day for s in report.steps if s.results["accuracy"].value is None}
    assert refused == {1, 2, 3, 4}
    assert min(s.realized["accuracy"] for s in report.steps if s.window.start.day < 5) < 0.7
    given = [s.results["accuracy"] for s in report.steps if s.window.start.day >= 5]
    assert all(0.9 < r.value < 0.98 and r.interval.low < r.value < r.interval.high for r in given)
    assert report.method == "estimated, CBPE"
    assert "like the others'" in check(report, "complete_labels")[1]  # 40 % have a label
    assert report.is_refused
    assert report.headline.value is None
    assert report.headline.reason.startswith("Not estimated.")


def test_flight_times_are_estimated_by_a_model_of_their_errors(estimated: Estimated) -> None:
    report = estimated("flight-time", (9, 1), (9, 15))
    assert report.method == "estimated, DLE"
    for metric in ("mean_absolute_error", "root_mean_squared_error"):
        found = report.results[metric]
        assert found.status in {"ok", "breached"}
        assert found.interval.low < found.value < found.interval.high
    assert report.tracking["mean_absolute_error"].held >= 12


def test_days_of_flights_scatter_far_more_than_chance_and_the_band_says_so(
    estimated: Estimated,
) -> None:
    report = estimated("flight-delay", (9, 1), (9, 15))
    step = report.steps[0].estimates["accuracy"]
    assert step.day_error > 3 * step.label_error
    assert "times as much as chance" in check(report, "steady_days")[1]
    assert report.tracking["accuracy"].held == report.tracking["accuracy"].days > 10


def test_the_seasonal_fall_of_flight_delay_is_refused_not_foretold(estimated: Estimated) -> None:
    """June is as bad as the training score is not (0.70 against 0.81). No label-free method knows it.

    The reference is the end of winter: its dew points end below those of June, so the estimate is
    withheld, by name. The value withheld hardly differs between a bad June and a good September,
    because what makes flights late then is not in the scores: that is concept, not covariate.
    """
    june, september = (
        estimated("flight-delay", (6, 1), (7, 1)),
        estimated("flight-delay", (9, 1), (9, 15)),
    )
    seen = [np.mean([s.realized["accuracy"] for s in r.steps]) for r in (june, september)]
    withheld = [r.estimates["accuracy"].value for r in (june, september)]
    assert seen[1] - seen[0] > 0.08
    assert abs(withheld[1] - withheld[0]) < 0.05
    verdict, sentence = check(june, "inside_support")
    assert verdict == "failed"
    assert "dewp" in sentence
    assert june.headline.value is None


def test_august_is_told_as_concept_drift_once_its_labels_are_in(estimated: Estimated) -> None:
    verdict, sentence = check(estimated("flight-delay", (8, 1), (9, 1)), "still_holds")
    assert verdict == "failed"
    assert "Concept drift is likely" in sentence


def test_a_window_before_which_there_is_no_fortnight_is_refused(estimated: Estimated) -> None:
    with pytest.raises(NotEnoughData, match="days before"):
        estimated("flight-delay", (2, 25), (3, 5))


COLUMNS = Columns(
    "binary_classification", "predicted", "label", {"1": "score"}, ("x", "place"), time="time"
)


def written(
    target: Path, rows: int = 4000, *, days: int = 20, shift: float = 0.0, flipped: float = 0.0,
    seed: int = 0, without: tuple[str, ...] = (),
) -> Table:  # fmt: skip
    """A model that is too sure of itself; `flipped` is the share of labels turned around."""
    random = np.random.default_rng(seed)
    x = random.normal(shift, 1, rows)
    p = 1 / (1 + np.exp(-1.5 * x))
    label = (random.random(rows) < p) ^ (random.random(rows) < flipped)
    start = np.datetime64("2026-03-01" if seed else "2026-01-01", "us")
    step = np.arange(rows) * (days * 86_400_000_000 // rows)
    score = 1 / (1 + np.exp(-3 * x))
    columns = {
        "time": start + step.astype("m8[us]"),
        "x": x,
        "place": pa.array(random.choice(["a", "b"], rows)),
        "score": score,
        "predicted": (score >= 0.5).astype(int),
        "label": label.astype(int),
    }
    pq.write_table(pa.table({n: v for n, v in columns.items() if n not in without}), target)
    return open_table(target)


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., EstimateReport]:
    def report(columns: Columns = COLUMNS, **changed: object) -> EstimateReport:
        reference = written(tmp_path / "reference.parquet")
        data = written(tmp_path / "data.parquet", seed=1, **changed)  # type: ignore[arg-type]
        return estimated_performance.estimate_files(reference, data, columns, store=tmp_path)

    return report


@pytest.mark.slow
def test_files_without_labels_are_estimated_and_held_to_the_reference(
    files: Callable[..., EstimateReport],
) -> None:
    report = files(shift=0.3, without=("label",))
    assert len(report.steps) == 20
    assert report.headline.status == "ok"
    assert report.baseline_name == "realized on the reference"
    assert report.reference.labelled == 4000
    assert check(report, "still_holds")[0] == "unknown"
    assert check(report, "calibrated")[0] == "passed"
    # What it would be with labels lies in the band.
    assert report.headline.interval.low < files(shift=0.3).steps[0].realized["accuracy"] + 0.1
    record = report.headline.as_record()
    assert record["method"].startswith("estimated, CBPE")
    assert record["signal"] == "estimated_performance"


@pytest.mark.slow
def test_labels_that_turned_around_are_seen_when_they_come_and_not_before(
    files: Callable[..., EstimateReport],
) -> None:
    before = files(flipped=0.3, without=("label",))
    after = files(flipped=0.3)
    assert before.headline.value is not None
    assert after.headline.value is None
    assert "Concept drift is likely" in check(after, "still_holds")[1]


def test_inputs_outside_the_reference_are_refused_in_words(
    files: Callable[..., EstimateReport],
) -> None:
    report = files(shift=5.0)
    assert report.headline.status == "not_enough_data"
    assert report.headline.value is None
    assert "x (" in report.headline.reason
    assert all(step.results["accuracy"].value is None for step in report.steps)
    assert report.tracking["accuracy"].days == 0  # nothing was promised on those days


def test_files_without_times_are_one_step(files: Callable[..., EstimateReport]) -> None:
    report = files(replace(COLUMNS, time=None), without=("label", "time"))
    assert report.steps == ()
    assert report.headline.window is None
    assert report.headline.value is not None
    assert check(report, "steady_days")[0] == "unknown"


def test_weeks_are_sums_of_days(tmp_path: Path) -> None:
    one, two = written(tmp_path / "one.parquet"), written(tmp_path / "two.parquet", seed=1)
    report = estimated_performance.estimate_files(
        one, two, COLUMNS, store=tmp_path, period="week", baselines={"accuracy": 0.99}
    )
    assert sum(step.rows for step in report.steps) == 4000
    assert 3 <= len(report.steps) <= 4
    assert report.headline.status == "breached"  # the whole band is below 0.97
    assert report.results["log_loss"].reason == "no baseline for log loss"


@pytest.mark.slow
def test_a_band_that_reaches_the_threshold_is_no_breach(tmp_path: Path) -> None:
    one, two = written(tmp_path / "one.parquet"), written(tmp_path / "two.parquet", seed=1)

    def status(baseline: float) -> str:
        report = estimated_performance.estimate_files(
            one, two, COLUMNS, store=tmp_path, baselines={"accuracy": baseline}
        )
        return report.headline.status

    found = estimated_performance.estimate_files(one, two, COLUMNS, store=tmp_path).headline
    inside = (found.value + found.interval.high) / 2 + 0.02  # the allowance of accuracy
    assert status(inside) == "ok"
    assert status(found.interval.high + 0.021) == "breached"


def test_what_users_have_set_comes_before_baseline_and_tags(
    azure: Azure, estimated: Estimated, tmp_path: Path
) -> None:
    one, two = written(tmp_path / "one.parquet"), written(tmp_path / "two.parquet", seed=1)
    found = estimated_performance.run(
        [one],
        {date(2026, 1, 1): two},
        COLUMNS,
        place=WORKSPACE,
        baselines={"accuracy": 0.1, "bias": 0.0},
        thresholds={"accuracy": 0.999},
    )
    assert (found.headline.threshold, found.headline.status) == (0.999, "breached")

    def named(benchmarks: dict[str, float]) -> EstimateReport:
        deployed = Deployed(azure)
        known = next(e for e in deployed.inventory.endpoints() if e.name == "digits")
        asked, model = window((11, 1), (11, 4)), deployed.model(known.deployments[0])
        earlier = estimated_performance.reference_window(deployed, known.deployments[0], asked)
        rows = [deployed.rows(known.deployments[0], model, each) for each in (earlier, asked)]
        return estimated_performance.of_deployment(
            model, *rows, place=at("digits/blue"), window=asked, benchmarks=benchmarks
        )

    mine = named({"accuracy": 0.5})
    assert mine.baselines["accuracy"] == 0.5
    assert mine.baseline_name.endswith("; accuracy as set on the page")
    assert named({}).baselines == estimated("digits", (11, 1), (11, 4)).baselines


def test_what_cannot_be_estimated_says_why(tmp_path: Path) -> None:
    good = written(tmp_path / "good.parquet")
    bare = replace(COLUMNS, probabilities={})
    with pytest.raises(NotEnoughData, match="probabilities were not collected"):
        estimated_performance.estimate_files(good, good, bare, store=tmp_path)
    lost = written(tmp_path / "lost.parquet", without=("score",))
    with pytest.raises(InputError, match="no column score"):
        estimated_performance.estimate_files(good, lost, COLUMNS, store=tmp_path)
    with pytest.raises(NotEnoughData, match="nothing was predicted"):
        estimated_performance.run({date(2026, 1, 1): good}, {}, COLUMNS, place=WORKSPACE)
    waiting = pq.read_table(good.paths[0])
    column = pa.nulls(waiting.num_rows, pa.int64())
    pq.write_table(waiting.set_column(5, "label", column), tmp_path / "waiting.parquet")
    unlabelled = open_table(tmp_path / "waiting.parquet")
    with pytest.raises(NotEnoughData, match="has a label"):
        estimated_performance.estimate_files(unlabelled, good, COLUMNS, store=tmp_path)


def test_a_small_reference_is_refused(tmp_path: Path) -> None:
    few = written(tmp_path / "few.parquet", 600)
    report = estimated_performance.estimate_files(
        few, written(tmp_path / "data.parquet", seed=1), COLUMNS, store=tmp_path
    )
    assert check(report, "reference_rows") == (
        "failed", "600 labelled rows, 1,000 needed; 20 days, 14 needed.",
    )  # fmt: skip
    assert report.headline.value is None
    assert report.estimates["accuracy"].value > 0.5  # kept, to be shown in grey
