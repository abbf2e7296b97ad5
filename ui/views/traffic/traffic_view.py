"""Traffic on screen: every deployment held to its objectives, and one of them in detail."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

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
from ui.loaders import traffic
from ui.parts import cards, states

if TYPE_CHECKING:
    from monitoring.window import Window
    from ui.loaders.deployments import EndpointChoice
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
        if chosen.endpoint in {None, endpoint.name} and chosen.deployment in {None, name}
    }
    step = traffic.step_of(window)
    try:
        logged = {(row["Endpoint"], row["Deployment"]) for row in traffic.totals(window).records()}
    except MonitoringError:
        logged = set()  # the panels say why
    if chosen.deployment is None:
        for key in sorted(logged - set(keys.values())):
            if chosen.endpoint is None or chosen.endpoint.lower() == key[0]:
                keys[" / ".join(key) + " (gone)"] = key
    return Looked(window, step, keys)


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


def show_deployments(looked: Looked) -> cards.Freshness | None:
    """Draw one row a deployment, open problems first."""
    step = traffic.judged_step(looked.window)
    answer, whole = traffic.steps(looked.window, step), traffic.totals(looked.window)
    totals = {(row["Endpoint"], row["Deployment"]): row for row in whole.records()}
    trends = outcomes(answer.records(), step)
    found = held(looked)
    rows = []
    for name, key in looked.keys.items():
        errors, p95 = found[key]
        total = totals.get(key)
        trend = trends.get(key, ())
        worst = min((errors.status, p95.status), key=STATUSES.index)
        rows.append(
            {
                "Deployment": name,
                "Status": cards.status_label(worst),
                "Since (UTC)": _since(errors, p95),
                "Steps beyond": f"{errors.breached} errors, {p95.breached} P95",
                "Requests": total["Requests"] if total else 0,
                "Errors by step, %": [100 * o.faults / o.requests for o in trend if o.requests],
                "Errors, not the caller's": _percent(
                    (total["Errors"] - total["ClientErrors"]) / total["Requests"] if total else None
                ),
                "Caller's errors": _percent(
                    total["ClientErrors"] / total["Requests"] if total else None
                ),
                **{
                    f"P{p}, ms": round(total[f"P{p}Ms"]) if total else None
                    for p in (50, 90, 95, 99)
                },
                "_order": STATUSES.index(worst),
            }
        )
    if not rows:
        states.show(states.blind(None, "The scope has no online deployment."))
        return cards.answered(answer, whole)
    table = pd.DataFrame(sorted(rows, key=lambda row: (row["_order"], -row["Requests"])))
    table = table.drop(columns="_order")
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
    if st.session_state.get(PICKED, names[0]) not in names:
        st.session_state[PICKED] = names[0]
    return st.selectbox(
        "Deployment in detail",
        names,
        key=PICKED,
        bind="query-params",
        help="The one with the oldest open breach comes first, then by requests.",
        width=320,
    )


def show_objectives(
    found: tuple[Objective, Objective], looked: Looked, key: Key
) -> cards.Freshness | None:
    """Draw the verdict tiles: the overview's numbers, against what they are held to."""
    errors, p95 = found
    hours = traffic.judged_step(looked.window) / timedelta(hours=1)
    columns = st.columns(3)
    with columns[0]:
        cards.kpi(
            "Error rate",
            _percent(errors.value),
            errors.status,
            note=f"objective ≤ {errors.limit:.0%} · last {3 * hours:.0f} h with requests, "
            f"n = {errors.rows:,}{_told(errors)}",
            term="error rate",
        )
    with columns[1]:
        cards.kpi(
            "P95 latency",
            "–" if p95.value is None else f"{p95.value:,.0f} ms",
            p95.status,
            note=f"objective ≤ {p95.limit:,.0f} ms · newest {hours:.0f} h with requests, "
            f"n = {p95.rows:,}{_told(p95)}",
            term="P95",
        )
    with columns[2]:
        _show_collection_tile(looked, key)
    st.caption("A verdict needs two of the last three steps: the overview's numbers and rule.")
    return cards.answered(traffic.steps(looked.window, traffic.judged_step(looked.window)))


def _show_collection_tile(looked: Looked, key: Key) -> None:
    try:
        results = collection_of(traffic.collection(looked.window).value, key)
    except MonitoringError as error:
        states.show_error(error)
        return
    status, start, value, reason = of_collection(results)
    cards.kpi(
        "Data collection",
        value,
        status,
        note=" · ".join(filter(None, (reason, f"since {start:%d %b %H:%M}" if start else ""))),
        term="data collection",
    )


def collection_of(results: Sequence[MetricResult], key: Key) -> dict[str, list[MetricResult]]:
    """Return the results of one deployment by metric, in time order."""
    found: dict[str, list[MetricResult]] = {"collection_error_rate": [], "collected_share": []}
    for result in results:
        if result.place == place_of(key):
            found[result.metric].append(result)
    return found


def of_collection(
    results: Mapping[str, Sequence[MetricResult]],
) -> tuple[Status, datetime | None, str, str]:
    """Return status, start of the open breach, the newest number in words, and the reason."""
    starts = {name: since(history) for name, history in results.items()}
    lost, share = results["collection_error_rate"], results["collected_share"]
    newest = next((r for r in reversed(lost) if r.value is not None), None)
    value = "–" if newest is None or newest.value is None else f"{newest.value:.2%} lost"
    if starts["collected_share"]:
        silent = next(r for r in reversed(share) if r.status == "breached")
        return "breached", starts["collected_share"], "stopped", silent.reason
    if start := starts["collection_error_rate"]:
        failing = next(r for r in reversed(lost) if r.status == "breached")
        return "breached", start, value, failing.reason
    every = [*lost, *share]
    if any(r.status == "ok" for r in every):
        return "ok", None, value, f"n = {newest.rows:,} in the newest step" if newest else ""
    statuses = [r.status for r in every]
    status = min(statuses, key=STATUSES.index) if statuses else "no_data"
    reason = next((r.reason for r in reversed(every) if r.reason), "nothing is known of it")
    # One breached step alone is no verdict.
    return ("not_enough_data" if status == "breached" else status), None, value, reason


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


def _percent(share: float | None) -> str:
    return "–" if share is None or math.isnan(share) else f"{share:.2%}"


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
