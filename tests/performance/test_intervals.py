"""The 95 % interval of every metric holds the true value in about 95 of 100 draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitoring.counting.engine import outcomes as counting
from monitoring.counting.totals.outcomes import Columns, Outcomes
from monitoring.metrics.performance import METRICS

DRAWS = 300
#: So large that its value stands for the true one.
MANY = 400_000
#: A fair 95 % interval falls below once in a thousand runs of 300 draws; those of averages over
#: classes are a little wide where nearly all is right.
LEAST, MOST = 0.91, 0.99


def binary(random: np.random.Generator, n: int, rare: float, lift: float) -> dict[str, Any]:
    truth = random.random(n) < rare
    logit = random.normal(size=n) + lift * truth + np.log(rare / (1 - rare)) / 2
    score = 1 / (1 + np.exp(-logit))
    return {"label": truth.astype(int), "prediction": (score > 0.5).astype(int), "p1": score}


def calibrated(random: np.random.Generator, n: int) -> dict[str, Any]:
    score = random.beta(1, 3, n)
    truth = (random.random(n) < score).astype(int)
    return {"label": truth, "prediction": (score > 0.4).astype(int), "p1": score}


def multiclass(random: np.random.Generator, n: int, k: int, lift: float) -> dict[str, Any]:
    truth = random.choice(k, n, p=np.arange(1, k + 1) / (k * (k + 1) / 2))
    logits = random.normal(size=(n, k))
    logits[np.arange(n), truth] += lift
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    columns = {f"p{c}": scores[:, c] for c in range(k)}
    return {"label": truth, "prediction": scores.argmax(axis=1), **columns}


def regression(random: np.random.Generator, n: int, offset: float) -> dict[str, Any]:
    y = random.gamma(4, 5, n)
    return {"label": y, "prediction": y * 1.05 + offset + random.normal(0, 1 + y / 10, n)}


Draw = Callable[[np.random.Generator, int], dict[str, Any]]
SETTINGS: dict[str, tuple[int, Draw]] = {
    "binary": (400, lambda random, n: binary(random, n, 0.3, 2.0)),
    "rare": (4_000, lambda random, n: binary(random, n, 0.03, 2.5)),
    "nearly right": (600, lambda random, n: binary(random, n, 0.4, 4.0)),
    "calibrated": (1_000, calibrated),
    "3 classes": (400, lambda random, n: multiclass(random, n, 3, 1.5)),
    "8 classes": (800, lambda random, n: multiclass(random, n, 8, 2.5)),
    "regression": (300, lambda random, n: regression(random, n, 0.5)),
}


def counted(rows: dict[str, Any]) -> Outcomes:
    scores = {name[1:]: name for name in rows if name.startswith("p") and name != "prediction"}
    task: Any = "regression"
    if scores:
        task = "binary_classification" if len(scores) == 1 else "multiclass_classification"
    columns = Columns(task, "prediction", "label", scores)
    classes = tuple(scores) if len(scores) > 1 else ("0", "1")
    batch = pa.record_batch([pa.array(values) for values in rows.values()], names=list(rows))
    return counting._counted(batch, columns, () if task == "regression" else classes)


@pytest.mark.slow
@pytest.mark.parametrize("setting", SETTINGS)
def test_intervals_hold_the_true_value(setting: str) -> None:
    n, draw = SETTINGS[setting]
    random = np.random.default_rng(7)
    truth = counted(draw(random, MANY))
    draws = [counted(draw(random, n)) for _ in range(DRAWS)]
    task = "regression" if setting == "regression" else "multiclass_classification"
    held: dict[str, float] = {}
    for name, metric in METRICS.items():
        if task in metric.tasks:
            true = metric.measure(truth).value
            found = [metric.measure(outcomes).interval for outcomes in draws]
            held[name] = float(np.mean([each.low <= true <= each.high for each in found]))
    for name, metric in METRICS.items():
        if task in metric.tasks and metric.weighted:
            true = metric.weighted(truth).value
            found = [metric.weighted(outcomes).interval for outcomes in draws]
            held[f"{name}, weighted"] = float(
                np.mean([each.low <= true <= each.high for each in found])
            )
    assert {k: v for k, v in held.items() if not LEAST <= v <= MOST} == {}
