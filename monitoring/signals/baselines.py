"""What a deployment's inputs can be compared with, and the counting of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from monitoring.baseline import Baseline, take_baseline
from monitoring.engine.tables import open_table, union
from monitoring.errors import SourceError
from monitoring.segment import EVERYONE, Segment
from monitoring.signals.deployed import KEYS, Deployed
from monitoring.sources.registry import AssetId, Deployment, ModelVersion
from monitoring.window import Window

BEFORE = "The period before"

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class BaselineChoice:
    """A baseline that a reader can choose: training data, or the period before the window."""

    label: str
    asset: AssetId | None


def choices(deployed: Deployed, model: ModelVersion) -> tuple[BaselineChoice, ...]:
    """Return what a model's inputs can be compared with; its own training data comes first."""
    versions = [each for each in deployed.inventory.models() if each.name == model.name]
    assets = [each.training_data for each in (model, *versions) if each.training_data]
    training = [BaselineChoice(f"Training data {a}", a) for a in dict.fromkeys(assets)]
    return (*training, BaselineChoice(BEFORE, None))


def take(
    deployed: Deployed,
    deployment: Deployment,
    model: ModelVersion,
    choice: BaselineChoice,
    window: Window,
    progress: Progress | None = None,
    segment: Segment = EVERYONE,
) -> Baseline:
    """Count a baseline, cut down to a segment.

    Raises:
        SourceError: Its data cannot be reached.
        InputError: Its data cannot be read, or has no such segment.
    """
    if choice.asset is None:
        before = Window(window.start - window.length, window.start)
        days = deployed.days(deployment, before, deployed.columns(model), segment=segment)
        if not days.tables:
            raise SourceError(
                f"Nothing was collected in {before}",
                hint="Choose a later window, or training data as the baseline.",
            )
        table, name = union(list(days.tables.values()), str(before)), f"{BEFORE}, {before}"
    else:
        asset = choice.asset
        data = deployed.inventory.data(asset.name, asset.version, asset.registry)
        table = deployed.cut(open_table(deployed.collected.training(data)), segment)
        name = choice.label
    features = [n for n in table.columns if n not in {*KEYS, model.target_column}]
    return take_baseline(name, table, features=features, progress=progress)
