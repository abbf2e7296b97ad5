"""Whether the model's answers are distributed as before, and the truth that comes back."""

import streamlit as st

from monitoring.errors import MonitoringError
from ui.loaders import deployments, predictions, workspace
from ui.parts import cards, report_view, states
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
    asked_for = chosen.endpoint, deployment
    with st.container(horizontal=True, vertical_alignment="bottom"):
        baseline = predictions_view.pick_baseline(predictions.baselines(*asked_for))
        window = drift_view.pick_period(chosen, workspace.now())
    about = st.empty()
    report = report_view.behind_bar(
        lambda tell: predictions.report(*asked_for, baseline, window, tell, segment=chosen.segment)
    )
except MonitoringError as error:
    states.show_error(error)
    st.stop()

note = segment_view.note(chosen.segment, report.whole.rows)
about.caption(cards.escaped(f"{chosen.endpoint} / {deployment}, {window}{note}"))
with cards.made_of(report_view.made_of(report.drift, report.whole.rows)):
    predictions_view.show(report, f"{chosen.endpoint}-{deployment}-")
