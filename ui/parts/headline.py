"""The kept headline of a signal at a deployment: the same word and number as on the overview."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from monitoring.errors import MonitoringError
from monitoring.overview.line import NOTHING, line
from monitoring.overview.state import inside
from monitoring.report import Headline
from monitoring.signals import SIGNALS
from monitoring.window import Window
from ui.loaders import fleet, workspace
from ui.parts import cards, states
from ui.parts.answer_view import age


def show(signal: str, endpoint: str, deployment: str, window: Window) -> None:
    """Draw the headline, and again when a newer one is there.

    Args:
        signal: Its name.
        endpoint: Of the scope.
        deployment: Of the scope.
        window: Which breaches that are over are still told.
    """

    @st.fragment(run_every=fleet.pace_seconds())
    def draw() -> None:
        try:
            state = fleet.state_of(endpoint, deployment)
        except MonitoringError as error:
            states.show_error(error)
            return
        headline = inside(state, window).of(signal) if state else None
        with st.container(border=True, key=f"headline-{signal}"):
            _show(SIGNALS[signal].title, headline)

    draw()


def _show(title: str, headline: Headline | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if headline is None:
            st.text(title, width="content")
            cards.status_badge(cards.MEASURING if fleet.is_first() else cards.LOOKS["no_data"])
            return
        words = line(headline)
        cards.status_badge(cards.READINGS[headline.reading])
        value = f" {words.value}" if words.value != NOTHING else ""
        st.text(f"{title}: {words.what}{value}" if words.what else title, width="content")
        if words.since:
            st.text(words.since, width="content")
        st.caption(cards.escaped(detail(headline, workspace.now())), width="content")
    if headline.status not in {"ok", "breached"} and words.why:
        st.text(words.why)


def detail(headline: Headline, now: datetime) -> str:
    """Return what a number is held to, how sure it is, how many rows it is of and how old it is."""
    words = line(headline)
    interval = f"95 % {words.interval}" if words.interval else ""
    rows = f"n = {words.rows}" if words.rows else ""
    as_of = f"{age(words.as_of, now)} old" if words.as_of and words.as_of < now else ""
    more = f"also {words.names}" if words.names else ""
    return " · ".join(filter(None, (words.limit, interval, rows, more, as_of)))
