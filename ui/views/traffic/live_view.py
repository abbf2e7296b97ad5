"""The last fifteen minutes, by platform metrics: the tiles that live mode refreshes, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import numpy as np
import streamlit as st

from monitoring.capacity.service_level import ERROR_RATE, LATENCY_P95_MS
from monitoring.capacity.throughput import Minutes
from monitoring.charts import sparkline
from monitoring.metric import Status
from monitoring.signals.traffic import judging as judged
from monitoring.window import Window
from monitoring.workspace.blame import BLAMES
from ui.loaders import traffic, workspace
from ui.parts import cards, states
from ui.views.traffic.traffic_view import Key

EVERY_SECONDS = 30
KEY = "traffic-live"


def show(key: Key) -> None:
    """Draw the switch and the tiles. With it on, the tiles alone run again every thirty seconds."""
    live = st.toggle(
        "Live",
        key=KEY,
        bind="query-params",
        help=f"Refreshes these tiles every {EVERY_SECONDS} s, and nothing else on the page.",
    )
    st.fragment(_show_tiles, run_every=EVERY_SECONDS if live else None, key="traffic-live-tiles")(
        key
    )


def _show_tiles(key: Key) -> None:
    try:
        asked = traffic.live()
    except Exception as error:  # noqa: BLE001 - logged with an id; a fragment must not fail the page
        states.show_error(error)
        return
    found = asked.value.get(key)
    if found is None or found.newest is None:
        states.show(states.blind(None, "Azure Monitor counts no request in the last 15 minutes."))
    else:
        _show_minutes(found)
    cards.show_freshness(cards.taken(asked))


def _show_minutes(found: Minutes) -> None:
    faults = {who: float(np.nansum(n)) for who, n in found.errors.items()}
    said = ", ".join(f"{who} {n:,.0f}" for who, n in faults.items() if n) or "none"
    errors = np.sum([found.errors[who] for who in BLAMES], axis=0)
    total, p95 = found.total, found.newest_p95_ms
    limit = f"objective ≤ {LATENCY_P95_MS:,.0f} ms; few requests make it jump"
    newest_p95 = "–" if p95 is None else f"{p95:,.0f} ms"
    per_minute = f"{total / len(found.times):,.1f}"
    cards.tiles(
        partial(_tile, "Requests per minute", per_minute, found.requests, f"{total:,.0f} requests"),
        partial(_tile_errors, found),
        partial(_tile, "P95 of the newest minute", newest_p95, found.p95_ms, limit),
        partial(_tile, "Errors", f"{sum(faults.values()):,.0f}", errors, said),
    )
    newest = datetime.fromisoformat(str(found.newest)).replace(tzinfo=UTC)
    st.caption(
        f"Platform metrics, {found.times[0].astype(datetime):%H:%M} to {workspace.now():%H:%M} UTC, "
        f"newest minute {newest:%H:%M}. Logs of these minutes are incomplete yet."
    )


def _tile_errors(found: Minutes) -> None:
    rate = found.error_rate
    result = judged_now(found)
    faults = np.sum([n for who, n in found.errors.items() if who != "client"], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        trend = 100 * faults / found.requests
    _tile(
        "Error rate",
        "–" if rate is None else f"{rate:.2%}",
        trend,
        f"objective ≤ {ERROR_RATE:.0%}, without the caller's errors",
        result,
    )


def judged_now(found: Minutes) -> Status:
    """Return the verdict on the error rate of these minutes, by the same rule as any step."""
    start = datetime.fromisoformat(str(found.times[0])).replace(tzinfo=UTC)
    end = datetime.fromisoformat(str(found.times[-1])).replace(tzinfo=UTC)
    faults = round(found.total * (found.error_rate or 0.0))
    window = Window(start, max(end, start.replace(microsecond=1)))
    return judged.error_rate("", window, round(found.total), faults).status


def _tile(
    label: str,
    value: str,
    trend: np.ndarray,
    note: str,
    status: Status | None = None,
) -> None:
    with st.container(border=True, height="stretch", gap="xsmall"):
        points = sparkline(np.asarray(trend, dtype=float))
        drawn = [point for point in points if point is not None]
        st.metric(label, value, chart_data=drawn if len(drawn) > 1 else None)
        if status:
            cards.status_badge(status)
        st.text(note)
