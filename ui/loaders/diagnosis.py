"""What is going on with a deployment, in words: the evidence of five signals, as they are in force."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from monitoring.baselines.served import Options
from monitoring.explain import evidence
from monitoring.explain.evidence import Diagnosed
from monitoring.kept.memory import Entry
from monitoring.progress import Progress, part
from monitoring.signal import Question
from ui.loaders import monitor, signals
from ui.loaders.monitor import Asked

#: Signal -> its part of the progress.
PARTS = {
    "data_drift": (0.0, 0.2),
    "prediction_drift": (0.2, 0.4),
    "model_performance": (0.4, 0.5),
    "estimated_performance": (0.5, 0.8),
    "data_quality": (0.8, 1.0),
}


def asked(own: Asked, metric: str) -> Asked:
    """Return the question: what is in force for each of the signals is a part of it."""
    place = own.endpoint, own.deployment
    held = tuple(monitor.in_force(name, *place).digest for name in PARTS)
    return replace(own, signal="model_performance", more=("diagnosis", metric, *held))


def diagnosis(question: Asked, progress: Progress | None = None) -> Entry[Diagnosed]:
    """Return what is going on. A signal that cannot be measured is named and leaves the others standing."""
    _, metric, *_ = question.more

    def measure(here: Question, options: Options) -> Diagnosed:
        own = replace(question, segment=options.segment, more=())

        def report(name: str) -> Any:
            say = part(here.progress, *PARTS[name])
            return signals.answer(replace(own, signal=name), say).value

        return evidence.diagnosed(report, metric)

    return monitor.entry(question, measure, progress)
