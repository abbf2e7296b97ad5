"""Loads and machines made up for tests: minutes of requests whose service is known."""

from __future__ import annotations

import numpy as np

from monitoring.arrays import Floats
from monitoring.capacity.instances import CPU, Capacity, Utilization
from monitoring.capacity.load import EDGES_MS, Load
from monitoring.place import Place

START = np.datetime64("2026-11-14T00:00:00", "s")


BLUE = Place(endpoint="credit", deployment="blue")


def load(counts: Floats, mean_ms: float, seed: int = 0, place: Place = BLUE) -> Load:
    """Requests that all take an exponential time of this mean, counted as the query counts."""
    random = np.random.default_rng(seed)
    n = len(counts)
    within, total = np.zeros((n, len(EDGES_MS))), np.zeros(n)
    for minute, count in enumerate(counts.astype(int)):
        took = np.maximum(random.exponential(mean_ms, count), 1.0)
        within[minute] = (took[:, None] <= np.array(EDGES_MS)).sum(axis=0)
        total[minute] = took.sum()
    there = counts > 0
    minutes = START + np.arange(n) * np.timedelta64(60, "s")
    made = Load(
        place, minutes, counts.astype(float), counts.astype(float), np.zeros(n), total, within
    )
    return made.part(there)


def machines(
    counts: Floats,
    instances: int,
    *,
    idle: float = 5.0,
    per_rpm: float = 1.0,
    seed: int = 0,
    place: Place = BLUE,
) -> tuple[Capacity, Utilization]:
    """Instances at five minutes whose CPU follows the requests."""
    random = np.random.default_rng(seed)
    grains = len(counts) // 5
    times = START + np.arange(grains) * np.timedelta64(300, "s")
    rpm = counts[: grains * 5].reshape(-1, 5).mean(axis=1) / instances
    cpu = idle + per_rpm * rpm + random.normal(0, 0.2, (instances, grains))
    capacity = Capacity(
        place, times, np.full(grains, float(instances)), np.full(grains, float(instances))
    )
    ids = tuple(f"i{n}" for n in range(instances))
    return capacity, Utilization(place, CPU, ids, times, np.clip(cpu, 0, 99))
