"""One deployment's traffic in detail: charts over time, answers, callers, requests to open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from monitoring import charts
from monitoring.capacity.latency import MetricPercentile
from monitoring.capacity.service_level import ERROR_RATE, LATENCY_P95_MS
from monitoring.errors import MonitoringError
from monitoring.metric import MetricResult
from monitoring.requests.outcomes import Outcomes
from monitoring.workspace.blame import BLAMES, blame
from ui.loaders import requests, traffic
from ui.loaders.logs import Answer
from ui.parts import cards, choices, result_charts, states
from ui.parts.numbers import or_nan
from ui.shell import nav
from ui.views.request import request_view
from ui.views.traffic import traffic_view
from ui.views.traffic.traffic_view import Collected, Key, Looked

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
    cards.show_chart(
        chart, key="traffic-requests", table=pd.DataFrame([_requests_cells(each) for each in found])
    )
    shown = [f"{who} ({words})" for who, words in BLAMES.items()]
    st.caption(
        cards.escaped(
            f"Whose errors: {', '.join(shown)}. The objective is for all but the client's. "
            "Shaded: the newest rows may still arrive."
        )
    )
    return cards.answered(answer)


def show_latency(looked: Looked, key: Key) -> cards.Freshness | None:
    """Draw the percentiles from both sources; each stands without the other."""
    found = _percentiles(looked, key)
    if found.missing:
        st.text(f"Only one source answered, or none. {found.missing}")
    if found.logged or found.measured:
        _show_percentiles(looked, found)
    elif not found.missing:
        traffic_view.show_silence(key, looked.window)
    return cards.answered(*filter(None, (found.answer,)), missing=found.missing)


@dataclass(frozen=True, slots=True)
class _Percentiles:
    """What both sources say, in milliseconds by percent, and which of them did not answer."""

    answer: Answer | None
    logged: Mapping[int, NDArray[np.float64]]
    measured: Mapping[int, MetricPercentile]
    missing: str


def _percentiles(looked: Looked, key: Key) -> _Percentiles:
    answer, logged, measured, missing = None, {}, {}, []
    try:
        answer = traffic.steps(looked.window, looked.step)
        logged = _logged(looked, key)
    except MonitoringError as error:
        missing.append(f"traffic log: {error}")
    try:
        measured = traffic.metric_percentiles(looked.window, looked.step).get(key, {})
    except MonitoringError as error:
        missing.append(f"platform metrics: {error}")
    return _Percentiles(answer, logged, measured, " ".join(missing))


def _logged(looked: Looked, key: Key) -> dict[int, NDArray[np.float64]]:
    found = traffic_view.of_deployment(looked, key)
    at = [each.window.start for each in found]
    if not found:
        return {}
    percents = traffic_view.PERCENTILES
    return {p: _spread(looked, at, [each.percentiles_ms[p] for each in found]) for p in percents}


def _show_percentiles(looked: Looked, found: _Percentiles) -> None:
    sources = {"both": "Both", "log": "Traffic log", "metric": "Platform metric"}
    picked = choices.switch("Source", sources, "traffic-latency-source")
    times, settled = starts(looked), found.answer and found.answer.settled
    logged = {p: (times, values) for p, values in found.logged.items()}
    measured = {p: (each.times, each.values_ms) for p, each in found.measured.items()}
    chart = charts.percentiles(
        {} if picked == "metric" else logged,
        {} if picked == "log" else measured,
        objective_ms=LATENCY_P95_MS,
        incomplete=traffic_view.incomplete(looked, settled) if settled else None,
    )
    cards.show_chart(chart, key="traffic-latency", table=_percentiles_table(looked, found.logged))
    st.caption(
        cards.escaped(
            f"Lines: traffic log, exact over all requests of a step, to the last byte. Dotted: platform "
            f"metric, the mean of the step's percentiles per minute. They part where minutes differ: "
            f"a slow minute with few requests weighs as much in the mean as a busy one. Objective: P95 "
            f"of at most {LATENCY_P95_MS:,.0f} ms."
        )
    )


def _percentiles_table(
    looked: Looked, logged: Mapping[int, NDArray[np.float64]]
) -> pd.DataFrame | None:
    if not logged:
        return None
    table = pd.DataFrame({"Start (UTC)": [f"{time:%Y-%m-%d %H:%M}" for time in starts(looked)]})
    for percent, values in logged.items():
        table[f"P{percent}, ms (log)"] = values
    return table.dropna(subset=table.columns[1:], how="all")


def _own(answer: Answer, looked: Looked, key: Key) -> list[dict[str, Any]]:
    """Return the rows of a deployment; says why there are none."""
    rows = [row for row in answer.records() if traffic_view.key_of(row) == key]
    if not rows:
        traffic_view.show_silence(key, looked.window)
    return rows


def show_parts(looked: Looked, key: Key) -> cards.Freshness | None:
    """Draw what the time of requests went into."""
    answer = traffic.ask("latency_parts", looked.window, step=looked.step)
    rows = _own(answer, looked, key)
    if rows:
        at = [row["TimeGenerated"] for row in rows]
        spread = {n: _spread(looked, at, [row[c] for row in rows]) for n, (c, _) in PARTS.items()}
        chart = charts.latency_parts(
            starts(looked),
            spread,
            step=looked.step,
            incomplete=traffic_view.incomplete(looked, answer.settled),
        )
        cards.show_chart(chart, key="traffic-parts")
        cards.show_table(_parts_table(rows), key="traffic-parts-table", alt=chart.summary)
    return cards.answered(answer)


def _parts_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    asked = sum(row["Requests"] for row in rows)
    means = {
        name: (sum(row[column] * row["Requests"] for row in rows) / asked, words)
        for name, (column, words) in PARTS.items()
    }
    total = sum(mean for mean, _ in means.values())
    means["Total"] = total, f"n = {asked:,}"
    return pd.DataFrame(
        [
            (name, f"{mean:,.1f}", f"{mean / total:.1%}" if total else "–", words)
            for name, (mean, words) in means.items()
        ],
        columns=["Part", "Mean, ms", "Share", "What it is"],
    )


def show_responses(looked: Looked, key: Key) -> cards.Freshness | None:
    """List the answers that were given, and who has to act on them."""
    answer = traffic.ask("responses", looked.window)
    if rows := _own(answer, looked, key):
        total = sum(row["Requests"] for row in rows)
        table = pd.DataFrame([_response_cells(row, total) for row in rows])
        cards.show_table(table, key="traffic-responses", alt=f"{len(rows)} kinds of answers")
    return cards.answered(answer)


def _response_cells(row: Mapping[str, Any], total: int) -> dict[str, object]:
    whose = blame(row["ResponseCode"], row["ModelStatusCode"])
    model = f"{row['ModelStatusCode']} {row['ModelReason']}" if row["ModelStatusCode"] else "–"
    return {
        "Response": f"{row['ResponseCode']} {row['Reason']}",
        "Model said": model,
        "To blame": whose.who or "–",
        "What it means": whose.words,
        "Requests": row["Requests"],
        "Share": f"{row['Requests'] / total:.2%}",
        "Last (UTC)": f"{row['Last']:%d %b %H:%M}",
    }


def show_callers(looked: Looked, key: Key) -> cards.Freshness | None:
    """List who asks, with their share and what they got."""
    answer = traffic.ask("callers", looked.window)
    if rows := _own(answer, looked, key):
        total = sum(row["Requests"] for row in rows)
        table = pd.DataFrame([_caller_cells(row, total) for row in rows])
        alt = f"{len(rows)} callers, the busiest first"
        cards.show_table(table, key="traffic-callers", alt=alt)
        st.caption(
            "By the User-Agent header, as callers name themselves. Turned away: for want of capacity."
        )
    return cards.answered(answer)


def _caller_cells(row: Mapping[str, Any], total: int) -> dict[str, object]:
    asked = row["Requests"]
    return {
        "Caller": row["Caller"] or "(names none)",
        "Requests": asked,
        "Share": f"{asked / total:.1%}",
        "Errors": f"{row['Errors'] / asked:.2%}",
        "Their own errors": f"{row['ClientErrors'] / asked:.2%}",
        "Turned away": f"{row['CapacityErrors'] / asked:.2%}",
        "P95, ms": None if row["P95Ms"] is None else round(row["P95Ms"]),
        "First (UTC)": f"{row['FirstRequest']:%d %b %H:%M}",
        "Last (UTC)": f"{row['LastRequest']:%d %b %H:%M}",
    }


def show_collection(looked: Looked, key: Key) -> cards.Freshness:
    """Draw the share of records that could not be stored, and say why."""
    asked = traffic.collection(looked.window)
    collected = traffic_view.collection_of(asked.value, key)
    if any(result.value is not None for result in collected.results):
        _show_collected(collected)
    else:
        _show_not_collected(collected)
    return cards.taken(asked)


def _show_not_collected(collected: Collected) -> None:
    blind = next((result for result in collected.lost if result.reason), None)
    if blind is None:
        states.show(states.blind(None, ""))
    else:
        why = f"{blind.reason[:1].upper()}{blind.reason[1:]}."
        states.show(states.blind(None, why, blind.hint))


def _show_collected(collected: Collected) -> None:
    lost = collected.lost
    status, _, _, why = collected.verdict()
    if status == "breached":
        st.text(why)
    chart = charts.trend(
        [result.window.start for result in lost if result.window],
        [100 * value for value in result_charts.values(lost)],
        name="records lost",
        rows=[r.rows for r in lost],
        threshold=100 * lost[0].threshold,
        statuses=[r.status for r in lost],
        unit="% of records",
    )
    pairs = zip(lost, collected.share, strict=True)
    table = pd.DataFrame([_collection_cells(*pair) for pair in pairs])
    cards.show_chart(chart, key="traffic-collection", table=table)
    told = {r.reason: r.hint for r in collected.results if r.status == "breached"}
    for reason, hint in list(told.items())[:3]:
        st.text(f"{reason}. {hint}")
    st.caption(
        cards.escaped(
            f"Platform metrics, which need no diagnostic setting: {lost[0].method}. Rows are estimated "
            "where a grain is longer than a minute. A step in which requests were answered and under "
            "5 % of the usual records came counts as stopped."
        )
    )


def _collection_cells(lost: MetricResult, share: MetricResult) -> dict[str, object]:
    return {
        "Start (UTC)": f"{lost.window.start:%Y-%m-%d %H:%M}" if lost.window else "",
        "Records": lost.rows,
        "Lost, %": round(100 * or_nan(lost.value), 2),
        "Status": cards.status_label(lost.status),
        "Answered requests": share.rows,
        "Of the usual records": round(or_nan(share.value), 2),
        "Collecting": cards.status_label(share.status),
        "Reason": lost.reason or share.reason,
    }


def show_notable(looked: Looked, key: Key) -> cards.Freshness | None:
    """List the slowest and the failed requests; a click on a row opens its X-ray."""
    answer, found = requests.notable(key[0], key[1], looked.window)
    kinds = {"slowest": "slowest", "failed": "failed"}
    kind = choices.switch("Requests", kinds, "traffic-notable")
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


def _requests_cells(each: Outcomes) -> dict[str, object]:
    return {
        "Start (UTC)": f"{each.window.start:%Y-%m-%d %H:%M}",
        "Requests": each.requests,
        "Requests per minute": round(each.per_minute, 2),
        "Errors": sum(each.errors.values()),
        **{f"{who.capitalize()} errors": each.errors[who] for who in BLAMES},
    }
