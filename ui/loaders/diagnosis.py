"""What is going on with a deployment, in words: the evidence of five signals, as they are in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitoring.progress import part
from ui.loaders import monitor, signals
from ui.loaders.monitor import Asked

if TYPE_CHECKING:
    from monitoring.baselines.served import Options
    from monitoring.explain.evidence import Diagnosed
    from monitoring.kept.memory import Entry
    from monitoring.progress import Progress
    from monitoring.segment import Segment
    from monitoring.signal import Question
    from monitoring.window import Window

#: Signal -> its part of the progress.
PARTS = {
    "data_drift": (0.0, 0.2),
    "prediction_drift": (0.2, 0.4),
    "model_performance": (0.4, 0.5),
    "estimated_performance": (0.5, 0.8),
    "data_quality": (0.8, 1.0),
}


def asked(endpoint: str, deployment: str, window: Window, metric: str, segment: Segment) -> Asked:
    """Return the question: what is in force for each of the signals is a part of it."""
    held = tuple(monitor.in_force(name, endpoint, deployment).digest for name in PARTS)
    return Asked(
        signal="model_performance",
        endpoint=endpoint,
        deployment=deployment,
        window=window,
        segment=segment,
        more=("diagnosis", metric, *held),
    )


def diagnosis(question: Asked, progress: Progress | None = None) -> Entry[Diagnosed]:
    """Return what is going on. A signal that cannot be measured is named and leaves the others standing.

    Raises:
        SourceError: The model is not known.
    """
    from monitoring.explain import evidence  # noqa: PLC0415 - costs a second

    _, metric, *_ = question.more

    def measure(here: Question, options: Options) -> Diagnosed:
        def report(name: str) -> Any:
            one = Asked(
                signal=name,
                endpoint=question.endpoint,
                deployment=question.deployment,
                window=question.window,
                segment=options.segment,
            )
            return signals.answer(one, part(here.progress, *PARTS[name])).value

        return evidence.diagnosed(report, metric)

    return monitor.entry(question, measure, progress)
