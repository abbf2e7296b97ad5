"""Autoscale: how the rules in force met demand, and how other rules would have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Floats, Times
from monitoring.capacity.instances import Capacity, Utilization
from monitoring.capacity.load import Load, Service, running
from monitoring.sources.activity import ActivityEvent
from monitoring.sources.scaling import Autoscale, ScaleRule

#: Minutes from a rule that fires to an instance that answers: what users report of managed online
#: endpoints (azureml-examples issue 3515).
LAG_MINUTES = (12, 18)
#: The one metric whose rules can be replayed: it follows from requests and instances.
_METRIC = "cpuutilizationpercentage"
_SAME_EPISODE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A pair of CPU rules with their limits, as autoscale has them for one metric.

    out_percent, in_percent: mean CPU of all instances over window_minutes above, below which the
    number changes by out_step, in_step. cooldown: minutes until a rule may act after any action.
    """

    minimum: int
    maximum: int
    out_percent: float = 70.0
    in_percent: float = 25.0
    out_step: int = 1
    in_step: int = 1
    out_cooldown: int = 5
    in_cooldown: int = 60
    window_minutes: int = 5


def rules_of(setting: Autoscale) -> Rules | None:
    """Return the CPU rules of a setting's default profile; None where it has no such pair.

    Of several rules in one direction the first is taken, and a missing one never fires.
    """
    out, back = _first(setting, "increase"), _first(setting, "decrease")
    if out is None:
        return None
    rules = Rules(
        minimum=max(setting.minimum, 1),
        maximum=setting.maximum,
        out_percent=out.threshold,
        in_percent=0.0,
        out_step=out.change,
        out_cooldown=_minutes(out.cooldown),
        in_cooldown=0,
        window_minutes=max(_minutes(out.window), 1),
    )
    if back is None:
        return rules
    return replace(
        rules,
        in_percent=back.threshold,
        in_step=back.change,
        in_cooldown=_minutes(back.cooldown),
    )


def _first(setting: Autoscale, direction: str) -> ScaleRule | None:
    cpu = (rule for rule in setting.rules if rule.metric.lower() == _METRIC)
    return next((rule for rule in cpu if rule.direction == direction), None)


