"""What a deployment is judged against: baselines and thresholds, what switching changes, and who did."""

import streamlit as st

from monitoring.errors import MonitoringError
from ui.loaders import baselines, deployments, workspace
from ui.parts import back_test_view, cards, states
from ui.shell import scope
from ui.views.baselines import baselines_view, thresholds_view

chosen = scope.current()
st.title("Baselines and thresholds")

if chosen.endpoint is None:
    scope.choose_endpoint(deployments.endpoints())
    st.stop()
try:
    deployment = deployments.deployment_of(chosen.endpoint, chosen.deployment)
    _, model = deployments.served(chosen.endpoint, deployment)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        signal = baselines_view.pick_signal()
        baselines_view.show_author()
    here = baselines_view.load(chosen.endpoint, deployment, signal)
except MonitoringError as error:
    states.show_error(error)
    st.stop()

place = chosen.endpoint, deployment, signal
st.caption(cards.escaped(f"{chosen.endpoint} / {deployment}, model {model.id}"))
read = cards.Freshness(fetched=workspace.now()) if here else None
with cards.made_of(read), cards.panel("In force"):
    baselines_view.show_in_force(here, signal)
if signal == "data_drift":
    with cards.panel("Before you switch", help=back_test_view.HELP):
        back_test_view.show(place, here)
with cards.panel("Switch"):
    baselines_view.show_switch(place, here)
if signal in baselines.BASELINE_SIGNALS:
    with cards.panel("New baseline"):
        baselines_view.show_new(place)
with cards.made_of(read), cards.panel("Sets of thresholds"):
    thresholds_view.show(place, here)
if signal in baselines.EXPECTED_SIGNALS:
    with cards.made_of(read), cards.panel("Benchmarks"):
        thresholds_view.show_benchmarks(place, here)
with cards.made_of(read), cards.panel("History"):
    baselines_view.show_history(*place)
