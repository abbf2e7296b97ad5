"""From an incident to a request: container events, console and failed requests of a deployment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from monitoring.requests import known_issues
from monitoring.window import Window
from ui.loaders import deployments, requests
from ui.loaders.requests import NotableRequest
from ui.parts import cards, known_issue_view, states
from ui.shell import nav
from ui.views.request import request_view, xray_view

MOST_MOMENTS, MOST_REQUESTS = 30, 8
#: Requests may fail on past the end of a short window; nothing shorter is worth asking about.
LEAST = timedelta(minutes=10)


def show(endpoint: str, deployment: str, window: Window) -> None:
    """Draw what happened inside of a deployment in a window, and the requests that failed in it.

    Args:
        endpoint: Name of the endpoint.
        deployment: Name of the deployment; empty for all of the endpoint.
        window: Usually that of an incident, with some time before it.
    """
    window = Window(window.start, max(window.end, window.start + LEAST))
    key = f"drill-{endpoint}-{deployment}-{window.start:%Y%m%d%H%M}"
    events = _show_events(endpoint, deployment, window, key)
    errors = _show_errors(endpoint, deployment, window, key)
    _show_moment(endpoint, deployment, _moments(events, errors, window), key)
    _show_failed(endpoint, deployment, window, key)


def _show_events(endpoint: str, deployment: str, window: Window, key: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with cards.panel(
        "Container events", help="Starts, kills, failed probes and back-offs."
    ) as panel:
        answer, rows = requests.container_events(endpoint, deployment, window)
        panel.freshness = cards.answered(answer)
        if not rows:
            nothing = "Nothing happened to its containers."
            _show_nothing(endpoint, "AmlOnlineEndpointEventLog", nothing)
            return rows
        troubles = ((row["Message"], "event", row["Events"]) for row in rows if row["IsTrouble"])
        known_issue_view.show(known_issues.matched(troubles)[:4])
        table = pd.DataFrame([_event_cells(row) for row in rows])
        cards.show_table(table, key=f"{key}-events", alt=f"{len(rows)} kinds of events by time")
    return rows


def _event_cells(row: Mapping[str, Any]) -> dict[str, object]:
    return {
        "From (UTC)": f"{row['TimeGenerated']:%Y-%m-%d %H:%M}",
        "Event": f"{'▲ ' * row['IsTrouble']}{row['Event']}",
        "Count": row["Events"],
        "Instances": row["Instances"],
        "Last (UTC)": f"{row['Last']:%H:%M:%S}",
        "Message": row["Message"],
    }


def _show_errors(endpoint: str, deployment: str, window: Window, key: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with cards.panel(
        "Errors in the console",
        help="Lines that speak of an error; those that differ in ids and numbers only are one.",
    ) as panel:
        answer, rows = requests.console_errors(endpoint, deployment, window)
        panel.freshness = cards.answered(answer)
        if not rows:
            _show_nothing(endpoint, "AmlOnlineEndpointConsoleLog", "No line speaks of an error.")
            return rows
        lines = ((row["Message"], "console", row["Lines"]) for row in rows)
        known_issue_view.show(known_issues.matched(lines)[:4])
        table = pd.DataFrame([_error_cells(row) for row in rows])
        cards.show_table(table, key=f"{key}-errors", alt=f"{len(rows)} kinds of error lines")
    return rows


def _moments(
    events: Sequence[Mapping[str, Any]], errors: Sequence[Mapping[str, Any]], window: Window
) -> dict[str, datetime]:
    """Return the moments worth looking at by label, the first trouble first."""
    found = [(row["Last"], row["Event"]) for row in events if row["IsTrouble"]]
    found += [(row["First"], f"first of {row['Lines']:,}: {row['Message'][:60]}") for row in errors]
    found = sorted((time, words) for time, words in found if time in window)[:MOST_MOMENTS]
    named = {f"{time:%d %b %H:%M:%S}, {words}": time for time, words in found}
    return named | {f"{window.start:%d %b %H:%M:%S}, start of the window": window.start}


def _show_moment(endpoint: str, deployment: str, moments: Mapping[str, datetime], key: str) -> None:
    with cards.panel(
        "Console around a moment",
        help="The 200 lines nearest to it, five minutes before and after.",
    ) as panel:
        picked = st.selectbox("Moment (UTC)", list(moments), key=f"{key}-moment", width=560)
        moment = moments.get(picked or "", next(iter(moments.values())))
        answers, lines, around = requests.around(endpoint, deployment, moment)
        panel.freshness = cards.answered(*answers)
        if around.minutes:
            total = sum(minute.requests for minute in around.minutes)
            failed = sum(minute.errors for minute in around.minutes)
            st.text(f"{total:,} requests in these ten minutes, {failed:,} of them failed.")
        if lines:
            xray_view.show_lines(lines, key=f"{key}-lines")
        else:
            words = "No console line within five minutes of it."
            _show_nothing(endpoint, "AmlOnlineEndpointConsoleLog", words)


def _show_nothing(endpoint: str, category: str, words: str) -> None:
    """Say that there is nothing, or that nobody would know."""
    if category in (deployments.sent_logs(endpoint) or ()):
        st.text(words)
    else:
        why = f"No diagnostic setting of {endpoint} sends {category}."
        states.show(states.blind(None, f"{why} Add it to one of the endpoint's."))


def _error_cells(row: Mapping[str, Any]) -> dict[str, object]:
    return {
        "Lines": row["Lines"],
        "First (UTC)": f"{row['First']:%Y-%m-%d %H:%M:%S}",
        "Last (UTC)": f"{row['Last']:%Y-%m-%d %H:%M:%S}",
        "Instances": row["Instances"],
        "Last such line": row["Message"],
        "Known issue": known_issue_view.symptom(row["Message"]),
    }


def _show_failed(endpoint: str, deployment: str, window: Window, key: str) -> None:
    with cards.panel("Failed requests", help="Open one to see what it was made of.") as panel:
        answer, found = requests.notable(endpoint, deployment or None, window)
        panel.freshness = cards.answered(answer)
        failed = [request for request in found if request.is_failed]
        if not failed:
            states.show(states.no_results("failed requests", {"window": str(window)}))
            return
        _show_known(failed)
        shown = _spread(failed)
        for n, request in enumerate(shown):
            _show_request(request, f"{key}-open-{n}")
        if len(failed) > len(shown):
            st.caption(
                f"{len(shown)} of {len(failed):,} steps and codes; the page Request X-ray lists all."
            )


def _spread(failed: Sequence[NotableRequest]) -> list[NotableRequest]:
    """Return some requests of each response code, the commonest codes first."""
    by_code: dict[str, list[NotableRequest]] = {}
    for request in sorted(failed, key=lambda each: -each.alike):
        by_code.setdefault(request_view.code_of(request), []).append(request)
    share = max(1, MOST_REQUESTS // len(by_code))
    return [request for group in by_code.values() for request in group[:share]][:MOST_REQUESTS]


def _show_known(failed: Sequence[NotableRequest]) -> None:
    """Draw what is known of the two commonest responses."""
    codes: Counter[tuple[int | None, int | None]] = Counter()
    for request in failed:
        codes[request.code, request.model_code] += request.alike
    known = ((known_issues.of_response(*code), n) for code, n in codes.most_common(2))
    known_issue_view.show([(issue, n) for issue, n in known if issue])


def _show_request(request: NotableRequest, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Open",
            icon=":material/frame_inspect:",
            key=key,
            on_click=nav.go,
            args=("request.py", {request_view.KEY: request.request_id}),
        )
        st.text(
            f"{request.time:%d %b %H:%M:%S} UTC, {request_view.code_of(request)}, "
            f"{request.total_ms:,} ms, {request.alike:,} alike, {request.agent}"
        )
