"""The deployments: where they run, on how many instances at which time, and at what price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from sample.builder.plan import Plan, instant

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sample.builder.incidents import Incident

#: Share of flight-delay's traffic that went to green in its failed and in its lasting roll-out.
GREEN_TRIAL_SHARE = 0.2
GREEN_SHARE = 0.1
#: When autoscale added a machine during the surge, and when the last of them was removed again.
SCALED_OUT_AFTER = (timedelta(minutes=14), timedelta(minutes=31))
SCALED_IN_AFTER = timedelta(minutes=150)


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment. `requests_per_minute` is what one instance answers before it throttles."""

    endpoint: str
    name: str
    model_version: str
    start: datetime
    instance_type: str
    euros_per_hour: float
    requests_per_minute: float
    idle_cpu_percent: float
    memory_percent: float
    disk_percent: float

    @property
    def key(self) -> tuple[str, str]:
        """Endpoint and deployment name."""
        return self.endpoint, self.name


def fleet(plan: Plan, incidents: Mapping[str, Incident]) -> dict[tuple[str, str], Deployment]:
    """Return every deployment by endpoint and name. Prices: pay as you go, Linux, West Europe."""
    green = incidents["green-fails"].onset - timedelta(minutes=38)
    serving, digits = plan.serving_start, plan.digits_start
    deployments = (
        Deployment("flight-delay", "blue", "1", serving, "Standard_F4s_v2", 0.19, 40, 11, 42, 31),
        Deployment("flight-delay", "green", "2", green, "Standard_F4s_v2", 0.19, 40, 9, 44, 27),
        Deployment("flight-time", "blue", "1", serving, "Standard_DS3_v2", 0.27, 30, 8, 51, 34),
        Deployment("digits", "blue", "1", digits, "Standard_DS4_v2", 0.55, 120, 0.8, 14, 22),
    )
    return {each.key: each for each in deployments}


def instances(
    deployment: Deployment, times: NDArray[np.datetime64], incidents: Mapping[str, Incident]
) -> NDArray[np.int64]:
    """Return how many instances ran at each time, 0 before the first."""
    count = np.full(len(times), 2 if deployment.name == "blue" else 1)
    if deployment.endpoint == "digits":
        count[:] = np.where(incidents["digits-idle"].covers(times), 3, 1)
    if deployment.key == ("flight-delay", "blue"):
        surge = incidents["fare-search-surge"]
        until = instant(surge.onset + SCALED_IN_AFTER)
        for after in SCALED_OUT_AFTER:
            count += (times >= instant(surge.onset + after)) & (times < until)
    count[times < instant(deployment.start)] = 0
    return count


def green_share(
    times: NDArray[np.datetime64], plan: Plan, incidents: Mapping[str, Incident]
) -> NDArray[np.float64]:
    """Return the share of flight-delay's traffic that was routed to green at each time."""
    share = np.where(times >= instant(plan.green_start), GREEN_SHARE, 0.0)
    trial: NDArray[np.float64] = np.where(
        incidents["green-fails"].covers(times), GREEN_TRIAL_SHARE, share
    )
    return trial
