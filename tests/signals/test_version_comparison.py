"""Two versions side by side: which days, which requests, and no winner that chance could be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from monitoring.compare import version_comparison, version_inputs, version_traffic, version_verdict
from monitoring.compare.shared_requests import WHY_NONE
from monitoring.compare.version_comparison import VersionComparison
from monitoring.counting.engine.tables import write_table
from monitoring.counting.totals.outcomes import Columns
from monitoring.errors import NotEnoughData, SchemaMismatch
from monitoring.signals.traffic.judging import Step
from monitoring.sources.azure import Azure
from monitoring.sources.deployed import Deployed, PredictedDays
from monitoring.window import Window

FIRST = date(2026, 1, 1)
WINDOW = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 11, tzinfo=UTC))
NAMES = ("blue", "green")
Made = Callable[..., PredictedDays]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """made("green", days=[0, 1], rows=200, right=0.8) -> predictions of a classifier by day."""

    def make(
        name: str,
        *,
        days: range,
        rows: int,
        right: float,
        seed: int = 0,
        labelled: Callable[[int], bool] = lambda day: True,
        ids: str = "",
    ) -> PredictedDays:
        random = np.random.default_rng(seed)
        tables = {}
        for at in days:
            label = random.integers(0, 2, rows)
            prediction = np.where(random.random(rows) < right, label, 1 - label)
            known = [int(v) if labelled(at) else None for v in label]
            import pyarrow as pa  # noqa: PLC0415

            columns = {
                "correlationid": [f"{ids or name}-{at}-{n}_0" for n in range(rows)],
                "prediction": prediction,
                "label": pa.array(known, pa.int64()),
                "label_delay_seconds": np.full(rows, 60.0),
                "x": random.integers(0, 3, rows).astype(float),
            }
            tables[FIRST + timedelta(days=at)] = write_table(
                columns, tmp_path / f"{name}{at}.parquet"
            )
        columns = Columns(
            task="binary_classification", prediction="prediction", label="label", features=("x",)
        )
        return PredictedDays(tables, columns)

    return make


def compared(first: PredictedDays, second: PredictedDays) -> VersionComparison:
    return version_comparison.run(NAMES, (first, second), "accuracy", WINDOW)


def test_only_days_on_which_both_have_labels_count(made: Made) -> None:
    blue = made("blue", days=range(6), rows=200, right=0.8)
    green = made("green", days=range(3, 9), rows=90, right=0.8, labelled=lambda day: day != 4)
    found = compared(blue, green)
    assert found.days == (date(2026, 1, 4), date(2026, 1, 6))
    assert found.left_out == (4, 3)
    assert found.labelled == (400, 180)
    assert found.asked.first is not None
    assert found.asked.first.rows == 400
    assert "on the 2 days that both have labels of" in " ".join(version_verdict.sentences(found))


def test_without_a_common_day_there_is_nothing_to_compare(made: Made) -> None:
    found = compared(
        made("blue", days=range(3), rows=200, right=0.8),
        made("green", days=range(3, 6), rows=200, right=0.8),
    )
    assert found.asked.result.status == "no_data"
    assert version_verdict.headline(found) == "Nothing to compare yet"
    assert version_verdict.status_of(found) == "no_data"


@pytest.mark.parametrize(
    ("right", "headline"),
    [
        (0.9, "green is better than blue"),
        (0.7, "green is worse than blue"),
        (0.805, "Cannot tell yet"),
    ],
)
def test_the_verdict_names_a_winner_only_if_there_is_one(
    made: Made, right: float, headline: str
) -> None:
    found = compared(
        made("blue", days=range(5), rows=400, right=0.8, seed=1),
        made("green", days=range(5), rows=300, right=right, seed=2),
    )
    assert version_verdict.headline(found) == headline
    interval = found.asked.result.interval
    assert interval is not None
    assert (interval.low <= 0 <= interval.high) == (headline == "Cannot tell yet")


def test_no_winner_has_an_interval_that_holds_0(made: Made) -> None:
    for seed in range(12):
        found = compared(
            made("blue", days=range(2), rows=150, right=0.8, seed=seed),
            made("green", days=range(2), rows=80, right=0.85, seed=100 + seed),
        )
        told = version_verdict.status_of(found) in {"ok", "breached"}
        assert not told or (
            found.asked.found is not None
            and found.asked.found.is_certain
            and found.adjusted is not None
            and found.adjusted.found is not None
            and found.adjusted.found.is_certain
        )


def test_few_labels_get_no_verdict_however_far_apart(made: Made) -> None:
    found = compared(
        made("blue", days=range(2), rows=300, right=0.95),
        made("green", days=range(2), rows=40, right=0.3, seed=3),
    )
    assert found.asked.found is not None
    assert found.asked.found.is_certain
    assert version_verdict.headline(found) == "Not enough labels to tell"
    assert "80 labels, 100 needed" in " ".join(version_verdict.sentences(found))


def test_what_is_needed_is_said(made: Made) -> None:
    found = compared(
        made("blue", days=range(5), rows=400, right=0.8, seed=1),
        made("green", days=range(5), rows=100, right=0.82, seed=2),
    )
    said = " ".join(version_verdict.sentences(found))
    assert "which holds 0" in said
    assert "more labels of green are needed" in said or "too small to wait for" in said
    assert "They answered different requests" in said


def test_labels_are_needed_of_the_side_with_fewer(made: Made) -> None:
    blue = made("blue", days=range(5), rows=400, right=0.8, seed=1)
    green = made("green", days=range(5), rows=100, right=0.82, seed=2)
    found = version_comparison.run(("green", "blue"), (green, blue), "accuracy", WINDOW)
    said = " ".join(version_verdict.sentences(found))
    assert "more labels of blue" not in said


def test_shadowed_requests_are_compared_in_pairs(made: Made) -> None:
    found = compared(
        made("blue", days=range(3), rows=200, right=0.80, ids="r", seed=5),
        made("green", days=range(3), rows=150, right=0.95, ids="r", seed=5),
    )
    assert found.shared.requests == 450
    assert found.shared.agreement is not None
    assert 0 < found.shared.agreement < 1
    assert found.paired is not None
    assert found.deciding is found.paired
    assert found.paired.result.rows == 450
    assert "450 requests with a label that both answered" in " ".join(
        version_verdict.sentences(found)
    )


def test_agreement_is_counted_row_by_row(made: Made) -> None:
    blue = made("blue", days=range(1), rows=200, right=0.8, ids="r", seed=5)
    found = compared(blue, blue)
    assert found.shared.agreement == 1.0
    assert found.paired is not None
    assert found.paired.found is not None
    assert found.paired.found.value == 0.0
    assert version_verdict.headline(found) == "Cannot tell yet"


def test_without_shared_requests_the_reason_is_said(made: Made) -> None:
    found = compared(
        made("blue", days=range(1), rows=200, right=0.8),
        made("green", days=range(1), rows=200, right=0.8),
    )
    assert found.shared.agreement is None
    assert found.shared.reason == WHY_NONE


def test_other_tasks_are_refused(made: Made) -> None:
    blue = made("blue", days=range(1), rows=10, right=0.8)
    number = PredictedDays(blue.tables, Columns(task="regression", prediction="prediction"))
    with pytest.raises(SchemaMismatch, match="regression"):
        compared(blue, number)


def step(day: int, requests: int, faults: int, p95: float | None) -> Step:
    return Step(Window.day(FIRST + timedelta(days=day)), requests, faults, p95)


def test_traffic_is_compared_on_days_that_both_were_asked() -> None:
    blue = [step(day, 1000, 20, 200.0 + day) for day in range(8)]
    green = [step(day, 100, 0, 120.0 + day) for day in range(2, 9)] + [step(9, 0, 0, None)]
    found = version_traffic.compare(("Blue", "green"), {"blue": blue, "green": green}, WINDOW)
    assert len(found.days) == 6
    assert found.errors.first is not None
    assert found.errors.first.value == pytest.approx(0.02)
    assert found.errors.first.rows == 6000
    assert found.errors.result.status == "ok"
    assert found.latency.found is not None
    assert found.latency.found.value == pytest.approx(-80.0)
    assert found.split["green"][FIRST + timedelta(days=8)] == 100
    assert "that is better" in version_verdict.of_traffic(found)[0]


def test_one_bad_day_does_not_condemn_a_deployment() -> None:
    blue = [step(day, 1000, 2, 100.0 + day % 3) for day in range(8)]
    green = [step(day, 1000, 500 if day == 3 else 2, 100.0 + day % 2) for day in range(8)]
    found = version_traffic.compare(NAMES, {"blue": blue, "green": green}, WINDOW)
    assert found.errors.result.status == "not_enough_data"
    assert "cannot tell" in version_verdict.of_traffic(found)[0]


def test_inputs_need_a_day_in_common(made: Made) -> None:
    days = [made(n, days=d, rows=50, right=0.8) for n, d in
            (("blue", range(2)), ("green", range(2, 4)))]  # fmt: skip
    with pytest.raises(NotEnoughData, match="no day in common"):
        version_inputs.run(NAMES, (days[0], days[1]))


def test_blue_and_green_of_the_sample_answer_different_requests(azure: Azure) -> None:
    deployed = Deployed(azure)
    endpoint = next(e for e in deployed.inventory.endpoints() if e.name == "flight-delay")
    window = Window(datetime(2026, 10, 28, tzinfo=UTC), datetime(2026, 11, 18, tzinfo=UTC))
    found = tuple(deployed.rows(d, deployed.model(d), window) for d in endpoint.deployments)
    report = version_comparison.run(NAMES, (found[0], found[1]), "accuracy", window)
    assert report.days[0] == date(2026, 11, 4)  # green came that day
    assert report.left_out == (7, 0)
    assert report.shared.reason == WHY_NONE
    assert report.adjusted is not None
    drift = version_inputs.run(NAMES, (found[0], found[1]))
    deciding = {r.subject for r in drift.results if r.status == "breached"}
    assert deciding == set()  # the split is random, so that both are asked alike
    assert {"carrier", "temp"} <= {r.subject for r in drift.results}
