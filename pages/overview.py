"""Is anything wrong; since when, for whom, how bad; what to open."""

import streamlit as st

from ui.loaders import fleet, workspace
from ui.parts import cards
from ui.shell import scope
from ui.views.incidents import incidents_view
from ui.views.overview import fleet_view, news_view

chosen = scope.current()
st.title("Overview")
st.caption(cards.escaped(f"{chosen}, {chosen.window_at(workspace.now())}"))
if chosen.segment:
    st.caption(cards.escaped(f"All rows: the overview looks past the segment {chosen.segment}."))


@st.fragment(run_every=fleet.pace_seconds())
def show() -> None:
    """Draw what is kept, and again when there is more."""
    kept = fleet.kept()
    with cards.panel("Deployments") as panel:
        panel.freshness = fleet_view.freshness(kept)
        fleet_view.show(kept, chosen)
    with cards.panel("Incidents", help=incidents_view.HELP["incidents"]):
        news_view.show(kept, chosen)


show()
