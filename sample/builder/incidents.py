"""The scripted incidents: what went wrong, where, when and why.

The other modules ask this one when each incident runs, and show its effects. What is written to
`truth.json` is for tests and benchmarks only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from sample.builder import names
from sample.builder.models import PIXELS
from sample.builder.plan import Plan, instant

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEATHER_FEED = ("temp", "dewp", "humid", "wind_speed", "wind_gust", "precip", "pressure", "visib")

#: What an unrepaired incident is compared with: later than every row.
NEVER = np.datetime64("2999-01-01", "ms")


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that went wrong. `deployment` is None when all of the endpoint's are hit."""

    id: str
    kind: str
    title: str
    endpoint: str | None
    deployment: str | None
    signals: tuple[str, ...]
    cause: Mapping[str, str]
    onset: datetime
    end: datetime | None
    features: tuple[str, ...] = field(default=())

    def covers(self, times: NDArray[np.datetime64]) -> NDArray[np.bool_]:
        """Tell for each time (naive UTC) whether the incident was running."""
        end = NEVER if self.end is None else instant(self.end)
        return (times >= instant(self.onset)) & (times < end)

    def elapsed_hours(self, times: NDArray[np.datetime64]) -> NDArray[np.float64]:
        """Hours since the onset, negative before it."""
        return (times - instant(self.onset)) / np.timedelta64(3_600_000, "ms")


@dataclass(frozen=True, slots=True)
class _Story:
    kind: str
    title: str
    where: tuple[str | None, str | None]
    signals: tuple[str, ...]
    days_ago: int
    at: str
    lasts: timedelta | None
    cause: Mapping[str, str]
    features: tuple[str, ...] = ()


def script(plan: Plan) -> dict[str, Incident]:
    """Return every incident by id. The seed moves an onset by up to 25 minutes and nothing else."""
    jitter = plan.random("incidents")
    incidents = {}
    for name, story in STORIES.items():
        hour, minute = (int(part) for part in story.at.split(":"))
        onset = plan.midnight - timedelta(days=story.days_ago)
        onset += timedelta(hours=hour, minutes=minute + int(jitter.integers(-25, 26)))
        end = None if story.lasts is None else onset + story.lasts
        endpoint, deployment = story.where
        incidents[name] = Incident(
            name,
            story.kind,
            story.title,
            endpoint,
            deployment,
            story.signals,
            story.cause,
            onset,
            end,
            story.features,
        )
    return incidents


def truth(incidents: Mapping[str, Incident]) -> list[dict[str, Any]]:
    """Return the incidents as JSON, oldest first."""
    rows = []
    for incident in sorted(incidents.values(), key=lambda each: each.onset):
        row = asdict(incident)
        row["onset"] = f"{incident.onset:%Y-%m-%dT%H:%M:%SZ}"
        row["end"] = None if incident.end is None else f"{incident.end:%Y-%m-%dT%H:%M:%SZ}"
        rows.append(row)
    return rows


LEAK_HOURS = 29.0
LEAK_STAGGER_HOURS = 11.0
LEAK_FROM_PERCENT = 43.0
LEAK_TO_PERCENT = 98.0


def leak_age_hours(
    leak: Incident, instance: int, times: NDArray[np.datetime64]
) -> NDArray[np.float64]:
    """Hours since the leaking container last started; the instances started apart."""
    return (leak.elapsed_hours(times) + instance * LEAK_STAGGER_HOURS) % LEAK_HOURS


