"""What decides how many requests a deployment takes: its request settings and its autoscale rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from azure.core.rest import HttpRequest

from monitoring.sources.arm import listed
from monitoring.sources.failures import explained

if TYPE_CHECKING:
    from monitoring.sources.azure import Azure

_READER = "AzureML Data Scientist or Reader on the workspace"
_MONITOR_READER = "Monitoring Reader on the resource group"
_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>[\d.]+)S)?)?"
)


@dataclass(frozen=True, slots=True)
class RequestSettings:
    """How many requests an instance works on at once, and how long one may take."""

    concurrent_per_instance: int = 1
    timeout: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class ScaleRule:
    """One autoscale rule: when the metric over `window` is beyond the threshold, change the count.

    direction: "increase" or "decrease". change: instances. cooldown: until a rule may act again.
    """

    metric: str
    operator: str
    threshold: float
    window: timedelta
    direction: str
    change: int
    cooldown: timedelta


@dataclass(frozen=True, slots=True)
class Autoscale:
    """The default profile of a deployment's autoscale setting; the target's id is in lower case."""

    name: str
    is_enabled: bool
    target_id: str
    minimum: int
    maximum: int
    rules: tuple[ScaleRule, ...]
    profiles: int = 1


@dataclass
class Scaling:
    """Reads both as the service's JSON: the registry's own types leave these fields out."""

    azure: Azure

    def request_settings(self, deployment_id: str) -> RequestSettings:
        """Return the request settings of one deployment; Azure's defaults where it has none.

        Raises:
            NotPermittedError: The identity may not read the deployment.
            SourceError: Azure did not answer.
        """
        what = f"the request settings of {deployment_id.rpartition('/')[2]!r}"
        with explained(what, role=_READER):
            request = HttpRequest("GET", deployment_id, params={"api-version": "2024-10-01"})
            response = self.azure.monitor_client._send_request(request)  # noqa: SLF001 - the one way to an untyped GET
            response.raise_for_status()
            found = (response.json()["properties"].get("requestSettings")) or {}
            plain = RequestSettings()
            timeout = found.get("requestTimeout")
            return RequestSettings(
                int(found.get("maxConcurrentRequestsPerInstance") or 1),
                duration(timeout) if timeout else plain.timeout,
            )

    def autoscale(self) -> tuple[Autoscale, ...]:
        """Return the autoscale settings of the resource group that target an online deployment.

        Raises:
            NotPermittedError: The identity may not read them.
            SourceError: Azure did not answer.
        """
        with explained("the autoscale settings", role=_MONITOR_READER):
            path = (
                f"/subscriptions/{self.azure.subscription_id}/resourceGroups/"
                f"{self.azure.resource_group}/providers/Microsoft.Insights/autoscaleSettings"
            )
            settings = listed(self.azure, path, {"api-version": "2022-10-01"})
            found = [_autoscale(each["properties"]) for each in settings]
        on_deployments = [s for s in found if "/onlineendpoints/" in s.target_id]
        return tuple(sorted(on_deployments, key=lambda setting: setting.name))


def _autoscale(properties: Mapping[str, Any]) -> Autoscale:
    # The first profile is the default one; others hold for some days or hours.
    profiles = properties["profiles"]
    capacity = profiles[0]["capacity"]
    return Autoscale(
        name=str(properties.get("name") or ""),
        is_enabled=bool(properties.get("enabled")),
        target_id=str(properties.get("targetResourceUri") or "").lower(),
        minimum=int(capacity["minimum"]),
        maximum=int(capacity["maximum"]),
        rules=tuple(_rule(rule) for rule in profiles[0].get("rules") or ()),
        profiles=len(profiles),
    )


def _rule(found: Mapping[str, Any]) -> ScaleRule:
    trigger, action = found["metricTrigger"], found["scaleAction"]
    return ScaleRule(
        metric=trigger["metricName"],
        operator=trigger["operator"],
        threshold=float(trigger["threshold"]),
        window=duration(trigger["timeWindow"]),
        direction=str(action["direction"]).lower(),
        change=int(action.get("value") or 1),
        cooldown=duration(action["cooldown"]),
    )


def duration(text: str) -> timedelta:
    """Read an ISO 8601 duration without months.

    Raises:
        ValueError: It is none.

    >>> str(duration("PT1H30M")), str(duration("P1D"))
    ('1:30:00', '1 day, 0:00:00')
    """
    if not (match := _DURATION.fullmatch(text)) or text == "P":
        raise ValueError(f"no duration: {text!r}")
    return timedelta(**{name: float(value) for name, value in match.groupdict("0").items()})
