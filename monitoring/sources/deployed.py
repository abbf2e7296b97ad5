"""One deployment, seen whole: its model, its collected days, its predictions with their labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from monitoring.counting.engine.columns import is_integer, kind_of
from monitoring.counting.engine.segments import filtered
from monitoring.counting.engine.tables import Table, open_table
from monitoring.counting.totals.outcomes import Columns
from monitoring.errors import SourceError
from monitoring.segment import EVERYONE, Segment
from monitoring.sources.azure import Azure
from monitoring.sources.collected import Collected
from monitoring.sources.registry import Inventory
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment
from monitoring.workspace.models import ModelVersion

INPUTS, OUTPUTS = "model_inputs", "model_outputs"
#: Columns that identify a collected row; they are no features.
KEYS = ("correlationid", "time", "_index")

Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class CollectedDays:
    """One table per UTC day that has rows, and in words what could not be used."""

    tables: Mapping[date, Table]
    notes: tuple[str, ...] = ()
    faults: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class PredictedDays:
    """Predictions with labels and inputs: one table per UTC day that has any.

    columns: which of their columns hold what. faults: rows by what they lack, in all rows of the
    window, whatever the segment.
    """

    tables: Mapping[date, Table]
    columns: Columns
    faults: Mapping[str, int] = field(default_factory=dict)


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
                f"The deployment {deployment.endpoint}/{deployment.name} names no registered model"
                + (f": {deployment.fault}" if deployment.fault else ""),
                hint="Register the model and deploy it by name and version.",
            )
        asset = deployment.model
        return self.inventory.model(asset.name, asset.version, asset.registry)

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
        segment: Segment = EVERYONE,
    ) -> CollectedDays:
        """Return the collected inputs of each day of a window, cut down to a segment.

        Raises:
            SourceError: The container cannot be read.
            InputError: The segment asks about a column that was not collected.
        """
        days = self.collected.days(deployment.endpoint, deployment.name, INPUTS, window)
        tables: dict[date, Table] = {}
        faults: Counter[str] = Counter()
        for done, day in enumerate(days):
            if progress:
                progress(done / len(days), f"Reading {day:%d %b %Y}, day {done + 1} of {len(days)}")
            found = self.collected.day(deployment.endpoint, deployment.name, INPUTS, day, columns)
            faults.update(found.faults)
            if found.path and (table := self.cut(open_table(found.path), segment)).rows:
                tables[day] = table
        notes = tuple(f"Left out: {name} ({n:,})." for name, n in faults.most_common())
        return CollectedDays(tables, notes, faults)

    def rows(
        self,
        deployment: Deployment,
        model: ModelVersion,
        window: Window,
        segment: Segment = EVERYONE,
        progress: Progress | None = None,
    ) -> PredictedDays:
        """Return the predictions of each day with labels and inputs, cut down to a segment.

        Without ground truth the labels are null.

        Raises:
            SourceError: The model's tags do not say what its columns are, or they cannot be read.
            InputError: The segment asks about a column that was not collected.
        """
        types = self.columns(model)
        truth = self.labels_path(model)
        tables: dict[date, Table] = {}
        faults: Counter[str] = Counter()
        here, days = (deployment.endpoint, deployment.name), window.days()
        for found in self.collected.rows(*here, window, model, truth, types):
            if progress:
                progress((days.index(found.day) + 1) / len(days), f"Joined {found.day:%d %b %Y}")
            faults.update(found.faults)
            if found.path and (table := self.cut(open_table(found.path), segment)).rows:
                tables[found.day] = table
        seen = tables[max(tables)].columns if tables else {}
        return PredictedDays(tables, columns_of(model, tuple(seen), tuple(types)), faults)

    def cut(self, table: Table, segment: Segment) -> Table:
        """Return the rows of a table that lie in a segment."""
        return filtered(table, segment, self.azure.settings.cache)

    def labels_path(self, model: ModelVersion) -> str | None:
        """Return where a model's labels arrive; None if it does not say.

        Raises:
            SourceError: The workspace does not know the data asset.
        """
        if model.ground_truth is None:
            return None
        asset = model.ground_truth
        return self.inventory.data(asset.name, asset.version, asset.registry).path


def columns_of(model: ModelVersion, seen: tuple[str, ...], features: tuple[str, ...]) -> Columns:
    """Return which columns of the rows of a model hold what.

    Raises:
        SourceError: The model does not say its task.
    """
    if model.task is None:
        raise SourceError(
            f"The model {str(model.id)!r} does not say its task",
            hint="Add the tag task to the model version, e.g. regression.",
        )
    names = (f"{n}_input" if f"{n}_input" in seen else n for n in features)
    return Columns(
        task=model.task,
        prediction="prediction",
        label="label",
        probabilities=_probabilities(model, seen),
        features=tuple(n for n in names if n in seen),
        time="time",
        delay_seconds="label_delay_seconds",
    )


def _probabilities(model: ModelVersion, seen: Iterable[str]) -> dict[str, str]:
    """Return the column of the probability of each class; of two classes, of the positive one."""
    prefix = model.probability_column
    if prefix and model.task == "multiclass_classification":
        return {name.removeprefix(prefix): name for name in seen if name.startswith(prefix)}
    if prefix and model.task == "binary_classification":
        return {model.tags.get("positive_class", ""): "probability"}
    return {}


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
