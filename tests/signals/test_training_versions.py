"""Versions of training data: read once, compared pairwise, what changed between them named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from monitoring.compare import training_versions
from monitoring.compare.training_versions import Cells, TrainingVersion
from monitoring.counting.engine import counting
from monitoring.counting.engine.tables import open_table, write_table
from monitoring.errors import SourceError
from monitoring.sources.azure import Azure
from monitoring.sources.deployed import Deployed
from monitoring.workspace.models import ModelVersion

MODEL = ModelVersion(
    "m", "1", "", None, tags={"task": "binary_classification", "target_column": "y"}
)


def version(path: Path, name: str, cells: Cells, **columns: object) -> TrainingVersion:
    table = write_table(columns, path / f"{name}.parquet")
    return training_versions.of_table(TrainingVersion(name, ("m:1",), None), table, cells)


@pytest.fixture
def models(azure: Azure) -> Sequence[ModelVersion]:
    return [m for m in Deployed(azure).inventory.models() if m.name == "flight-delay"]


def test_v2_of_flight_delay_was_trained_on_warmer_months(
    azure: Azure, models: Sequence[ModelVersion], tmp_path: Path
) -> None:
    found = training_versions.run(Deployed(azure), models, store=tmp_path)
    first, second = found.versions
    assert (first.asset, second.asset) == ("flight-delay-training:1", "flight-delay-training:2")
    assert first.rows < second.rows
    assert first.registered is not None
    assert second.registered is not None
    assert first.registered < second.registered
    pair = found.pair(second.asset, first.asset)  # in either order
    assert pair is not None
    assert pair.differing[0] == "temp"  # January to March against April to November
    assert (first.profiles["temp"].mean or 0) + 20 < (second.profiles["temp"].mean or 0)
    assert {"carrier", "origin", "distance"}.isdisjoint(pair.differing)
    assert pair.added == pair.removed == pair.retyped == ()


def test_the_rate_of_late_flights_is_that_of_the_rows(
    azure: Azure, models: Sequence[ModelVersion], tmp_path: Path
) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415

    deployed = Deployed(azure)
    found = training_versions.run(deployed, models, store=tmp_path)
    for each, version_ in zip(found.versions, ("1", "2"), strict=True):
        path = deployed.collected.training(
            deployed.inventory.data("flight-delay-training", version_)
        )
        late = pq.read_table(path)["was_late"].to_numpy()
        assert each.rows == len(late)
        assert each.target is not None
        assert each.target.of == "share of 1"
        assert each.target.value == pytest.approx(late.mean())
        assert each.target.interval.low < late.mean() < each.target.interval.high


def test_a_second_look_reads_no_row(
    azure: Azure, models: Sequence[ModelVersion], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = training_versions.run(Deployed(azure), models, store=tmp_path)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("rows were read again")

    for name in ("profile", "profile_reference", "features"):
        monkeypatch.setattr(counting, name, refuse)
    second = training_versions.run(Deployed(azure), models, store=tmp_path)
    for one, two in zip(first.versions, second.versions, strict=True):
        assert one.rows == two.rows
        assert one.target == two.target
    (before,), (after,) = first.pairs.values(), second.pairs.values()
    assert [r.value for r in before.results] == [r.value for r in after.results]


def test_versions_compare_as_two_tables_do(
    azure: Azure, models: Sequence[ModelVersion], tmp_path: Path
) -> None:
    from monitoring.signals.data_drift.comparison import compare_tables  # noqa: PLC0415

    deployed = Deployed(azure)
    found = training_versions.run(deployed, models, store=tmp_path)
    tables = [
        open_table(deployed.collected.training(deployed.inventory.data("flight-delay-training", v)))
        for v in ("1", "2")
    ]
    direct = compare_tables(*tables, features=["temp", "carrier", "distance"])
    (pair,) = found.pairs.values()
    values = {(r.subject, r.metric): r.value for r in pair.results}
    for each in direct:
        assert values[each.subject, each.metric] == pytest.approx(each.value)


def test_changes_of_the_schema_are_named(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    cells = Cells(None, MODEL)
    x, y = random.normal(size=400), random.integers(0, 2, 400)
    one = version(tmp_path, "one", cells, x=x, gone=x, kind=x, y=y)
    two = version(tmp_path, "two", cells, x=x, new=x, kind=["a", "b"] * 200, y=y)
    three = version(tmp_path, "three", cells, x=x + 3, new=x + 3, kind=x, y=y)
    pair = training_versions.compare(one, two)
    assert (pair.added, pair.removed, pair.retyped) == (("new",), ("gone",), ("kind",))
    assert pair.differing == ()
    later = training_versions.compare(two, three)  # a column that the oldest version has not
    assert set(later.differing) == {"x", "new"}


def test_one_unreadable_version_leaves_the_others(
    azure: Azure, models: Sequence[ModelVersion], tmp_path: Path
) -> None:
    lost = ModelVersion(
        "flight-delay",
        "3",
        "",
        datetime(2026, 11, 20, tzinfo=UTC),
        tags={**MODEL.tags, "target_column": "was_late", "training_data": "azureml:no-such:1"},
    )
    found = training_versions.run(Deployed(azure), [*models, lost], store=tmp_path)
    assert [bool(each.reason) for each in found.versions] == [False, False, True]
    assert len(found.pairs) == 1


def test_models_that_name_no_training_data_are_refused(azure: Azure) -> None:
    with pytest.raises(SourceError, match="names its training data"):
        training_versions.run(Deployed(azure), [MODEL])


def test_the_target_of_a_regression_is_a_mean(tmp_path: Path) -> None:
    model = ModelVersion("m", "1", "", None, tags={"task": "regression", "target_column": "y"})
    y = np.arange(100.0)
    found = version(tmp_path, "one", Cells(None, model), y=y)
    assert found.target is not None
    assert found.target.value == pytest.approx(49.5)
    reach = 1.959964 * y.std(ddof=1) / 10
    assert found.target.interval.high == pytest.approx(49.5 + reach)
