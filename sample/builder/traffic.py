"""The requests that reached the endpoints, simulated: who asked when, which container answered how.

Every flight is asked about several times by the apps of its travellers. The first good answer is
computed from the features and collected; later ones come from the cache. score.py collects the
inputs before it asks the model: of a request that fails there, the inputs are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sample.builder import fleet as fleet_
from sample.builder.incidents import CRASH_CYCLE, CRASH_UP, Incident, leak_age_hours, leak_restarts
from sample.builder.plan import Plan, instant

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sample.builder.fleet import Deployment

MINUTE = np.timedelta64(60_000, "ms")
REQUEST_TIMEOUT_MS = 5_000

AGENTS = (
    "TravelApp/5.2 (iOS 19)",
    "TravelApp/5.2 (Android 16)",
    "kiosk/1.4",
    "partner-desk/3.1",
    "fare-search/0.9",
    "mailroom-scanner/2.0",
)
AGENT_SHARES = (0.46, 0.33, 0.09, 0.12)
PARTNER, SURGING, SCANNER = 3, 4, 5


@dataclass(frozen=True, slots=True)
class Load:
    """How often travellers ask one endpoint about a flight, and how long an answer takes."""

    requests_per_flight: float
    computed_ms: float
    cached_ms: float


LOADS = {
    "flight-delay": Load(12.5, 95.0, 34.0),
    "flight-time": Load(3.5, 62.0, 58.0),
    "digits": Load(1.0, 18.0, 18.0),
}
DIGITS_PER_DAY = 300
SURGE_PEAK_PER_MINUTE = 320.0


@dataclass
class Requests:
    """The requests to one endpoint, oldest first, one array a column.

    `subject` is the row in the endpoint's subjects (flights or scans), -1 for a made-up flight.
    `model_status` is 0 where the request did not reach the model. `given` says that the inputs were
    collected, `computed` that the answer was too.
    """

    endpoint: str
    time: NDArray[np.datetime64]
    subject: NDArray[np.int64]
    agent: NDArray[np.int64]
    green: NDArray[np.bool_]
    instance: NDArray[np.int64]
    status: NDArray[np.int64]
    model_status: NDArray[np.int64]
    total_ms: NDArray[np.float64]
    computed: NDArray[np.bool_]
    given: NDArray[np.bool_]

    def fail(self, where: NDArray[np.bool_], status: int, model_status: int) -> None:
        """Give these requests another outcome."""
        self.status[where] = status
        self.model_status[where] = model_status

    def frame(self) -> pd.DataFrame:
        """Return the requests as a table, numbered in order."""
        return pd.DataFrame(
            {
                "number": np.arange(len(self.time)),
                "time": self.time,
                "subject": self.subject,
                "agent": pd.Categorical.from_codes(self.agent, pd.Index(AGENTS)),
                "deployment": pd.Categorical.from_codes(
                    self.green.astype("int8"), pd.Index(["blue", "green"])
                ),
                "instance": self.instance.astype("int8"),
                "status": self.status.astype("int16"),
                "model_status": self.model_status.astype("int16"),
                "total_ms": np.maximum(1, self.total_ms.round()).astype("int32"),
                "computed": self.computed,
                "given": self.given,
            }
        )


def flight_requests(
    endpoint: str,
    flights: pd.DataFrame,
    plan: Plan,
    incidents: Mapping[str, Incident],
    fleet: Mapping[tuple[str, str], Deployment],
) -> Requests:
    """Return the requests about flights, from the day the endpoint went live.

    Before the first day of the metrics only the request that was collected is kept.
    """
    random = plan.random(f"traffic {endpoint}")
    asked = flights["asked"].to_numpy("datetime64[ms]")
    subject, time = _asked_about(asked, LOADS[endpoint], plan, random)
    agent = random.choice(4, size=len(time), p=AGENT_SHARES)
    if endpoint == "flight-delay":
        surge = _surge(incidents["fare-search-surge"], plan.share, random)
        subject = np.concatenate([subject, np.full(len(surge), -1)])
        time = np.concatenate([time, surge])
        agent = np.concatenate([agent, np.full(len(surge), SURGING)])
    return _served(endpoint, time, subject, agent, plan, incidents, fleet, random)


def digit_requests(
    scans: int,
    plan: Plan,
    incidents: Mapping[str, Incident],
    fleet: Mapping[tuple[str, str], Deployment],
) -> Requests:
    """Return the requests to digits: one a scan, in the working hours of the mail room."""
    random = plan.random("traffic digits")
    days = (plan.end - plan.digits_start).days
    counts = random.poisson(DIGITS_PER_DAY * plan.share, size=days)
    day = np.repeat(np.arange(days), counts)
    hour = 6 + 12 * random.beta(2, 2, size=len(day))
    offset = ((day * 24 + hour) * 3_600_000).astype("int64").astype("timedelta64[ms]")
    time = instant(plan.digits_start) + offset
    subject = random.integers(0, scans, size=len(time))
    agent = np.full(len(time), SCANNER)
    return _served("digits", time, subject, agent, plan, incidents, fleet, random)


def first_answers(requests: Requests) -> NDArray[np.int64]:
    """Return, oldest first, the requests whose answer was computed: the first good one a subject.

    Every digit is computed; a made-up flight is neither cached nor collected.
    """
    good = np.flatnonzero((requests.status == 200) & (requests.subject >= 0))  # noqa: PLR2004
    if requests.endpoint == "digits":
        return good
    _, first = np.unique(requests.subject[good], return_index=True)
    return np.sort(good[first])


def _asked_about(
    asked: NDArray[np.datetime64], load: Load, plan: Plan, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.datetime64]]:
    recent = asked >= instant(plan.metrics_start)
    counts = np.where(recent, 1 + random.poisson(load.requests_per_flight - 1, len(asked)), 1)
    subject = np.repeat(np.arange(len(asked)), counts)
    is_first = np.concatenate([[True], subject[1:] != subject[:-1]])
    early = 15 * random.random(len(subject))
    later = 15 + 105 * random.beta(1.3, 1.7, len(subject))
    minutes = np.where(is_first, early, later)
    time = asked[subject] + (minutes * 60_000).astype("int64").astype("timedelta64[ms]")
    kept = time < instant(plan.end)
    return subject[kept], time[kept]


def _surge(surge: Incident, share: float, random: np.random.Generator) -> NDArray[np.datetime64]:
    """Return the times of the partner's questions: up in ten minutes, then steady, then gone."""
    assert surge.end is not None  # noqa: S101 - the script ends it
    length = int((surge.end - surge.onset).total_seconds() // 60)
    ramp = np.minimum(1.0, (np.arange(length) + 1) / 10)
    counts = random.poisson(SURGE_PEAK_PER_MINUTE * max(share, 0.5) * ramp)
    minutes = np.repeat(np.arange(length), counts) + random.random(counts.sum())
    times: NDArray[np.datetime64] = instant(surge.onset) + (minutes * 60_000).astype(
        "int64"
    ).astype("timedelta64[ms]")
    return times


def _served(
    endpoint: str,
    time: NDArray[np.datetime64],
    subject: NDArray[np.int64],
    agent: NDArray[np.int64],
    plan: Plan,
    incidents: Mapping[str, Incident],
    fleet: Mapping[tuple[str, str], Deployment],
    random: np.random.Generator,
) -> Requests:
    order = np.argsort(time, kind="stable")
    time, subject, agent = time[order], subject[order], agent[order]
    green = np.zeros(len(time), dtype=bool)
    if endpoint == "flight-delay":
        green = random.random(len(time)) < fleet_.green_share(time, plan, incidents)
        green &= agent != SURGING
    capacity = fleet_.instances(fleet[endpoint, "blue"], time, incidents)
    instance = (random.random(len(time)) * np.where(green, 1, capacity)).astype("int64")
    requests = Requests(
        endpoint=endpoint,
        time=time,
        subject=subject,
        agent=agent,
        green=green,
        instance=instance,
        status=np.full(len(time), 200),
        model_status=np.full(len(time), 200),
        total_ms=np.zeros(len(time)),
        computed=np.zeros(len(time), dtype=bool),
        given=np.zeros(len(time), dtype=bool),
    )
    _answer(requests, capacity * fleet[endpoint, "blue"].requests_per_minute, incidents, random)
    return requests


def _answer(
    requests: Requests,
    capacity_per_minute: NDArray[np.floating[Any]],
    incidents: Mapping[str, Incident],
    random: np.random.Generator,
) -> None:
    """Decide outcome and duration of every request."""
    chance = random.random(len(requests.time))
    load = _load(requests) / capacity_per_minute
    _background_failures(requests, chance)
    chance = random.random(len(requests.time))
    if requests.endpoint == "flight-delay":
        _old_key(requests, incidents["keys-regenerated"])
        _green_fails(requests, incidents["green-fails"], chance)
        _throttle(requests, load, chance)
        _leak_kills(requests, incidents["memory-leak"])
        _disk_full(requests, incidents["disk-full"], chance)
    if requests.endpoint == "flight-time":
        _crash(requests, incidents["container-crash-loop"])
    requests.computed[first_answers(requests)] = True
    _time(requests, load, incidents, random)
    requests.computed[:] = False  # a first answer that timed out leaves it to the next
    requests.computed[first_answers(requests)] = True
    requests.given[:] = requests.computed | _failed_in_the_model(requests, incidents["disk-full"])


def _failed_in_the_model(requests: Requests, disk: Incident) -> NDArray[np.bool_]:
    """Tell which requests failed after their inputs were collected.

    With a full disk score.py fails on its debug log, which comes before; so does a made-up flight.
    """
    failed: NDArray[np.bool_] = (requests.model_status == 500) & (requests.subject >= 0)  # noqa: PLR2004
    if requests.endpoint == disk.endpoint:
        failed &= requests.green | ~disk.covers(requests.time)
    return failed


def _load(requests: Requests) -> NDArray[np.float64]:
    """Return the number of requests to the same deployment in the same minute."""
    minute = (requests.time - requests.time[0]) // MINUTE
    key = minute.astype("int64") * 2 + requests.green
    counts: NDArray[np.float64] = np.bincount(key)[key].astype("float64")
    return counts


def _background_failures(requests: Requests, chance: NDArray[np.float64]) -> None:
    requests.fail(chance < 0.0006, 424, 500)  # noqa: PLR2004 - life is never free of errors
    requests.fail(chance > 0.99985, 408, 0)  # noqa: PLR2004


def _old_key(requests: Requests, incident: Incident) -> None:
    requests.fail(incident.covers(requests.time) & (requests.agent == PARTNER), 401, 0)


def _green_fails(requests: Requests, incident: Incident, chance: NDArray[np.float64]) -> None:
    """Green's first score.py could not take a null: wind_gust is null in most rows."""
    failing = incident.covers(requests.time) & requests.green & (chance < 0.93)  # noqa: PLR2004
    requests.fail(failing, 424, 500)


def _throttle(requests: Requests, load: NDArray[np.float64], chance: NDArray[np.float64]) -> None:
    requests.fail((chance < 1 - 1 / np.maximum(load, 1)) & ~requests.green, 429, 0)


def _leak_kills(requests: Requests, leak: Incident) -> None:
    """While a killed container starts again, what is sent to it fails."""
    for instance in (0, 1):
        here = (requests.instance == instance) & ~requests.green
        for restart in leak_restarts(leak, instance):
            since = requests.time - instant(restart)
            down = (since >= 0 * MINUTE) & (since < 4 * MINUTE)
            requests.fail(here & down, 424, 503)


def _disk_full(requests: Requests, disk: Incident, chance: NDArray[np.float64]) -> None:
    assert disk.end is not None  # noqa: S101 - the script ends it
    full = disk.covers(requests.time) & (requests.time >= instant(disk.end) - 180 * MINUTE)
    requests.fail(full & ~requests.green & (chance < 0.35), 424, 500)  # noqa: PLR2004


def _crash(requests: Requests, crash: Incident) -> None:
    into = (requests.time - instant(crash.onset)) % np.timedelta64(CRASH_CYCLE)
    down = into >= np.timedelta64(CRASH_UP)
    requests.fail(crash.covers(requests.time) & down, 424, 503)


def _time(
    requests: Requests,
    load: NDArray[np.float64],
    incidents: Mapping[str, Incident],
    random: np.random.Generator,
) -> None:
    times = LOADS[requests.endpoint]
    base = np.where(requests.computed | (requests.subject < 0), times.computed_ms, times.cached_ms)
    spread = np.exp(0.32 * random.standard_normal(len(base)))
    tail = np.where(random.random(len(base)) < 0.012, 4.5, 1.0)  # noqa: PLR2004 - garbage collection, cold pages
    total = base * spread * tail * (1 + 1.6 * np.minimum(load, 2.2) ** 2)
    total *= _slowness(requests, incidents)
    if requests.endpoint == "flight-time":
        slow = incidents["slow-aircraft-registry"].covers(requests.time)
        wait = 1_900 * np.exp(0.55 * random.standard_normal(len(base)))
        total = np.where(slow, total + wait, total)
    timed_out = (total > REQUEST_TIMEOUT_MS) & (requests.status == 200)  # noqa: PLR2004
    requests.fail(timed_out, 408, 0)
    quick = np.isin(requests.status, (401, 429))
    total[quick] = 2 + 3 * random.random(int(quick.sum()))
    total[requests.status == 424] *= 0.4  # noqa: PLR2004 - an error is quicker than an answer
    total[requests.status == 408] = REQUEST_TIMEOUT_MS  # noqa: PLR2004
    requests.total_ms[:] = total


def _slowness(requests: Requests, incidents: Mapping[str, Incident]) -> NDArray[np.float64]:
    """Return the factor by which a container short of memory or disk is slower."""
    factor = np.ones(len(requests.time))
    if requests.endpoint == "flight-delay":
        leak, disk = incidents["memory-leak"], incidents["disk-full"]
        for instance in (0, 1):
            here = leak.covers(requests.time) & (requests.instance == instance) & ~requests.green
            age = leak_age_hours(leak, instance, requests.time)
            factor = np.where(here, 1 + 1.2 * (age / 29) ** 4, factor)
        hours = disk.elapsed_hours(requests.time)
        factor = np.where(disk.covers(requests.time), 1 + 1.5 * (hours / 105) ** 4, factor)
    if requests.endpoint == "flight-time":
        crash = incidents["container-crash-loop"].covers(requests.time)
        factor = np.where(crash, 2.5, factor)
    return factor
