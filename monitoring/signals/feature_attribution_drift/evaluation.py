"""Feature attribution drift of a deployment: what every page, incident and command asks."""

from __future__ import annotations

from monitoring.baselines.served import AS_IN_FORCE, Options, Served
from monitoring.signal import Findings, Question
from monitoring.signals.feature_attribution_drift import report as attribution
from monitoring.signals.feature_attribution_drift.report import SIGNAL, AttributionReport
from monitoring.sources.models import Models
from monitoring.workspace.registered_model import RegisteredModel


def of_deployment(
    question: Question, options: Options = AS_IN_FORCE, *, model: RegisteredModel | None = None
) -> AttributionReport:
    """Return whether the model relies on other features than before.

    Args:
        model: The registered model, if it is open already.

    Raises:
        SourceError: The model cannot be opened, or its data cannot be reached.
        SchemaMismatch: A column that the model wants was not collected.
        NotEnoughData: There are too few rows or features.
    """
    here = Served(question, SIGNAL, options)
    return attribution.run(
        model or Models(here.deployed.azure).load(here.model),
        here.baseline,
        here.days.tables,
        question.window,
        thresholds=here.thresholds,
        notes=here.days.notes,
        taken=question.taken,
        place=question.place,
        progress=here.progress(0.5, 1.0),
    )


def evaluate(question: Question) -> Findings:
    """Return the gain of each day."""
    here = Served(question, SIGNAL)
    if not here.days.tables:
        return Findings()
    return Findings(here.by_step(of_deployment(question).history))
