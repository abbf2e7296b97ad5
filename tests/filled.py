"""A store filled by the real evaluator with numbers that a test has chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from monitoring.evaluator import build
from monitoring.limits import held
from monitoring.place import Place
from monitoring.settings import Settings
from monitoring.signal import DAY, Findings, Question, Signal
from monitoring.signals import SIGNALS
from monitoring.sources.azure import Azure
from monitoring.verdict import draft, judge

BLUE = Place(endpoint="credit", deployment="blue")
#: What is measured: within its threshold, and beyond it.
GOOD, BAD = 0.5, 2.0
#: Steps in breach at the end: what is certain after one is certain after these too.
STEPS = 3


def metric_of(signal: Signal) -> str:
    """The metric that a signal is measured by here."""
    drawn = [lane.metric for lane in signal.lanes if lane.metric]
    return signal.leading or next(iter([*drawn, *signal.metrics]))


def toy(signal: Signal, levels: Mapping[str, float]) -> Signal:
    """The same signal, quick to evaluate: its newest steps are as `levels` says, by its name."""

    def evaluate(question: Question) -> Findings:
        steps = question.window.split(question.step)
        newest = question.taken - STEPS * question.step
        facts = draft(signal=signal.name, metric=metric_of(signal), place=BLUE, threshold=1.0)
        results = [
            judge(replace(facts, window=step, value=levels.get(signal.name, GOOD), rows=100))
            if step.end > newest
            else judge(replace(facts, window=step, value=GOOD, rows=100))
            for step in steps
            if step.end <= question.taken
        ]
        return Findings(held(results, question))

    grid = replace(signal.grids[-1], back=5 * DAY)
    return replace(signal, evaluate=evaluate, grids=(grid,), needs=frozenset())


def fill(azure: Azure, settings: Settings, levels: Mapping[str, float]) -> None:
    """Let the evaluator do one round, in which every signal is evaluated at credit/blue."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "connect", lambda _: azure)
        patch.setattr(build, "EVENT_SOURCES", {})
        for name, signal in [*SIGNALS.items()]:
            patch.setitem(SIGNALS, name, toy(signal, levels))
        evaluator = build.evaluator(settings, "test")
        evaluator.round()
        evaluator.spare()
