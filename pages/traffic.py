"""Do requests succeed, and fast enough; if not, who is to blame and where the time goes."""

import streamlit as st

from monitoring.errors import MonitoringError
from ui.loaders import deployments, workspace
from ui.parts import cards, states
from ui.shell import scope
from ui.views.traffic import live_view, traffic_charts_view, traffic_view

chosen = scope.current()
window = chosen.window_at(workspace.now())
st.title("Traffic")
st.caption(cards.escaped(f"{chosen}, {window}"))

try:
    looked = traffic_view.look(chosen, window, deployments.endpoints())
except MonitoringError as error:
    states.show_error(error)
    st.stop()

with cards.panel("Deployments") as panel:
    panel.freshness = traffic_view.show_deployments(looked)

found = {}
with st.container():
    try:
        found = traffic_view.held(looked)
    except MonitoringError:
        found = {}  # the panel above says why
name = traffic_view.pick(looked, found)
if name is None:
    st.stop()
key = looked.keys[name]

with cards.panel("Last 15 minutes"):
    live_view.show(key)
if key in found:
    with cards.panel("Objectives") as panel:
        panel.freshness = traffic_view.show_objectives(found[key], looked, key)
with cards.panel("Requests and errors") as panel:
    panel.freshness = traffic_charts_view.show_requests(looked, key)
with cards.panel("Latency") as panel:
    panel.freshness = traffic_charts_view.show_latency(looked, key)
with cards.panel("Where the time goes") as panel:
    panel.freshness = traffic_charts_view.show_parts(looked, key)
with cards.panel("Answers") as panel:
    panel.freshness = traffic_charts_view.show_responses(looked, key)
with cards.panel("Callers") as panel:
    panel.freshness = traffic_charts_view.show_callers(looked, key)
with cards.panel("Data collection") as panel:
    panel.freshness = traffic_charts_view.show_collection(looked, key)
with cards.panel("Slow and failed requests") as panel:
    panel.freshness = traffic_charts_view.show_notable(looked, key)