def leak_restarts(leak: Incident, instance: int) -> list[datetime]:
    """When the leaking container of one instance was killed."""
    assert leak.end is not None  # noqa: S101 - the script ends it
    first = leak.onset + timedelta(hours=LEAK_HOURS - instance * LEAK_STAGGER_HOURS)
    step = timedelta(hours=LEAK_HOURS)
    count = max(0, -(-(leak.end - first) // step))
    return [first + n * step for n in range(count)]


CRASH_CYCLE = timedelta(minutes=6)
CRASH_UP = timedelta(seconds=80)


def crash_starts(crash: Incident) -> list[datetime]:
    """When the crashing container was started again: up for a short while, then killed."""
    assert crash.end is not None  # noqa: S101 - the script ends it
    count = (crash.end - crash.onset) // CRASH_CYCLE
    return [crash.onset + n * CRASH_CYCLE for n in range(count)]


def _story(
    kind: str,
    title: str,
    where: tuple[str | None, str | None],
    signals: str,
    when: tuple[int, str, timedelta | None],
    features: tuple[str, ...] = (),
    **cause: str,
) -> _Story:
    days_ago, at, lasts = when
    return _Story(kind, title, where, tuple(signals.split()), days_ago, at, lasts, cause, features)


_DEPLOY = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/write"

STORIES: dict[str, _Story] = {
    "temperature-celsius": _story(
        "feature_unit_changed",
        "The weather feed sends temperatures in degrees Celsius instead of Fahrenheit",
        ("flight-delay", None),
        "data_drift prediction_drift model_performance",
        (5, "15:00", None),
        ("temp", "dewp"),
        feature="temp",
        message="weather feed schema 2.0: temperatures in degrees Celsius",
    ),
    "weather-nulls": _story(
        "nulls_burst",
        "The weather feed is down: most weather features arrive as null",
        ("flight-delay", None),
        "data_quality data_drift model_performance",
        (16, "09:00", timedelta(hours=23)),
        WEATHER_FEED,
        feature="temp",
        message="weather feed: no observation for",
    ),
    "carrier-renamed": _story(
        "new_category",
        "United's carrier code arrives as UAL instead of UA",
        ("flight-delay", None),
        "data_drift data_quality",
        (25, "13:00", timedelta(days=5)),
        ("carrier",),
        feature="carrier",
        message="unknown carrier 'UAL'",
    ),
    "distance-kilometres": _story(
        "feature_unit_changed",
        "The route table gives distances in kilometres instead of miles",
        ("flight-time", None),
        "data_drift prediction_drift model_performance",
        (41, "12:00", timedelta(days=6, hours=5)),
        ("distance",),
        feature="distance",
        message="route table 2.0: distance in kilometres",
    ),
    "delay-seconds": _story(
        "feature_unit_changed",
        "The delay at the origin is counted in seconds instead of minutes",
        ("flight-delay", None),
        "data_drift prediction_drift model_performance",
        (54, "10:30", timedelta(days=2, hours=4)),
        ("origin_delay",),
        feature="origin_delay",
        message="departures feed 4.1: delay_s replaces delay_min",
    ),
    "scanner-inverted": _story(
        "feature_inverted",
        "One of two scanners sends white on black",
        ("digits", "blue"),
        "data_drift prediction_drift model_performance",
        (21, "08:00", timedelta(days=4, hours=6)),
        PIXELS,
        feature="pixel_36",
        message="scanner 2 firmware 3.4: inverted image",
    ),
    "green-fails": _story(
        "bad_deployment",
        "The first roll-out of flight-delay green fails on nearly every request",
        ("flight-delay", "green"),
        "traffic errors",
        (19, "14:00", timedelta(hours=2, minutes=40)),
        operation=_DEPLOY,
        caller=names.ANA,
        message="ValueError: Input X contains NaN",
    ),
    "fare-search-surge": _story(
        "traffic_surge",
        "A partner's fare search floods flight-delay; requests are throttled",
        ("flight-delay", "blue"),
        "traffic saturation errors",
        (6, "17:30", timedelta(minutes=65)),
        message="fare-search/0.9",
        client="fare-search/0.9",
    ),
    "container-crash-loop": _story(
        "crash_loop",
        "flight-time's containers run out of memory at start, over and over",
        ("flight-time", "blue"),
        "traffic errors saturation",
        (1, "16:20", timedelta(hours=5, minutes=30)),
        operation=_DEPLOY,
        caller=names.BEN,
        message="Worker was sent SIGKILL! Perhaps out of memory?",
    ),
    "slow-aircraft-registry": _story(
        "slow_dependency",
        "The aircraft registry answers slowly, and flight-time with it",
        ("flight-time", "blue"),
        "traffic latency",
        (9, "12:40", timedelta(hours=3, minutes=10)),
        dependency="aircraft-registry.airline.example",
        message="aircraft registry answered in",
    ),
    "memory-leak": _story(
        "memory_leak",
        "flight-delay's answer cache never evicts: memory grows until the container is killed",
        ("flight-delay", "blue"),
        "saturation errors",
        (15, "10:00", timedelta(days=4, hours=6)),
        operation=_DEPLOY,
        caller=names.BEN,
        message="OOMKilled",
    ),
    "core-quota": _story(
        "quota_reached",
        "The cluster cannot grow: the subscription's cores are used up, and the retraining fails",
        (None, None),
        "saturation jobs",
        (8, "01:00", timedelta(hours=20)),
        operation="Microsoft.MachineLearningServices/workspaces/jobs/write",
        caller=names.CHI,
        message="ClusterCoreQuotaReached",
    ),
    "monitor-deleted": _story(
        "monitor_deleted",
        "flight-time's performance monitor was deleted",
        ("flight-time", "blue"),
        "configuration",
        (22, "09:20", None),
        operation="Microsoft.MachineLearningServices/workspaces/schedules/delete",
        caller=names.BEN,
        message="flight-time-performance",
    ),
    "storage-role-removed": _story(
        "permission_changed",
        "flight-time's identity lost its role on the storage account: nothing is collected",
        ("flight-time", "blue"),
        "configuration data_quality collection",
        (13, "11:40", timedelta(hours=21)),
        operation="Microsoft.Authorization/roleAssignments/delete",
        caller=names.PLATFORM_TEAM,
        message="AuthorizationPermissionMismatch",
    ),
    "digits-idle": _story(
        "idle_deployment",
        "digits runs on three machines for a few hundred requests a day",
        ("digits", "blue"),
        "cost saturation",
        (45, "10:00", None),
        operation=_DEPLOY,
        caller=names.CHI,
        message="capacity 1 to 3",
    ),
    "digits-console-unlogged": _story(
        "missing_diagnostic_setting",
        "digits' diagnostic setting has no console log: a blind spot",
        ("digits", None),
        "configuration",
        (62, "08:30", None),
        operation="Microsoft.Insights/diagnosticSettings/write",
        caller=names.CHI,
        message="AmlOnlineEndpointConsoleLog",
    ),
    "keys-regenerated": _story(
        "key_rotated",
        "The keys were regenerated; one client went on with the old one",
        ("flight-delay", None),
        "traffic errors configuration",
        (29, "14:00", timedelta(minutes=80)),
        operation="Microsoft.MachineLearningServices/workspaces/onlineEndpoints/regenerateKeys/action",
        caller=names.ANA,
        message="partner-desk/3.1",
        client="partner-desk/3.1",
    ),
    "disk-full": _story(
        "disk_full",
        "Debug logs fill flight-delay's disk until requests fail",
        ("flight-delay", "blue"),
        "saturation errors",
        (71, "09:00", timedelta(days=4, hours=9)),
        operation=_DEPLOY,
        caller=names.ANA,
        message="No space left on device",
    ),
}
