"""Is anything wrong; since when, for whom, how bad; what to open."""

import streamlit as st

from ui.loaders import workspace
from ui.parts import cards
from ui.shell import scope
from ui.views.incidents import incidents_view
from ui.views.overview import fleet_view

chosen = scope.current()
st.title("Overview")
st.caption(cards.escaped(f"{chosen}, {chosen.window_at(workspace.now())}"))
if chosen.segment:
    st.caption(cards.escaped(f"All rows: the overview looks past the segment {chosen.segment}."))

with cards.panel("Deployments") as panel:
    fleet = fleet_view.load(chosen)
    panel.freshness = fleet_view.freshness(fleet)
    fleet_view.show(fleet, chosen)
with cards.panel("Incidents", help=incidents_view.HELP["incidents"]):
    incidents_view.show_brief(chosen)
