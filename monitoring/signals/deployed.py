"""One deployment, seen whole: its model, the baselines it can be compared with, its collected days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from monitoring.baseline import Baseline, take_baseline
from monitoring.engine.columns import is_integer, kind_of
from monitoring.engine.tables import Table, open_table, union
from monitoring.errors import SourceError
from monitoring.scores import PerformanceMetric, Scores
from monitoring.sources.azure import Azure
from monitoring.sources.collected import Collected
from monitoring.sources.registry import AssetId, Deployment, Inventory, ModelVersion
from monitoring.window import Window

INPUTS = "model_inputs"
#: Columns that identify a collected row; they are no features.
KEYS = ("correlationid", "time", "_index")
BEFORE = "The period before"

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class BaselineChoice:
    """A baseline that a reader can choose: training data, or the period before the window."""

    label: str
    asset: AssetId | None


@dataclass(frozen=True, eq=False)
class CollectedDays:
    """One table per UTC day that has rows, and in words what could not be used."""

    tables: Mapping[date, Table]
    notes: tuple[str, ...] = ()


@dataclass
class Deployed:
    """Answers questions about the deployments of a workspace."""

    azure: Azure
    inventory: Inventory = field(init=False)
    collected: Collected = field(init=False)

    def __post_init__(self) -> None:
        self.inventory = Inventory(self.azure)
        self.collected = Collected(self.azure)

    def model(self, deployment: Deployment) -> ModelVersion:
        """Return the model version that a deployment serves.

        Raises:
            SourceError: The deployment names none, or the registry does not know it.
        """
        if deployment.model is None:
            raise SourceError(
                f"The deployment {deployment.endpoint}/{deployment.name} names no registered model",
                hint="Register the model and deploy it by name and version.",
            )
        asset = deployment.model
        return self.inventory.model(asset.name, asset.version, asset.registry)

    def baselines(self, model: ModelVersion) -> tuple[BaselineChoice, ...]:
        """Return what a model's inputs can be compared with; its own training data comes first."""
        versions = [each for each in self.inventory.models() if each.name == model.name]
        assets = [each.training_data for each in (model, *versions) if each.training_data]
        training = [BaselineChoice(f"Training data {a}", a) for a in dict.fromkeys(assets)]
        return (*training, BaselineChoice(BEFORE, None))

    def baseline(
        self,
        deployment: Deployment,
        model: ModelVersion,
        choice: BaselineChoice,
        window: Window,
        progress: Progress | None = None,
    ) -> Baseline:
        """Count a baseline.

        Raises:
            SourceError: Its data cannot be reached.
            InputError: Its data cannot be read.
        """
        if choice.asset is None:
            before = Window(window.start - window.length, window.start)
            days = self.days(deployment, before, self.columns(model))
            if not days.tables:
                raise SourceError(
                    f"Nothing was collected in {before}",
                    hint="Choose a later window, or training data as the baseline.",
                )
            table, name = union(list(days.tables.values()), str(before)), f"{BEFORE}, {before}"
        else:
            asset = choice.asset
            data = self.inventory.data(asset.name, asset.version, asset.registry)
            table, name = open_table(self.collected.training(data)), choice.label
        features = [n for n in table.columns if n not in {*KEYS, model.target_column}]
        return take_baseline(name, table, features=features, progress=progress)

    def columns(self, model: ModelVersion) -> dict[str, str]:
        """Return the DuckDB type of each training column, so that collected JSON is read alike.

        JSON cannot tell 3 from 3.0: without it a feature could change type from day to day.
        """
        if model.training_data is None:
            return {}
        asset = model.training_data
        data = self.inventory.data(asset.name, asset.version, asset.registry)
        table = open_table(self.collected.training(data))
        typed = {name: _duckdb_type(dtype) for name, dtype in table.columns.items()}
        return {name: kind for name, kind in typed.items() if kind and name != model.target_column}

    def days(
        self,
        deployment: Deployment,
        window: Window,
        columns: Mapping[str, str],
        progress: Progress | None = None,
    ) -> CollectedDays:
        """Return the collected inputs of each day of a window.

        Raises:
            SourceError: The container cannot be read.
        """
        days = self.collected.days(deployment.endpoint, deployment.name, INPUTS, window)
        tables: dict[date, Table] = {}
        faults: Counter[str] = Counter()
        for done, day in enumerate(days):
            if progress:
                progress(done / len(days), f"Reading {day:%d %b %Y}, day {done + 1} of {len(days)}")
            found = self.collected.day(deployment.endpoint, deployment.name, INPUTS, day, columns)
            faults.update(found.faults)
            if found.path:
                tables[day] = open_table(found.path)
        notes = tuple(f"Left out: {name} ({n:,})." for name, n in faults.most_common())
        return CollectedDays(tables, notes)

    def scores(
        self, deployment: Deployment, model: ModelVersion, metric: PerformanceMetric, window: Window
    ) -> dict[date, Scores]:
        """Return realized scores of each day with predictions.

        Raises:
            SourceError: The model names no ground truth, or it cannot be read.
        """
        if model.ground_truth is None:
            raise SourceError(
                f"The model {str(model.id)!r} does not say where its labels arrive",
                hint="Add the tag ground_truth, e.g. azureml:labels:1, to the model version.",
            )
        asset = model.ground_truth
        truth = self.inventory.data(asset.name, asset.version, asset.registry).path
        found = self.collected.joined(deployment.endpoint, deployment.name, window, model, truth)
        return {each.day: _scores(open_table(each.path), metric) for each in found if each.path}


def _scores(table: Table, metric: PerformanceMetric) -> Scores:
    import pyarrow.parquet as pq  # noqa: PLC0415 - it is loaded by now

    rows = pq.read_table(table.paths[0], columns=["prediction", "label"])
    known = rows.filter(rows["label"].is_valid()) if rows.num_rows else rows
    predictions = np.array(known["prediction"].to_pylist())
    labels = np.array(known["label"].to_pylist())
    return metric.scores(predictions, labels, unlabelled=rows.num_rows - known.num_rows)


def _duckdb_type(dtype: str) -> str | None:
    match kind_of(dtype):
        case "number":
            return "BIGINT" if is_integer(dtype) else "DOUBLE"
        case "flag":
            return "BOOLEAN"
        case "text":
            return "VARCHAR"
        case "time":
            return "TIMESTAMP"
    return None
