"""Health of one deployment: model, data and infrastructure, each as a status and one number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring.capacity import service_level
from monitoring.errors import MonitoringError, NotPermittedError
from monitoring.metric import STATUSES, MetricResult, Status
from monitoring.metrics.performance import METRICS as PERFORMANCE
from monitoring.place import Place
from monitoring.report import SILENCE_OF_DAYS
from monitoring.signals.data_drift.report import DriftReport, headline
from monitoring.signals.data_drift.report import ranked as ranked_features
from monitoring.signals.traffic import judging as traffic
from monitoring.verdict import NEEDED, is_silent, since
from monitoring.window import Window

#: Steps that the number of the infrastructure cell is taken over: as many as end a breach, so that no
#: old fault stands in the number beside a new OK.
RECENT_STEPS = NEEDED


@dataclass(frozen=True, slots=True)
class Health:
    """One cell of the overview.

    value: the number. measure: its name, or why there is none. detail: threshold, interval and rows. since: start
    of the breach that is open now; `is_older` if it was open when the window began. trend: one value per step, None where nothing was measured.
    """

    status: Status
    measure: str
    value: str = ""
    detail: str = ""
    since: datetime | None = None
    is_older: bool = False
    trend: tuple[float | None, ...] = ()
    trend_of: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class DeploymentHealth:
    """One row of the overview."""

    endpoint: str
    deployment: str
    traffic_percent: int | None
    model_version: str
    model: Health
    data: Health
    infrastructure: Health

    @property
    def worst(self) -> Status:
        """The status that decides where the row stands."""
        cells = self.model, self.data, self.infrastructure
        return min((cell.status for cell in cells), key=STATUSES.index)


def ranked(rows: Sequence[DeploymentHealth]) -> list[DeploymentHealth]:
    """Return the most and the newest open problems first, then by name."""

    def order(row: DeploymentHealth) -> tuple[int, int, float, str, str]:
        cells = row.model, row.data, row.infrastructure
        breached = sum(cell.status == "breached" for cell in cells)
        newest = max((cell.since.timestamp() for cell in cells if cell.since), default=0.0)
        return STATUSES.index(row.worst), -breached, -newest, row.endpoint, row.deployment

    return sorted(rows, key=order)


def blind(error: MonitoringError) -> Health:
    """Return the cell of something that could not be measured."""
    status: Status = "not_permitted" if isinstance(error, NotPermittedError) else "no_data"
    return Health(status, error.message, hint=error.hint)


def of_model(
    whole: MetricResult, daily: Sequence[MetricResult], coverage: float | None = None
) -> Health:
    """Sum up realized performance over a window; `coverage` is the share of it that has labels."""
    metric = PERFORMANCE[whole.metric]
    trend = tuple(result.value for result in daily)
    if whole.value is None or whole.interval is None:
        return Health(whole.status, whole.reason, trend=trend, hint=whole.hint)
    start = since(daily) if whole.status == "breached" else None
    sign = "≥" if whole.worse == "lower" else "≤"
    limit = "" if whole.threshold != whole.threshold else f"{sign} {whole.threshold:.3g} · "
    labelled = "" if coverage is None else f" · labels of {coverage:.0%}"
    detail = (
        f"{limit}95 % {whole.interval.low:.3g} to {whole.interval.high:.3g} · n = {whole.rows:,}"
        f"{labelled}"
    )
    return Health(
        whole.status,
        metric.label,
        f"{whole.value:.3g}",
        detail,
        start,
        start is not None and start == _first(daily),
        trend,
        f"{metric.label} per day",
        whole.reason,
    )


def _drifting(results: Sequence[MetricResult]) -> float | None:
    """Features that drift on a day; None without a verdict on any."""
    statuses = [result.status for result in headline(results).values()]
    judged = [status for status in statuses if status in {"ok", "breached"}]
    return float(judged.count("breached")) if judged else None


def _first(results: Sequence[MetricResult]) -> datetime | None:
    window = results[0].window if results else None
    return window.start if window else None


def of_data(report: DriftReport) -> Health:
    """Sum up data drift over a window; it breaches when a feature does, in two of its last three days."""
    deciding = headline(report.results)
    judged = [r for r in deciding.values() if r.status in {"ok", "breached"}]
    if not judged:
        reason = next((r.reason for r in deciding.values() if r.reason), "no collected data")
        return Health("no_data" if not report.daily else "not_enough_data", reason)
    breached = {n: r for n, r in deciding.items() if r.status == "breached"}
    # Where each day is compared with days of its own, the days decide: a week holds good ones too.
    looked_at = deciding if report.baseline.moving else breached
    histories = {name: report.history(name, r.metric) for name, r in looked_at.items()}
    starts = {name: since(history) for name, history in histories.items()}
    # Days too small to be judged leave the whole window's verdict standing.
    small = {n for n, h in histories.items() if not {r.status for r in h} & {"ok", "breached"}}
    open_ = [n for n in ranked_features(looked_at) if starts[n] or n in small & set(breached)]
    days = sorted(report.daily)
    end = report.window.end if report.window else Window.day(days[-1]).end
    silent = end - Window.day(days[-1]).end > SILENCE_OF_DAYS
    trend = tuple(_drifting(report.daily[day]) for day in days)
    rows = max(result.rows for result in judged)
    start = min((s for s in starts.values() if s), default=None)
    others = [] if report.baseline.moving else list(breached)
    names = ", ".join((open_ or others)[:3])
    return Health(
        "stale" if silent else "breached" if open_ else "ok",
        "features that drift",
        f"{len(open_)} of {len(judged)}",
        (f"{names} · " if names else "")
        + f"robust mode, against {report.baseline.name} · n = {rows:,}",
        start,
        start == Window.day(days[0]).start,
        trend,
        "drifting features per day",
        f"Nothing was collected since {days[-1]:%d %b}." if silent else "",
    )


def of_infrastructure(
    place: Place, steps: Sequence[traffic.Step], window: Window, *, left_out: str = ""
) -> Health:
    """Sum up traffic over a window: error rate and 95th percentile of latency, step by step.

    Where the log left rows out (`left_out` says why), what is bad stays bad and nothing is good.
    """
    requests, faults = sum(s.requests for s in steps), sum(s.faults for s in steps)
    whole = traffic.error_rate(place, window, requests, faults)
    if whole.value is None:
        return Health(
            "no_data",
            "No request in the traffic log",
            hint=left_out
            or "If there were any, add a diagnostic setting that sends the "
            "endpoint's AmlOnlineEndpointTrafficLog to the workspace.",
        )
    errors = [traffic.error_rate(place, s.window, s.requests, s.faults) for s in steps]
    slow = [traffic.latency_p95(place, s) for s in steps]
    starts = [start for r in (errors, slow) if (start := since(r, taken=window.end))]
    judged = [r for r in (*errors, *slow) if r.status in {"ok", "breached"}]
    good: Status = "ok" if judged and not left_out else "not_enough_data"
    status: Status = "breached" if starts else good
    last = steps[-1].window.end
    silent = is_silent(steps[-1].window, window.end)
    recent = steps[-RECENT_STEPS:]
    n, failed = sum(s.requests for s in recent), sum(s.faults for s in recent)
    latest = next((s.p95_ms for s in reversed(recent) if s.p95_ms is not None), None)
    p95 = f" · {latest:,.0f} ms" if latest is not None else ""
    hours = sum((s.window.length for s in recent), timedelta()) / timedelta(hours=1)
    start = min(starts, default=None)
    return Health(
        "stale" if silent else status,
        "errors · P95",
        f"{failed / n:.2%}{p95}" if n else "no requests",
        f"last {hours:.0f} h with requests, n = {n:,} · ≤ {service_level.ERROR_RATE:.0%}, ≤ {service_level.LATENCY_P95_MS:,.0f} ms"
        f" · whole window {whole.value:.2%} of {requests:,}",
        start,
        start == steps[0].window.start,
        tuple(result.value for result in errors),
        "error rate per step",
        f"No request since {last:%d %b %H:%M} UTC." if silent else left_out,
    )
