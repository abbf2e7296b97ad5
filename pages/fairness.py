"""Whether the groups of a feature are treated alike, by definitions that a reader chooses."""

import streamlit as st

from monitoring.errors import MonitoringError
from ui.loaders import deployments, fairness, workspace
from ui.parts import cards, report_view, states
from ui.shell import scope, segment_view
from ui.views.data_drift import drift_view
from ui.views.fairness import fairness_choice, fairness_view

chosen = scope.current()
st.title("Fairness")
st.info(fairness_view.NOTE, icon=":material/balance:")

if chosen.endpoint is None:
    scope.choose_endpoint(deployments.endpoints())
    st.stop()
try:
    deployment = deployments.deployment_of(chosen.endpoint, chosen.deployment)
    asked_for = chosen.endpoint, deployment
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    with controls:
        window = drift_view.pick_period(chosen, workspace.now())
    offered = report_view.behind_bar(lambda tell: fairness.offered(*asked_for, window, tell))
    if not offered.features:
        states.show(states.no_results("features that form groups", {"model": offered.model}))
        st.stop()
    with controls:
        features = fairness_choice.pick_features(offered)
    found = report_view.behind_bar(
        lambda tell: fairness.counted(*asked_for, features, window, tell, segment=chosen.segment)
    )
    counted = found.value
    asked = fairness_choice.pick_rule(counted, offered.model)
except MonitoringError as error:
    states.show_error(error)
    st.stop()

note = segment_view.note(chosen.segment)
st.caption(cards.escaped(f"{chosen.endpoint} / {deployment}, {window}{note}"))
with cards.made_of(fairness_view.freshness(found)):
    place = f"{chosen.endpoint}-{deployment}-{'-'.join(features)}-"
    fairness_view.show(counted, window, asked, place)
