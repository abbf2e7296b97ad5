"""What is wrong, since when, for whom and how bad; what changed before; all on one timeline."""

import streamlit as st

from ui.loaders import incidents, workspace
from ui.parts import cards, choices, states
from ui.shell import scope
from ui.views.incidents import drill_view, freeze_view, incidents_view, replay_view

chosen = scope.current()
st.title("Incidents")
shown = choices.switch("Show", {"Live": "Live", "Frozen": "Frozen"}, "record")
if shown == "Frozen":
    replay_view.show()
    st.stop()
st.caption(cards.escaped(f"{chosen}, {chosen.window_at(workspace.now())}"))
try:
    found = incidents.listed(chosen.window_at(workspace.now()))
except Exception as error:  # noqa: BLE001 - shown and logged; a frozen incident can still be opened
    states.show_error(error)
    st.stop()

brushed = None
with cards.panel("Open and past", help=incidents_view.HELP["incidents"]) as panel:
    panel.freshness = incidents_view.freshness(found)
    picked = incidents_view.show_list(incidents_view.of_scope(found, chosen), found)
if picked:
    with cards.panel("The incident"):
        incidents_view.show_head(picked, found.taken)
        incidents_view.show_breaches(picked.breaches, "breaches")
cards.paint()
with cards.panel("Timeline") as panel:
    report = incidents.report(incidents_view.pick_window(found, picked))
    panel.freshness = incidents_view.footer(report)
    brushed = incidents_view.show_timeline(report, chosen, picked)
with cards.panel("What changed just before", help=incidents_view.HELP["changes"]) as panel:
    panel.freshness = incidents_view.freshness(found)
    incidents_view.show_changes(found, chosen, picked, brushed)
if picked:
    with cards.panel("Freeze"):
        freeze_view.show(picked, found.taken, chosen)
if picked and picked.endpoint:
    drill_view.show(picked.endpoint, picked.deployment, incidents.surroundings(picked))
incidents_view.watch(found.window)
