"""Do requests succeed, and fast enough; if not, who is to blame and where the time goes."""

import streamlit as st

from monitoring.errors import MonitoringError
from ui.loaders import deployments, workspace
from ui.parts import cards
from ui.shell import page, scope
from ui.views.traffic import live_view, traffic_charts_view, traffic_view

chosen = scope.current()
window = chosen.window_at(workspace.now())
st.title("Traffic")
st.caption(cards.escaped(f"{chosen}, {window}"))

with page.needed():
    looked = traffic_view.look(chosen, window, deployments.endpoints())

cards.fill("Deployments", traffic_view.show_deployments, looked)

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
    cards.fill("Objectives", traffic_view.show_objectives, found[key], looked, key)
cards.fill("Requests and errors", traffic_charts_view.show_requests, looked, key)
cards.fill("Latency", traffic_charts_view.show_latency, looked, key)
cards.fill("Where the time goes", traffic_charts_view.show_parts, looked, key)
cards.fill("Answers", traffic_charts_view.show_responses, looked, key)
cards.fill("Callers", traffic_charts_view.show_callers, looked, key)
cards.fill("Data collection", traffic_charts_view.show_collection, looked, key)
cards.fill("Slow and failed requests", traffic_charts_view.show_notable, looked, key)
