"""Whether the model's answers are distributed as before, and the truth that comes back."""

import streamlit as st

from monitoring.errors import MonitoringError
from ui.loaders import deployments, monitor, signals, workspace
from ui.parts import answer_view, cards, headline, states
from ui.shell import scope, segment_view
from ui.views.data_drift import drift_view
from ui.views.predictions import predictions_view

chosen = scope.current()
st.title("Predictions")

if chosen.endpoint is None:
    scope.choose_endpoint(deployments.endpoints())
    st.stop()
try:
    deployment = deployments.deployment_of(chosen.endpoint, chosen.deployment)
    offered = deployments.baselines(chosen.endpoint, deployment, "prediction_drift")
except MonitoringError as error:
    states.show_error(error)
    st.stop()
headline.show("prediction_drift", chosen.endpoint, deployment, chosen.window_at(workspace.now()))
with st.container(horizontal=True, vertical_alignment="bottom"):
    baseline = predictions_view.pick_baseline(offered)
    window = drift_view.pick_period(chosen, workspace.now())
about = st.empty()
asked = monitor.Asked(
    signal="prediction_drift",
    endpoint=chosen.endpoint,
    deployment=deployment,
    window=window,
    segment=chosen.segment,
    baseline="" if baseline == offered[0] else baseline,
)
key = f"{chosen.endpoint}-{deployment}-"
shown = answer_view.ask(asked, signals.prediction_drift, f"{key}outputs-", at_once=True)
if shown is None:
    st.stop()
report = shown.report
note = segment_view.note(shown.asked.segment, report.whole.rows) + answer_view.measured(shown)
about.caption(cards.escaped(f"{chosen.endpoint} / {deployment}, {shown.asked.window}{note}"))
made = answer_view.made_of(shown, report.whole.rows)
with cards.made_of(made), answer_view.drawn(shown, asked, key):
    predictions_view.show(report, key)
