"""Judged numbers put into a store as the evaluator does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from monitoring.metric import MetricResult
from monitoring.results.evaluation import Evaluation
from monitoring.results.store import Results
from monitoring.window import Window


def keep(
    store: Results,
    results: Iterable[MetricResult],
    workspace: str,
    *,
    evaluated: datetime,
    fingerprint: str = "1",
    missing: tuple[str, ...] = (),
) -> None:
    """Keep results: those of one day, signal and place are one evaluation."""
    parts: dict[tuple[object, ...], list[MetricResult]] = {}
    for each in results:
        assert each.window is not None
        own = replace(each, place=replace(each.place, workspace=workspace))
        day = Window.day(each.window.start.date())
        key = own.place.whole, own.signal, each.window.length, day
        parts.setdefault(key, []).append(own)
    store.add(
        Evaluation(
            place=place, signal=signal, step=step, results=tuple(own), in_force="", version=1,
            window=Window(min(r.window.start for r in own), max(r.window.end for r in own)),
            fingerprint=fingerprint, evaluated=evaluated, seconds=0.1, complete=not missing,
            missing=missing,
        )
        for (place, signal, step, _), own in parts.items()
    )  # fmt: skip
