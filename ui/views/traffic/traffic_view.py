"""Traffic on screen: every deployment held to its objectives, and one of them in detail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from monitoring.errors import MonitoringError
from monitoring.metric import STATUSES, MetricResult, Status
from monitoring.overview import objectives
from monitoring.overview.objectives import Objective
from monitoring.place import Place
from monitoring.requests.outcomes import Outcomes, outcomes
from monitoring.signals.traffic import judging as judged
from monitoring.verdict import since
from monitoring.window import Window
from ui.loaders import traffic
from ui.loaders.deployments import EndpointChoice
from ui.loaders.logs import Answer
from ui.parts import cards, choices, numbers, states
from ui.parts.cards import Tile
from ui.shell.scope import Scope

Key = tuple[str, str]
PICKED = "traffic-deployment"
#: How a deployment's diagnostic setting is made where it is missing.
FIX = (
    "az monitor diagnostic-settings create --name leeway --resource <the endpoint's id> "
    "--workspace <the Log Analytics workspace's id> "
    '--logs \'[{"category": "AmlOnlineEndpointTrafficLog", "enabled": true}]\''
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What the page looks at. keys: (endpoint, deployment) in lower case, by what it is called."""

    window: Window
    step: timedelta
    keys: Mapping[str, Key]


def look(chosen: Scope, window: Window, endpoints: Sequence[EndpointChoice]) -> Looked:
    """Return the deployments of the scope, those that exist and those that only the log knows."""
    keys = {
        f"{endpoint.name} / {name}": (endpoint.name.lower(), name.lower())
        for endpoint in endpoints
        for name in endpoint.deployments
        if chosen.includes(endpoint.name, name)
    }
    if chosen.deployment is None:
        gone = (key for key in _logged(window) - set(keys.values()) if chosen.names(key[0]))
        keys |= {" / ".join(key) + " (gone)": key for key in sorted(gone)}
    return Looked(window, traffic.step_of(window), keys)


def place_of(key: Key) -> Place:
    """Return the place of a key."""
    return Place(endpoint=key[0], deployment=key[1])


def held(looked: Looked) -> dict[Key, tuple[Objective, Objective]]:
    """Return error rate and latency of each deployment, judged by the overview's steps.

    Raises:
        SourceError: Log Analytics did not answer.
    """
    step = traffic.judged_step(looked.window)
    answer = traffic.steps(looked.window, step)
    steps = judged.steps(answer.records(), step)
    found = {}
    for key in looked.keys.values():
        place = place_of(key)
        own = steps.get(place, ())
        errors = objectives.error_rate(place, own, looked.window)
        p95 = objectives.latency_p95(place, own, looked.window)
        if not answer.complete:
            errors, p95 = objectives.of_a_part(errors), objectives.of_a_part(p95)
        found[key] = errors, p95
    return found


def _logged(window: Window) -> set[Key]:
    try:
        return set(_by_key(traffic.totals(window)))
    except MonitoringError:
        return set()  # the panels say why


def key_of(row: Mapping[str, Any]) -> Key:
    """Return whom a row of the traffic log is about."""
    return row["Endpoint"], row["Deployment"]


def _by_key(answer: Answer) -> dict[Key, dict[str, Any]]:
    return {key_of(row): row for row in answer.records()}


def show_deployments(looked: Looked) -> cards.Freshness | None:
    """Draw one row a deployment, open problems first."""
    step = traffic.judged_step(looked.window)
    answer, whole = traffic.steps(looked.window, step), traffic.totals(looked.window)
    totals, trends, found = _by_key(whole), outcomes(answer.records(), step), held(looked)
    if not looked.keys:
        states.show(states.blind(None, "The scope has no online deployment."))
        return cards.answered(answer, whole)

    def order(name: str) -> tuple[int, int]:
        key = looked.keys[name]
        return STATUSES.index(_worst(*found[key])), -totals.get(key, NOTHING_ASKED)["Requests"]

    rows = []
    for name in sorted(looked.keys, key=order):
        key = looked.keys[name]
        rows.append(_deployment_cells(name, found[key], totals.get(key), trends.get(key, ())))
    table = pd.DataFrame(rows)
    st.dataframe(
        table,
        hide_index=True,
        key="traffic-deployments",
        alt=f"{len(table)} deployments, open problems first",
        column_config={
            "Requests": st.column_config.NumberColumn(format="localized"),
            "Errors by step, %": st.column_config.LineChartColumn(y_min=0),
        },
    )
    st.caption("Counts and percentiles are exact, of the whole window, from the traffic log.")
    return cards.answered(answer, whole)


