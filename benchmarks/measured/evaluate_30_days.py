"""Print the processor time of evaluating 30 days of the sample, all quick signals, and its split.

From an empty store of results and an empty cache: what was collected is read, counted, judged, kept
and folded into incidents, in this process, as an evaluator's first round does up to its 30th day. The
sample itself is built before: `python -m benchmarks.measured.evaluate_30_days [CACHE]`.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitoring.evaluator import build, rounds
from monitoring.settings import Settings
from monitoring.signal import Findings, Question
from monitoring.signals import SIGNALS
from monitoring.window import DAY
from sample.builder import build as build_sample

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SEED = 2013
MONTH = 30 * DAY


def main(cache: str = ".cache") -> None:
    """Evaluate, and print seconds by signal and grid, the dearest first, then all of them."""
    folder = build_sample(Path(cache), NOW, SEED, lambda _share, _text: None)
    spent: Counter[str] = Counter()
    for name, signal in [*SIGNALS.items()]:
        SIGNALS[name] = replace(signal, evaluate=_timed(name, signal.evaluate, spent))
    rungs = [each for each in rounds.RUNGS if each <= MONTH]
    rounds.RUNGS = tuple(rungs)  # type: ignore[assignment]  # as many as are measured
    with tempfile.TemporaryDirectory() as empty:
        own = Path(empty) / "cache"
        (own / "sample").mkdir(parents=True)
        (own / "sample" / folder.name).symlink_to(folder.resolve())
        settings = Settings(cache=own, now=NOW, seed=SEED)
        evaluator = build.evaluator(settings, "benchmark")
        start = time.process_time()
        progressed = evaluator.round()
        whole = time.process_time() - start
    for name, seconds in spent.most_common():
        print(f"{seconds:8.2f}  {name}")
    rest = whole - sum(spent.values())
    print(f"{rest:8.2f}  events, keeping, folding and telling")
    found = {"process_cpu_seconds": round(whole, 2), "tasks": progressed.evaluated}
    by_hour = sum(n for name, n in spent.items() if name in GROSS)
    print(json.dumps(found | {"gross_hours_cpu_seconds": round(by_hour, 2)}))


#: Signals of days that judge hours for gross changes too.
GROSS = frozenset(
    f"{name} by 1:00:00" for name in ("data_drift", "data_quality", "prediction_drift")
)


def _timed(
    name: str, evaluate: Callable[[Question], Findings], spent: Counter[str]
) -> Callable[[Question], Findings]:
    def timed(question: Question) -> Findings:
        start = time.process_time()
        try:
            return evaluate(question)
        finally:
            step = timedelta(seconds=question.step.total_seconds())
            spent[f"{name} by {step}"] += time.process_time() - start  # type: ignore[assignment]

    return timed


if __name__ == "__main__":
    main(*sys.argv[1:])