def _minutes(length: timedelta) -> int:
    return int(length / timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class Action:
    """One change of the number of instances: when it was asked for, and when it held."""

    at: int
    ready: int
    before: int
    after: int


@dataclass(frozen=True, slots=True, eq=False)
class Scaled:
    """What rules would have done, one number per minute. paid: from when an instance is asked for."""

    running: Floats
    paid: Floats
    actions: tuple[Action, ...]

    @property
    def instance_hours(self) -> float:
        """What is paid for."""
        return float(self.paid.sum()) / 60


def scaled(demand_rpm: Floats, service: Service, rules: Rules, lag_minutes: int) -> Scaled:
    """Replay the rules over demand, minute by minute.

    Autoscale looks at what was, so that an instance comes after the demand, and after the lag. While
    a change is under way no other begins. It does not scale in where that would make the other rule
    fire ("flapping").

    Args:
        demand_rpm: Requests a minute of the deployment, every minute, shape (n,).
        service: For the CPU that a request takes.
        lag_minutes: From asking for an instance to its first answer; taking one away is at once.
    """
    count, asked = rules.minimum, rules.minimum
    ready_at, quiet_until = -1, -1
    cpu = np.empty(len(demand_rpm))
    there, paid = np.empty(len(demand_rpm)), np.empty(len(demand_rpm))
    actions = []
    for minute in range(len(demand_rpm)):
        if minute == ready_at:
            count = asked
        there[minute], paid[minute] = count, max(asked, count)
        used = service.utilization(np.array([demand_rpm[minute] / count]))[0]
        cpu[minute] = 100 * min(float(used), 1.0)
        if count != asked or minute + 1 < rules.window_minutes:
            continue
        mean = float(cpu[minute + 1 - rules.window_minutes : minute + 1].mean())
        change = _change(rules, count, mean, minute, quiet_until)
        if not change:
            continue
        lag = lag_minutes if change > 0 else 1
        actions.append(Action(minute, minute + lag, count, count + change))
        asked, ready_at = count + change, minute + lag
        quiet_until = minute + (rules.out_cooldown if change > 0 else rules.in_cooldown)
        if change < 0:
            paid[minute] = count
    return Scaled(there, paid, tuple(actions))


def _change(rules: Rules, count: int, cpu: float, minute: int, quiet_until: int) -> int:
    if cpu > rules.out_percent and count < rules.maximum and minute >= quiet_until:
        return min(rules.out_step, rules.maximum - count)
    fewer = max(rules.minimum, count - rules.in_step)
    if cpu < rules.in_percent and fewer < count and minute >= quiet_until:
        flaps = cpu * count / fewer > rules.out_percent
        return 0 if flaps else fewer - count
    return 0


def every_minute(load: Load) -> tuple[Times, Floats]:
    """Return all minutes from the first to the last of a load, with their requests."""
    step = np.timedelta64(60, "s")
    minutes = np.arange(load.minutes[0], load.minutes[-1] + step, step)
    demand = np.zeros(len(minutes))
    demand[(load.minutes - load.minutes[0]) // step] = load.requests
    return minutes, demand


@dataclass(frozen=True, slots=True)
class Episode:
    """A time in which the CPU was beyond the threshold of the rule that scales out.

    fired: when autoscale first asked for more; None if it never did. ready: when there first were
    more instances. refused: requests answered 429 from the beginning until then (or the end), and
    refused_after: from then on. most: the highest number of instances in it.
    """

    began: datetime
    ended: datetime
    fired: datetime | None
    ready: datetime | None
    before: int
    most: int
    requests: int
    refused: int
    refused_after: int

    @property
    def lateness(self) -> timedelta | None:
        """From the beginning until there were more instances; None if that never came."""
        return None if self.ready is None else self.ready - self.began


def episodes(
    cpu: Utilization,
    capacity: Capacity,
    load: Load,
    events: Iterable[ActivityEvent],
    threshold_percent: float,
) -> tuple[Episode, ...]:
    """Return the times when demand was over the threshold, and what autoscale made of them.

    Args:
        cpu: By instance; their mean is what the rule sees.
        events: The activity log; only scale-outs of autoscale count.
        threshold_percent: Of the rule that scales out.
    """
    counts = (~np.isnan(cpu.percent)).sum(axis=0)
    mean = np.nansum(cpu.percent, axis=0) / np.maximum(counts, 1)
    grain = timedelta(seconds=int((cpu.times[1] - cpu.times[0]).astype(int)))
    fired = sorted(e.time for e in events if is_scale_out(e))
    over = [_utc(time) for time in cpu.times[(counts > 0) & (mean > threshold_percent)]]
    return tuple(
        _episode(began, ended, fired, capacity, load) for began, ended in _spans(over, grain)
    )


def is_scale_out(event: ActivityEvent) -> bool:
    """Whether autoscale asked for more instances."""
    return "autoscalesettings/scaleup" in event.operation_name


def _spans(times: Sequence[datetime], grain: timedelta) -> list[tuple[datetime, datetime]]:
    spans: list[tuple[datetime, datetime]] = []
    for time in times:
        if spans and time - spans[-1][1] <= _SAME_EPISODE:
            spans[-1] = spans[-1][0], time + grain
        else:
            spans.append((time, time + grain))
    return spans


def _episode(
    began: datetime,
    ended: datetime,
    fired: Sequence[datetime],
    capacity: Capacity,
    load: Load,
) -> Episode:
    counts = running(capacity, capacity.times)
    inside = _between(capacity.times, began, ended)
    start = int(np.argmax(inside)) if inside.any() else 0
    before = int(counts[max(start - 1, 0)])
    more = inside & (counts > before)
    ready = _utc(capacity.times[int(np.argmax(more))]) if more.any() else None
    until = ready or ended
    first, then = _between(load.minutes, began, until), _between(load.minutes, until, ended)
    return Episode(
        began=began,
        ended=ended,
        fired=next((time for time in fired if began <= time < ended), None),
        ready=ready,
        before=before,
        most=int(counts[inside].max()) if inside.any() else before,
        requests=int(load.requests[first | then].sum()),
        refused=int(load.refused[first].sum()),
        refused_after=int(load.refused[then].sum()),
    )


def _between(times: Times, start: datetime, end: datetime) -> NDArray[np.bool_]:
    low, high = (np.datetime64(t.replace(tzinfo=None), "s") for t in (start, end))
    within: NDArray[np.bool_] = (times >= low) & (times < high)
    return within


def _utc(time: np.datetime64) -> datetime:
    found: datetime = time.astype("datetime64[s]").astype(datetime)
    return found.replace(tzinfo=UTC)
