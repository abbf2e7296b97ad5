"""The sample workspace's scripted incidents, each replayed at the moment it is detected.

All signals are evaluated on their grids over the last 90 days, and folded. For each incident, the first breach that belongs to it says
when it was detected; the report is cut down to what was known then (steps that were over, events that
had happened), folded anew, and asked for its suspects. What Azure has deleted since is gone here too:
log tables keep 31 days, the activity log 90 and metrics 93, so that incidents of more than a month ago
are replayed without console, callers and requests, and every one as if labels had come at once.

The true cause is hit by the operation and its caller within two hours of the onset where the script
has an operation; else by the caller's name, by the host that was slow, or by the feature that leads
its suspect and changed on the day of the onset or the next two, or by the console line.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.parts import Value, Values, say
from monitoring.incident import Breach, Incident, Suspect
from monitoring.incidents.breach import found
from monitoring.incidents.record import MEMORY
from monitoring.incidents.report import IncidentReport
from monitoring.settings import Settings
from monitoring.signal import MINUTES_5
from monitoring.sources.azure import connect
from monitoring.sources.deployed import Deployed
from monitoring.window import Window
from sample.builder import build
from tests.evaluated_now import evaluated

LIMIT_SECONDS = 1800
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SEED = 2013
DAYS = timedelta(days=90)
CACHE = Path(".cache")
DAY = timedelta(days=1)
#: An incident may still be detected this long after its end: two of three days are needed.
GRACE = timedelta(days=2)
FIRST = 3
NEAR = timedelta(hours=2)
LOGS = timedelta(days=31)
#: What the script calls one where signals are several.
SIGNALS = {
    "errors": ("traffic", "clients"),
    "latency": ("traffic",),
    "saturation": ("saturation", "clusters"),
}
OF_FEATURES = frozenset({"data_drift", "data_quality"})

Truth = Mapping[str, Any]


def measure(*, tiny: bool) -> Values:
    """Yield rank and delay of each incident, then the shares, then what one run costs."""
    folder = build(CACHE, NOW, SEED, lambda _share, _text: None)
    settings = Settings(cache=CACHE, now=NOW, seed=SEED)
    window = Window.last(timedelta(days=8) if tiny else DAYS, until=NOW)
    deployed = Deployed(connect(settings))
    report = _run(deployed, window)
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    within = [each for each in truth if _onset(each) >= window.start + DAY]
    ranks: list[Value] = []
    delays: list[float] = []
    of_data: list[float] = []
    for scripted in within:
        name = scripted["id"].replace("-", "_")
        rank, delay_hours, words = replayed(report, scripted)
        say(f"{scripted['id']}: {words}")
        yield f"incident_rank_{name}", rank
        if delay_hours is not None:
            delays.append(delay_hours)
            if OF_FEATURES & set(scripted["signals"]):
                of_data.append(delay_hours)
            yield f"incident_delay_{name}_hours", delay_hours
        ranks.append(rank)
    yield "incidents_replayed", float(len(within))
    yield "incidents_appear_share", len(delays) / len(within)
    hit = sum(isinstance(rank, float) and rank <= FIRST for rank in ranks)
    yield "incidents_cause_in_first_three_share", hit / len(within)
    yield "incidents_cause_first_share", sum(rank == 1.0 for rank in ranks) / len(within)
    if delays:
        yield "incidents_delay_median_hours", median(delays)
    if of_data:
        yield "incidents_data_delay_median_hours", median(of_data)
    yield "incidents_without_script_per_endpoint_month", _unscripted(report, truth)
    yield from _costs(deployed, window, report)


def _run(deployed: Deployed, window: Window) -> IncidentReport:
    say(f"gathering {window}")
    return evaluated(deployed, window, taken=NOW, step=MINUTES_5)


def replayed(report: IncidentReport, scripted: Truth) -> tuple[Value, float | None, str]:
    """Return rank of the true cause, delay in hours, and both in words."""
    own = [b for b in found(report.results) if _belongs(b, scripted)]
    if not own:
        return "not seen", None, "no breach belongs to it"
    first = min(own, key=lambda b: (b.fired, b.start))
    then = _near_to(report, scripted, first.fired).as_of(first.fired)
    incident = next((i for i in then.incidents if _holds(i, first)), None)
    if incident is None:
        return "not seen", None, "its breach is in no incident"
    delay = (first.fired - _onset(scripted)) / timedelta(hours=1)
    suspects = then.suspects(incident)
    hits = [s for s in suspects if hits_cause(s, scripted)]
    top = "; ".join(f"{s.rank} {s.title[:70]} ({s.score:.2f})" for s in suspects[:FIRST])
    gone = ", logs of then are gone" if _onset(scripted) < NOW - LOGS else ""
    if not hits:
        return f"not among {len(suspects)}", delay, f"after {delay:.1f} h{gone}: {top}"
    return float(hits[0].rank), delay, f"rank {hits[0].rank} after {delay:.1f} h{gone}: {top}"


def _near_to(report: IncidentReport, scripted: Truth, moment: datetime) -> IncidentReport:
    """Return what of a report may have to do with an incident: folding all of it takes seconds."""
    near = (
        r
        for r in report.results
        if r.window
        and moment - 2 * MEMORY <= r.window.start < moment
        and r.place.concerns(scripted["endpoint"])
    )
    return replace(report, results=tuple(near))


def _belongs(breach: Breach, scripted: Truth) -> bool:
    """Whether a breach is what the script did: there, of such a signal, begun while it ran."""
    signals = {s for name in scripted["signals"] for s in SIGNALS.get(name, (name,))}
    place = breach.place
    here = place.endpoint == (scripted["endpoint"] or "")
    if scripted["deployment"] and place.deployment:
        here &= place.deployment == scripted["deployment"]
    of_feature = breach.signal in OF_FEATURES and scripted["features"]
    named = place.feature in {*scripted["features"], "All columns"} if of_feature else True
    step = breach.worst.window.length if breach.worst.window else DAY
    begun = _onset(scripted) - step < breach.start < _end(scripted)
    return here and named and begun and breach.signal in signals and breach.fired <= _end(scripted)


def _holds(incident: Incident, breach: Breach) -> bool:
    key = breach.signal, breach.metric, breach.place, breach.start
    return any((b.signal, b.metric, b.place, b.start) == key for b in incident.breaches)


def hits_cause(suspect: Suspect, scripted: Truth) -> bool:
    """Whether a suspect is the true cause."""
    cause, event, onset = scripted["cause"], suspect.event, _onset(scripted)
    if "operation" in cause:
        return (
            event is not None
            and event.alike == cause["operation"].lower()
            and event.caller == cause["caller"]
            and abs((event.end or event.time) - onset) <= NEAR
        )
    if event is not None:
        named = cause.get("client"), cause.get("dependency"), cause["message"]
        text = _words(f"{event.title} {event.reference}")
        return any(name and _words(name) in text for name in named)
    leads = suspect.features[:1] and suspect.features[0] in scripted["features"]
    return bool(leads) and onset - DAY < suspect.time < onset + 2 * DAY


def _words(text: str) -> str:
    """Return the words of a text, so that a colon more or less makes no difference."""
    return " ".join(re.findall(r"[a-z0-9.]+", text.lower()))


def _onset(scripted: Truth) -> datetime:
    return datetime.fromisoformat(scripted["onset"])


def _end(scripted: Truth) -> datetime:
    return (datetime.fromisoformat(scripted["end"]) if scripted["end"] else NOW) + GRACE


def _unscripted(report: IncidentReport, truth: list[Truth]) -> float:
    """Return incidents without a scripted one at their endpoint at that time, a month and endpoint."""
    endpoints = {each["endpoint"] for each in truth if each["endpoint"]}
    others = [i for i in report.incidents if not any(_near(i, each) for each in truth)]
    return len(others) / len(endpoints) / (report.window.length / timedelta(days=30.4))


def _near(incident: Incident, scripted: Truth) -> bool:
    same = scripted["endpoint"] in {incident.endpoint, None}
    return same and _onset(scripted) - GRACE < incident.began < _end(scripted)


def _costs(
    deployed: Deployed, window: Window, report: IncidentReport
) -> Iterator[tuple[str, Value]]:
    """Yield the processor time of a run whose days are counted already, and of all suspects."""
    for name, length in (("90_days", window.length), ("30_days", timedelta(days=30))):
        start = time.process_time()
        _run(deployed, Window.last(min(length, window.length), until=NOW))
        yield f"incidents_run_{name}_process_cpu_seconds", time.process_time() - start
    start = time.process_time()
    for incident in report.incidents:
        report.suspects(incident)
    count = len(report.incidents)
    yield "incidents_suspects_of_one_cpu_ms", 1000 * (time.process_time() - start) / max(count, 1)
