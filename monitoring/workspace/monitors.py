"""Azure ML's own monitoring schedules."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Threshold:
    """One threshold of a monitoring signal, in Azure ML's snake case; value None: Azure's default."""

    metric: str
    value: float | None
    data_type: str = ""


@dataclass(frozen=True, slots=True)
class MonitorSignal:
    """One signal of a monitor: `data_drift`, `data_quality`, ..."""

    name: str
    type: str
    alerts: bool
    thresholds: tuple[Threshold, ...] = ()


@dataclass(frozen=True, slots=True)
class MonitorSchedule:
    """One of Azure ML's own monitoring schedules; `endpoint` and `deployment` are "" without a target."""

    name: str
    enabled: bool
    endpoint: str
    deployment: str
    task: str
    signals: tuple[MonitorSignal, ...]
    emails: tuple[str, ...] = ()
