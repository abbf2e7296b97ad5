"""What is wrong, since when, for whom and how bad; what changed before; all on one timeline."""

from dataclasses import replace

import streamlit as st

from ui.loaders import incidents, workspace
from ui.parts import cards, states
from ui.shell import scope
from ui.views.incidents import drill_view, freeze_view, incidents_view, replay_view

chosen = scope.current()
st.title("Incidents")
shown = st.segmented_control(
    "Show", ["Live", "Frozen"], default="Live", required=True, key="record", bind="query-params"
)
if shown == "Frozen":
    replay_view.show()
    st.stop()
st.caption(cards.escaped(f"{chosen}, {chosen.window_at(workspace.now())}"))
try:
    report = incidents_view.load(chosen)
except Exception as error:  # noqa: BLE001 - shown and logged; a frozen incident can still be opened
    states.show_error(error)
    st.stop()

of_scope = incidents_view.of_scope(report, chosen)
made = incidents_view.freshness(report)
picked = brushed = None
with cards.panel("Open and past", help=incidents_view.HELP["incidents"]) as panel:
    panel.freshness = made
    picked = incidents_view.show_list(of_scope, report)
# Made of the same answers; their texts stand in the first panel, and a dozen more would be slow to draw.
with cards.made_of(replace(made, queries=())):
    if picked:
        with cards.panel("The incident"):
            incidents_view.show_head(picked, report.taken)
            incidents_view.show_breaches(picked.breaches, "breaches")
    with cards.panel("Timeline"):
        brushed = incidents_view.show_timeline(report, of_scope, chosen, picked)
    with cards.panel("What changed just before", help=incidents_view.HELP["changes"]):
        incidents_view.show_changes(report, chosen, picked, brushed)
if picked:
    with cards.panel("Freeze"):
        freeze_view.show(report, picked, chosen)
if picked and picked.endpoint:
    window = incidents.context(picked, report.window)
    drill_view.show(picked.endpoint, picked.deployment, window)
