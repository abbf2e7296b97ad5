"""Whether the groups of a feature are treated alike, by definitions that a reader chooses."""

import streamlit as st

from ui.loaders import deployments, signals, workspace
from ui.parts import answer_view, report_view, states
from ui.shell import page, scope
from ui.views.fairness import fairness_choice, fairness_view

chosen = scope.current()
st.title("Fairness")
st.info(fairness_view.NOTE, icon=":material/balance:")

endpoint = page.endpoint_of(chosen)
with page.needed():
    deployment = deployments.deployment_of(endpoint, chosen.deployment)
    page.show_headline("fairness", chosen, deployment)
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    with controls:
        window = report_view.pick_period(chosen, workspace.now())
    offered = signals.groupings(endpoint, deployment, window)
    if not offered.features:
        states.show(states.no_results("features that form groups", {"model": offered.model}))
        st.stop()
    with controls:
        features = fairness_choice.pick_features(offered)
    asked = page.ask("fairness", chosen, deployment, window, more=features)
    key = f"{endpoint}-{deployment}-{'-'.join(features)}-"
    shown = answer_view.ask(asked, signals.answer, f"{key}groups-", at_once=True)
    if shown is None:
        st.stop()
    rule = fairness_choice.pick_rule(shown.report, offered.model)

made = fairness_view.freshness(shown.entry)
with answer_view.headed(shown, asked, key, st.empty(), made=made):
    fairness_view.show(shown.report, shown.asked.window, rule, key)
