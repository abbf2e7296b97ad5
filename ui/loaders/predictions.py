"""Outputs of a deployment, compared with earlier ones."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from monitoring.errors import InputError
from monitoring.place import Place
from monitoring.segment import EVERYONE, Segment
from monitoring.window import Window
from ui.loaders import deployments, workspace
from ui.loaders.workspace import part

if TYPE_CHECKING:
    from monitoring.baselines.choices import BaselineChoice
    from monitoring.counting.engine.tables import Table
    from monitoring.signals.prediction_drift.report import PredictionReport, Reference
    from ui.loaders.workspace import Progress


def baselines(endpoint: str, deployment: str) -> list[str]:
    """Return the names of what outputs can be compared with; days of production come first.

    Raises:
        SourceError: The model is not known.
    """
    return list(_choices(endpoint, deployment))


def report(
    endpoint: str,
    deployment: str,
    baseline: str,
    window: Window,
    progress: Progress,
    segment: Segment = EVERYONE,
) -> PredictionReport:
    """Return how a deployment's outputs differ from a baseline, computed once for all sessions.

    Raises:
        SourceError: Its predictions or the baseline cannot be reached.
        InputError: There is no such baseline, or its data cannot be read.
        NotEnoughData: There is nothing to compare.
    """
    from monitoring.signals.prediction_drift import report as prediction_drift  # noqa: PLC0415 - loads the engine

    choices = _choices(endpoint, deployment)
    if baseline not in choices:
        raise InputError(
            f"There is no baseline {baseline!r} for {endpoint}/{deployment}",
            hint=f"Choose one of {', '.join(choices)}.",
        )

    def measure(say: Progress) -> PredictionReport:
        days = deployments.rows(endpoint, deployment, window, part(say, 0.0, 0.2), segment=segment)
        choice = choices[baseline]
        asked = endpoint, deployment
        reference = (
            _production(*asked, choice, window, part(say, 0.2, 0.5), segment)
            if choice.rule.is_production
            else _table(*asked, choice, segment)
        )
        return prediction_drift.run(
            days,
            reference,
            window,
            workspace.settings().cache,
            taken=workspace.now(),
            place=Place(endpoint=endpoint, deployment=deployment),
            progress=part(say, 0.5, 1.0),
        )

    key = ("predictions", endpoint, deployment, baseline, window, segment)
    return workspace.memory().get(key, measure, fresh=timedelta(minutes=15), progress=progress)


def _choices(endpoint: str, deployment: str) -> dict[str, BaselineChoice]:
    found = deployments.choices(endpoint, deployment, "prediction_drift").values()
    # Stable: training data seldom holds answers, so it comes last.
    ordered = sorted(found, key=lambda choice: not choice.rule.is_production)
    return {choice.label: choice for choice in ordered}


def _production(
    endpoint: str,
    deployment: str,
    choice: BaselineChoice,
    window: Window,
    progress: Progress,
    segment: Segment,
) -> Reference:
    from monitoring.signals.prediction_drift.report import Reference  # noqa: PLC0415 - loads the engine

    needed = choice.rule.needed(window)
    span = Window(Window.day(needed[0]).start, Window.day(needed[-1]).end)
    found = deployments.rows(endpoint, deployment, span, progress, segment=segment)
    tables = {day: found.tables[day] for day in needed if day in found.tables}
    return Reference(choice.label, choice.rule, tables, found.columns)


def _table(endpoint: str, deployment: str, choice: BaselineChoice, segment: Segment) -> Reference:
    """Return training data as a reference: its labels, and its answers if it has any."""
    from monitoring.counting.engine.tables import open_table  # noqa: PLC0415 - loads the engine
    from monitoring.counting.totals.outcomes import Columns  # noqa: PLC0415
    from monitoring.signals.prediction_drift.report import Reference  # noqa: PLC0415

    _, model = deployments.served(endpoint, deployment)
    here, asset = deployments.deployed(), choice.asset
    if asset is None or model.task is None:
        raise InputError(
            f"Cannot compare outputs with {choice.label!r}: it is no data asset of the model",
            hint="Choose days of production.",
        )
    data = here.inventory.data(asset.name, asset.version, asset.registry)
    table: Table = here.cut(open_table(here.collected.training(data)), segment)
    columns = Columns(model.task, model.prediction_column or "", model.target_column)
    return Reference(choice.label, None, {date.min: table}, columns)
