"""Incidents on the overview: what is open, and what was resolved since yesterday."""

from __future__ import annotations

import streamlit as st

from monitoring.results.incidents import Revision
from ui.loaders.fleet import Kept
from ui.parts import cards, states
from ui.shell import nav
from ui.shell.scope import Scope
from ui.views.incidents.incidents_view import KEY, MOST_BRIEF, RESOLVED, WEIGHTS


def show(kept: Kept, chosen: Scope) -> None:
    """Draw what is open by severity and then the newest, then what is over."""
    own = [i for i in kept.incidents if i.place.concerns(chosen.endpoint, chosen.deployment)]
    open_ = [each for each in own if each.resolved is None]
    over = [each for each in own if each.resolved is not None]
    if not _is_known(kept):
        st.text("Incidents have not been looked for yet.")
    elif not open_:
        states.show(states.State("No open incident", ":material/check_circle:", "green", ""))
    _show_lines(open_, "open")
    if over:
        st.text("Resolved in the last 24 hours")
        _show_lines(over, "resolved")
    st.button(
        "Open incidents", icon=":material/crisis_alert:", key="open-incidents", on_click=nav.go,
        args=("incidents.py",),
    )  # fmt: skip


def _show_lines(incidents: list[Revision], kind: str) -> None:
    for each in incidents[:MOST_BRIEF]:
        _show_line(each)
    if len(incidents) > MOST_BRIEF:
        st.text(f"{len(incidents) - MOST_BRIEF} more {kind}.")


def _show_line(incident: Revision) -> None:
    until = f" to {incident.resolved:%d %b %H:%M}" if incident.resolved else ""
    when = f"{'' if until else 'since '}{incident.began:%d %b %H:%M}{until} UTC"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        cards.status_badge(RESOLVED if incident.resolved else WEIGHTS[incident.severity])
        st.button(
            cards.escaped(f"{incident.title}, {when}"),
            key=f"incident-{incident.id}",
            type="tertiary",
            on_click=nav.go,
            args=("incidents.py", {KEY: incident.id}),
        )


def _is_known(kept: Kept) -> bool:
    """Whether the store has ever said what is open."""
    return kept.round is not None and not (kept.fault and not kept.states)
