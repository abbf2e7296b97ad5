"""Prediction drift of a deployment: what every page, incident and command asks."""

from __future__ import annotations

from datetime import date

from monitoring.baselines import gross_hours
from monitoring.baselines.served import AS_IN_FORCE, Options, Served
from monitoring.counting.engine.tables import open_table
from monitoring.counting.totals.outcomes import Columns
from monitoring.errors import InputError
from monitoring.signal import Findings, Question
from monitoring.signals.data_drift.report import headline
from monitoring.signals.prediction_drift import report as prediction_drift
from monitoring.signals.prediction_drift.report import PredictionReport, Reference
from monitoring.sources.deployed import PredictedDays
from monitoring.window import DAY, Window

SIGNAL = prediction_drift.SIGNAL


def of_deployment(question: Question, options: Options = AS_IN_FORCE) -> PredictionReport:
    """Return how the outputs of a deployment differ from its baseline, over the window and by day.

    Args:
        question: At the deployment.
        options: What a reader chose instead of what is in force.

    Raises:
        SourceError: Its predictions or the baseline cannot be reached.
        InputError: The baseline holds no outputs, or cannot be read.
        NotEnoughData: There is nothing to compare.
    """
    here = Served(question, SIGNAL, options)
    return _compared(here, here.rows())


def evaluate(question: Question) -> Findings:
    """Return the result that decides on each output, by day."""
    if question.step < DAY:
        return Findings(gross_hours.of_outputs(Served(question, SIGNAL)))
    here = Served(question, SIGNAL)
    rows = here.rows()
    if not rows.tables:
        return Findings()
    daily = _compared(here, rows).drift.daily
    return Findings(here.by_step(r for day in sorted(daily) for r in headline(daily[day]).values()))


def _compared(here: Served, rows: PredictedDays) -> PredictionReport:
    question = here.question
    return prediction_drift.run(
        rows,
        _production(here) if here.choice.rule.is_production else _table(here),
        question.window,
        here.store,
        thresholds=here.thresholds,
        taken=question.taken,
        place=question.place,
        progress=here.progress(0.5, 1.0),
    )


def _production(here: Served) -> Reference:
    choice = here.choice
    needed = choice.rule.needed(here.question.window)
    span = Window(Window.day(needed[0]).start, Window.day(needed[-1]).end)
    known = here.rows(span)
    tables = {day: known.tables[day] for day in needed if day in known.tables}
    return Reference(choice.label, choice.rule, tables, known.columns)


def _table(here: Served) -> Reference:
    """Return training data as a reference: its labels, and its answers if it has any."""
    model, asset = here.model, here.choice.asset
    if asset is None or model.task is None:
        raise InputError(
            f"Cannot compare outputs with {here.choice.label!r}: it is no data asset of the model",
            hint="Choose days of production.",
        )
    data = here.deployed.inventory.data(asset.name, asset.version, asset.registry)
    table = open_table(here.deployed.collected.training(data))
    columns = Columns(model.task, model.prediction_column or "", model.target_column)
    cut = here.deployed.cut(table, here.options.segment)
    return Reference(here.choice.label, None, {date.min: cut}, columns)
