"""One deployment's traffic in detail: charts over time, answers, callers, requests to open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.capacity.service_level import ERROR_RATE, LATENCY_P95_MS
from monitoring.errors import MonitoringError
from monitoring.requests.outcomes import Outcomes
from monitoring.workspace.blame import BLAMES, blame
from ui.loaders import requests, traffic
from ui.parts import cards, states
from ui.shell import nav
from ui.views.request import request_view
from ui.views.traffic import traffic_view

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ui.loaders.logs import Answer
    from ui.views.traffic.traffic_view import Key, Looked

PARTS = {
    "Throttling": ("ThrottlingMs", "Network throttling held the request or its answer back."),
    "Request upload": ("UploadMs", "From the start to the request's last byte, throttling aside."),
    "Model": ("ModelMs", "From the request's last byte to the model's first: queue and score.py."),
    "Gateway": ("GatewayMs", "The same where the gateway answered without asking the model."),
    "Response": ("ResponseMs", "From the model's first byte to the last one sent."),
}
MOST_REQUESTS = 50


def starts(looked: Looked) -> list[datetime]:
    """Return the start of every step of the window, measured or not."""
    first = datetime.min.replace(tzinfo=looked.window.start.tzinfo)
    start = looked.window.start - (looked.window.start - first) % looked.step
    steps = int((looked.window.end - start) / looked.step) + 1
    all_ = [start + n * looked.step for n in range(steps)]
    return [time for time in all_ if time < looked.window.end]


def _spread(
    looked: Looked, times: Sequence[datetime], values: Sequence[float | None]
) -> NDArray[np.float64]:
    """Return the values on every step; what was not measured is a gap."""
    at = {time: n for n, time in enumerate(starts(looked))}
    spread = np.full(len(at), np.nan)
    for time, value in zip(times, values, strict=True):
        if time in at and value is not None:
            spread[at[time]] = value
    return spread


def show_requests(looked: Looked, key: Key) -> cards.Freshness | None:
    """Draw requests a minute and what share of them failed, by who is to blame."""
    answer = traffic.steps(looked.window, looked.step)
    found = traffic_view.of_deployment(looked, key)
    if not found:
        traffic_view.show_silence(key, looked.window)
        return cards.answered(answer)
    at = [each.window.start for each in found]
    order = [*(who for who in BLAMES if who != "client"), "client"]
    chart = charts.requests(
        starts(looked),
        _spread(looked, at, [each.per_minute for each in found]),
        {who: _spread(looked, at, [each.share(who) for each in found]) for who in order},
        step=looked.step,
        objective=ERROR_RATE,
        incomplete=traffic_view.incomplete(looked, answer.settled),
    )
    cards.show_chart(chart, key="traffic-requests", table=_requests_table(found))
    shown = [f"{who} ({words})" for who, words in BLAMES.items()]
    st.caption(
        cards.escaped(
            f"Whose errors: {', '.join(shown)}. The objective is for all but the client's. "
            "Shaded: the newest rows may still arrive."
        )
    )
    return cards.answered(answer)


def _requests_table(found: Sequence[Outcomes]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Start (UTC)": [f"{each.window.start:%Y-%m-%d %H:%M}" for each in found],
            "Requests": [each.requests for each in found],
            "Requests per minute": [round(each.per_minute, 2) for each in found],
            "Errors": [sum(each.errors.values()) for each in found],
            **{
                f"{who.capitalize()} errors": [each.errors[who] for each in found] for who in BLAMES
            },
        }
    )


def show_latency(looked: Looked, key: Key) -> cards.Freshness | None:
    """Draw the percentiles from both sources; each stands without the other."""
    answer, missing = None, ""
    logged: dict[int, tuple[list[datetime], NDArray[np.float64]]] = {}
    try:
        answer = traffic.steps(looked.window, looked.step)
        found = traffic_view.of_deployment(looked, key)
        at = [each.window.start for each in found]
        if found:
            logged = {
                p: (starts(looked), _spread(looked, at, [o.percentiles_ms[p] for o in found]))
                for p in (50, 90, 95, 99)
            }
    except MonitoringError as error:
        missing = f"traffic log: {error}"
    try:
        measured = traffic.metric_percentiles(looked.window, looked.step).get(key, {})
    except MonitoringError as error:
        measured, missing = {}, " ".join(filter(None, (missing, f"platform metrics: {error}")))
    if missing:
        st.text(f"Only one source answered, or none. {missing}")
    if not logged and not measured:
        if not missing:
            traffic_view.show_silence(key, looked.window)
        return cards.answered(*filter(None, (answer,)), missing=missing)
    sources = {"both": "Both", "log": "Traffic log", "metric": "Platform metric"}
    picked = st.segmented_control(
        "Source",
        list(sources),
        default="both",
        format_func=lambda source: sources[source],
        required=True,
        key="traffic-latency-source",
        bind="query-params",
    )
    chart = charts.percentiles(
        {} if picked == "metric" else logged,
        {} if picked == "log" else {p: (m.times, m.values_ms) for p, m in measured.items()},
        objective_ms=LATENCY_P95_MS,
        incomplete=traffic_view.incomplete(looked, answer.settled) if answer else None,
    )
    cards.show_chart(chart, key="traffic-latency", table=_percentiles_table(looked, logged))
    st.caption(
        cards.escaped(
            f"Lines: traffic log, exact over all requests of a step, to the last byte. Dotted: platform "
            f"metric, the mean of the step's percentiles per minute. They part where minutes differ: "
            f"a slow minute with few requests weighs as much in the mean as a busy one. Objective: P95 "
            f"of at most {LATENCY_P95_MS:,.0f} ms."
        )
    )
    return cards.answered(*filter(None, (answer,)), missing=missing)


def _percentiles_table(
    looked: Looked, logged: dict[int, tuple[list[datetime], NDArray[np.float64]]]
) -> pd.DataFrame | None:
    if not logged:
        return None
    table = pd.DataFrame({"Start (UTC)": [f"{time:%Y-%m-%d %H:%M}" for time in starts(looked)]})
    for percent, (_, values) in logged.items():
        table[f"P{percent}, ms (log)"] = values
    return table.dropna(subset=table.columns[1:], how="all")


def show_parts(looked: Looked, key: Key) -> cards.Freshness | None:
    """Draw what the time of requests went into."""
    answer = traffic.parts(looked.window, looked.step)
    rows = [row for row in answer.records() if (row["Endpoint"], row["Deployment"]) == key]
    if not rows:
        traffic_view.show_silence(key, looked.window)
        return cards.answered(answer)
    at = [row["TimeGenerated"] for row in rows]
    parts = {n: _spread(looked, at, [row[c] for row in rows]) for n, (c, _) in PARTS.items()}
    chart = charts.latency_parts(
        starts(looked),
        parts,
        step=looked.step,
        incomplete=traffic_view.incomplete(looked, answer.settled),
    )
    requests_ = sum(row["Requests"] for row in rows)
    means = {
        name: sum(row[column] * row["Requests"] for row in rows) / requests_
        for name, (column, _) in PARTS.items()
    }
    total = sum(means.values())
    cards.show_chart(chart, key="traffic-parts")
    table = pd.DataFrame(
        {
            "Part": [*PARTS, "Total"],
            "Mean, ms": [f"{ms:,.1f}" for ms in (*means.values(), total)],
            "Share": [f"{ms / total:.1%}" if total else "–" for ms in (*means.values(), total)],
            "What it is": [*(words for _, words in PARTS.values()), f"n = {requests_:,}"],
        }
    )
    cards.show_table(table, key="traffic-parts-table", alt=chart.summary)
    return cards.answered(answer)


def show_responses(looked: Looked, key: Key) -> cards.Freshness | None:
    """List the answers that were given, and who has to act on them."""
    answer = traffic.responses(looked.window)
    rows = _of(answer, key)
    if not rows:
        traffic_view.show_silence(key, looked.window)
        return cards.answered(answer)
    total = sum(row["Requests"] for row in rows)
    whose = [blame(row["ResponseCode"], row["ModelStatusCode"]) for row in rows]
    table = pd.DataFrame(
        {
            "Response": [f"{row['ResponseCode']} {row['Reason']}" for row in rows],
            "Model said": [
                f"{row['ModelStatusCode']} {row['ModelReason']}" if row["ModelStatusCode"] else "–"
                for row in rows
            ],
            "To blame": [each.who or "–" for each in whose],
            "What it means": [each.words for each in whose],
            "Requests": [row["Requests"] for row in rows],
            "Share": [f"{row['Requests'] / total:.2%}" for row in rows],
            "Last (UTC)": [f"{row['Last']:%d %b %H:%M}" for row in rows],
        }
    )
    cards.show_table(table, key="traffic-responses", alt=f"{len(rows)} kinds of answers")
    return cards.answered(answer)


def show_callers(looked: Looked, key: Key) -> cards.Freshness | None:
    """List who asks, with their share and what they got."""
    answer = traffic.callers(looked.window)
    rows = _of(answer, key)
    if not rows:
        traffic_view.show_silence(key, looked.window)
        return cards.answered(answer)
    total = sum(row["Requests"] for row in rows)
    table = pd.DataFrame(
        {
            "Caller": [row["Caller"] or "(names none)" for row in rows],
            "Requests": [row["Requests"] for row in rows],
            "Share": [f"{row['Requests'] / total:.1%}" for row in rows],
            "Errors": [f"{row['Errors'] / row['Requests']:.2%}" for row in rows],
            "Their own errors": [f"{row['ClientErrors'] / row['Requests']:.2%}" for row in rows],
            "Turned away": [f"{row['CapacityErrors'] / row['Requests']:.2%}" for row in rows],
            "P95, ms": [round(row["P95Ms"]) if row["P95Ms"] is not None else None for row in rows],
            "First (UTC)": [f"{row['FirstRequest']:%d %b %H:%M}" for row in rows],
            "Last (UTC)": [f"{row['LastRequest']:%d %b %H:%M}" for row in rows],
        }
    )
    cards.show_table(table, key="traffic-callers", alt=f"{len(rows)} callers, the busiest first")
    st.caption(
        "By the User-Agent header, as callers name themselves. Turned away: for want of capacity."
    )
    return cards.answered(answer)


def show_collection(looked: Looked, key: Key) -> cards.Freshness:
    """Draw the share of records that could not be stored, and say why."""
    asked = traffic.collection(looked.window)
    results = traffic_view.collection_of(asked.value, key)
    lost, share = results["collection_error_rate"], results["collected_share"]
    if not any(result.value is not None for result in (*lost, *share)):
        reason = next((r for r in lost if r.reason), None)
        why = f"{reason.reason[:1].upper()}{reason.reason[1:]}." if reason else ""
        states.show(states.blind(None, why, reason.hint if reason else ""))
        return cards.taken(asked)
    status, _, _, why = traffic_view.of_collection(results)
    if status == "breached":
        st.text(why)
    windows = [result.window for result in lost if result.window]
    chart = charts.trend(
        [window.start for window in windows],
        [100 * r.value if r.value is not None else np.nan for r in lost],
        name="records lost",
        rows=[r.rows for r in lost],
        threshold=100 * lost[0].threshold,
        statuses=[r.status for r in lost],
        unit="% of records",
    )
    cards.show_chart(chart, key="traffic-collection", table=_collection_table(results))
    told = {r.reason: r.hint for r in (*lost, *share) if r.status == "breached"}
    for reason, hint in list(told.items())[:3]:
        st.text(f"{reason}. {hint}")
    st.caption(
        cards.escaped(
            f"Platform metrics, which need no diagnostic setting: {lost[0].method}. Rows are estimated "
            "where a grain is longer than a minute. A step in which requests were answered and under "
            "5 % of the usual records came counts as stopped."
        )
    )
    return cards.taken(asked)


def _collection_table(results: dict[str, list[Any]]) -> pd.DataFrame:
    lost, share = results["collection_error_rate"], results["collected_share"]
    return pd.DataFrame(
        {
            "Start (UTC)": [f"{r.window.start:%Y-%m-%d %H:%M}" for r in lost],
            "Records": [r.rows for r in lost],
            "Lost, %": [None if r.value is None else round(100 * r.value, 2) for r in lost],
            "Status": [cards.status_label(r.status) for r in lost],
            "Answered requests": [r.rows for r in share],
            "Of the usual records": [None if r.value is None else round(r.value, 2) for r in share],
            "Collecting": [cards.status_label(r.status) for r in share],
            "Reason": [a.reason or b.reason for a, b in zip(lost, share, strict=True)],
        }
    )


def show_notable(looked: Looked, key: Key) -> cards.Freshness | None:
    """List the slowest and the failed requests; a click on a row opens its X-ray."""
    answer, found = requests.notable(key[0], key[1], looked.window)
    kind = st.segmented_control(
        "Requests",
        ["slowest", "failed"],
        default="slowest",
        required=True,
        key="traffic-notable",
        bind="query-params",
    )
    if kind == "failed":
        shown = [request for request in found if request.is_failed]
    else:
        shown = sorted(found, key=lambda request: -request.total_ms)
    shown = shown[:MOST_REQUESTS]
    if not shown:
        states.show(states.no_results("requests", {"window": str(looked.window)}))
        return cards.answered(answer)
    ids, widget = [request.request_id for request in shown], f"traffic-rows-{kind}-{'-'.join(key)}"
    st.dataframe(
        request_view.table(shown),
        hide_index=True,
        key=widget,
        on_select=partial(open_ticked, widget, ids),
        selection_mode="single-row",
        alt=f"{len(shown)} {kind} requests",
    )
    st.caption(
        "Of each step and response code the slowest; tick a row to open the request in the X-ray."
    )
    return cards.answered(answer)


def open_ticked(widget: str, ids: Sequence[str]) -> None:
    """Callback: open the X-ray of the request whose row was ticked."""
    rows = st.session_state[widget]["selection"]["rows"]
    if rows and rows[0] < len(ids):
        nav.go("request.py", {request_view.KEY: ids[rows[0]]})


def _of(answer: Answer, key: Key) -> list[dict[str, Any]]:
    return [row for row in answer.records() if (row["Endpoint"], row["Deployment"]) == key]