def _worst(*held: Objective) -> Status:
    return min((each.status for each in held), key=STATUSES.index)


def _deployment_cells(
    name: str,
    held: tuple[Objective, Objective],
    total: Mapping[str, Any] | None,
    trend: Sequence[Outcomes],
) -> dict[str, object]:
    errors, p95 = held
    return {
        "Deployment": name,
        "Status": cards.status_label(_worst(*held)),
        "Since (UTC)": _since(*held),
        "Steps beyond": f"{errors.breached} errors, {p95.breached} P95",
        "Requests": total["Requests"] if total else 0,
        "Errors by step, %": [100 * o.faults / o.requests for o in trend if o.requests],
        **_total_cells(total or NOTHING_ASKED),
    }


PERCENTILES = (50, 90, 95, 99)


#: The row of a deployment that the traffic log says nothing of.
NOTHING_ASKED: dict[str, Any] = {"Requests": 0}


def _total_cells(total: Mapping[str, Any]) -> dict[str, object]:
    """Return whose errors they were, and the percentiles, of a whole window."""
    own, callers = "Errors, not the caller's", "Caller's errors"
    percentiles = [f"P{p}" for p in PERCENTILES]
    asked = total["Requests"]
    if not asked:
        return {own: "–", callers: "–", **{f"{p}, ms": None for p in percentiles}}
    return {
        own: f"{(total['Errors'] - total['ClientErrors']) / asked:.2%}",
        callers: f"{total['ClientErrors'] / asked:.2%}",
        **{f"{p}, ms": round(total[f"{p}Ms"]) for p in percentiles},
    }


def pick(looked: Looked, found: Mapping[Key, tuple[Objective, Objective]]) -> str | None:
    """Draw the choice of a deployment, the one with the oldest open breach first; None without any."""

    def order(name: str) -> tuple[bool, float, int, str]:
        both = found.get(looked.keys[name], ())
        open_ = [each.since.timestamp() for each in both if each.since]
        rows = max((sum(r.rows for r in each.results) for each in both), default=0)
        return not open_, min(open_, default=0.0), -rows, name

    names = sorted(looked.keys, key=order)
    if len(names) <= 1:
        return names[0] if names else None
    about = "The one with the oldest open breach comes first, then by requests."
    return choices.known_pick("Deployment in detail", names, PICKED, help=about, width=320)


def show_objectives(
    found: tuple[Objective, Objective], looked: Looked, key: Key
) -> cards.Freshness | None:
    """Draw the verdict tiles: the overview's numbers, against what they are held to."""
    errors, p95 = found
    hours = traffic.judged_step(looked.window) / timedelta(hours=1)
    cards.tiles(
        Tile(
            "Error rate",
            numbers.text(errors.value, ".2%"),
            errors.status,
            f"objective ≤ {errors.limit:.0%} · last {3 * hours:.0f} h with requests, "
            f"n = {errors.rows:,}{_told(errors)}",
            "error rate",
        ),
        Tile(
            "P95 latency",
            numbers.NONE if p95.value is None else f"{p95.value:,.0f} ms",
            p95.status,
            f"objective ≤ {p95.limit:,.0f} ms · newest {hours:.0f} h with requests, "
            f"n = {p95.rows:,}{_told(p95)}",
            "P95",
        ),
        partial(_show_collection_tile, looked, key),
    )
    st.caption("A verdict needs two of the last three steps: the overview's numbers and rule.")
    return cards.answered(traffic.steps(looked.window, traffic.judged_step(looked.window)))


