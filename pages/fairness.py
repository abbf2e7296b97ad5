"""Whether the groups of a feature are treated alike, by definitions that a reader chooses."""

import streamlit as st

from monitoring.errors import MonitoringError
from ui.loaders import deployments, monitor, signals, workspace
from ui.parts import answer_view, cards, headline, states
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
    headline.show("fairness", chosen.endpoint, deployment, chosen.window_at(workspace.now()))
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    with controls:
        window = drift_view.pick_period(chosen, workspace.now())
    offered = signals.groupings(chosen.endpoint, deployment, window)
    if not offered.features:
        states.show(states.no_results("features that form groups", {"model": offered.model}))
        st.stop()
    with controls:
        features = fairness_choice.pick_features(offered)
    asked = monitor.Asked(
        signal="fairness",
        endpoint=chosen.endpoint,
        deployment=deployment,
        window=window,
        segment=chosen.segment,
        more=features,
    )
    key = f"{chosen.endpoint}-{deployment}-{'-'.join(features)}-"
    shown = answer_view.ask(asked, signals.fairness, f"{key}groups-", at_once=True)
    if shown is None:
        st.stop()
    rule = fairness_choice.pick_rule(shown.report, offered.model)
except MonitoringError as error:
    states.show_error(error)
    st.stop()

note = segment_view.note(chosen.segment) + answer_view.measured(shown)
st.caption(cards.escaped(f"{chosen.endpoint} / {deployment}, {shown.asked.window}{note}"))
made = fairness_view.freshness(shown.entry)
with cards.made_of(made), answer_view.drawn(shown, asked, key):
    fairness_view.show(shown.report, shown.asked.window, rule, key)
