"""What a deployment is judged against: baselines and thresholds, what switching changes, and who did."""

import streamlit as st

from ui.loaders import baselines, deployments, workspace
from ui.parts import back_test_view, cards
from ui.shell import page, scope
from ui.views.baselines import baselines_view, thresholds_view

chosen = scope.current()
st.title("Baselines and thresholds")

endpoint = page.endpoint_of(chosen)
with page.needed():
    deployment = deployments.deployment_of(endpoint, chosen.deployment)
    _, model = deployments.served(endpoint, deployment)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        signal = baselines_view.pick_signal()
        baselines_view.show_author()
    here = baselines_view.load(endpoint, deployment, signal)

place = endpoint, deployment, signal
st.caption(cards.escaped(f"{endpoint} / {deployment}, model {model.id}"))
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
        baselines_view.show_new(place, chosen.window_at(workspace.now()))
with cards.made_of(read), cards.panel("Sets of thresholds"):
    thresholds_view.show(place, here)
if signal in baselines.EXPECTED_SIGNALS:
    with cards.made_of(read), cards.panel("Benchmarks"):
        thresholds_view.show_benchmarks(place, here)
with cards.made_of(read), cards.panel("History"):
    baselines_view.show_history(*place)