def _show_collection_tile(looked: Looked, key: Key) -> None:
    try:
        collected = collection_of(traffic.collection(looked.window).value, key)
    except MonitoringError as error:
        states.show_error(error)
        return
    status, start, value, reason = collected.verdict()
    note = " · ".join(filter(None, (reason, f"since {start:%d %b %H:%M}" if start else "")))
    Tile("Data collection", value, status, note, "data collection").show()


@dataclass(frozen=True, slots=True)
class Collected:
    """The data collection of one deployment, in time order: records lost, and the share that came."""

    lost: Sequence[MetricResult]
    share: Sequence[MetricResult]

    def verdict(self) -> tuple[Status, datetime | None, str, str]:
        """Return status, start of the open breach, the newest number in words, and the reason."""
        value = self._newest_loss()
        for history, said in ((self.share, "stopped"), (self.lost, value)):
            if start := since(history):
                failing = next(r for r in reversed(history) if r.status == "breached")
                return "breached", start, said, failing.reason
        if any(r.status == "ok" for r in self.results):
            newest = self._newest()
            return "ok", None, value, f"n = {newest.rows:,} in the newest step" if newest else ""
        return self._blind_status(), None, value, self._last_reason()

    @property
    def results(self) -> list[MetricResult]:
        """Both."""
        return [*self.lost, *self.share]

    def _newest(self) -> MetricResult | None:
        return next((r for r in reversed(self.lost) if r.value is not None), None)

    def _newest_loss(self) -> str:
        newest = self._newest()
        return numbers.NONE if newest is None else f"{newest.value:.2%} lost"

    def _blind_status(self) -> Status:
        status = min((r.status for r in self.results), key=STATUSES.index, default="no_data")
        # One breached step alone is no verdict.
        return "not_enough_data" if status == "breached" else status

    def _last_reason(self) -> str:
        known = (r.reason for r in reversed(self.results) if r.reason)
        return next(known, "nothing is known of it")


def collection_of(results: Sequence[MetricResult], key: Key) -> Collected:
    """Return the results of one deployment by metric, in time order."""
    own = [result for result in results if result.place == place_of(key)]
    return Collected(
        [result for result in own if result.metric == "collection_error_rate"],
        [result for result in own if result.metric == "collected_share"],
    )


def of_deployment(looked: Looked, key: Key) -> tuple[Outcomes, ...]:
    """Return the steps of one deployment as the charts draw them.

    Raises:
        SourceError: Log Analytics did not answer.
    """
    return outcomes(traffic.steps(looked.window, looked.step).records(), looked.step).get(key, ())


def incomplete(looked: Looked, settled: datetime) -> tuple[datetime, datetime] | None:
    """Return the span in which rows may still arrive: from the step that is not settled yet."""
    end = looked.window.end
    if settled >= end:
        return None
    steps = (settled - looked.window.start) // looked.step
    return looked.window.start + max(steps, 0) * looked.step, end


def show_silence(key: Key, window: Window) -> None:
    """Say why there is no request: no diagnostic setting, or nobody asked."""
    name = " / ".join(key)
    if traffic.sends_traffic_log(key[0]) is False:
        why = f"The endpoint {key[0]} has no diagnostic setting for the traffic log."
        states.show(states.blind(None, why, FIX))
        return
    states.show(states.blind(None, f"The traffic log has no request to {name} from {window}."))


def _since(*found: Objective) -> str:
    open_ = [(each.since, each.is_older) for each in found if each.since]
    if not open_:
        return ""
    start, is_older = min(open_)
    return f"{'before ' if is_older else ''}{start:%d %b %H:%M}"


def _told(objective: Objective) -> str:
    if objective.since:
        before = "before " if objective.is_older else ""
        return f" · since {before}{objective.since:%d %b %H:%M}"
    if objective.status == "stale" and objective.last:
        return f" · no request since {objective.last:%d %b %H:%M}"
    steps = f" · {objective.breached} of {len(objective.results)} steps beyond it"
    is_mixed = objective.value is not None and objective.value > objective.limit
    if objective.status == "ok" and is_mixed and objective.over:
        return f"{steps}, none since {objective.over:%d %b %H:%M}: the number still holds some"
    return steps
