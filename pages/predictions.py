"""Whether the model's answers are distributed as before, and the truth that comes back."""

import streamlit as st

from ui.loaders import deployments, signals, workspace
from ui.parts import answer_view, report_view
from ui.shell import page, scope
from ui.views.predictions import predictions_view

SIGNAL = "prediction_drift"
chosen = scope.current()
st.title("Predictions")

endpoint = page.endpoint_of(chosen)
with page.needed():
    deployment = deployments.deployment_of(endpoint, chosen.deployment)
    offered = deployments.baselines(endpoint, deployment, SIGNAL)
page.show_headline(SIGNAL, chosen, deployment)
with st.container(horizontal=True, vertical_alignment="bottom"):
    words = "What answers are compared with. Training data has labels, seldom answers."
    baseline = page.pick_baseline(offered, "outputs-baseline", width=340, help=words)
    window = report_view.pick_period(chosen, workspace.now())
about = st.empty()
asked = page.ask(SIGNAL, chosen, deployment, window, baseline=baseline)
key = f"{endpoint}-{deployment}-"
shown = answer_view.ask(asked, signals.answer, f"{key}outputs-", at_once=True)
if shown is not None:
    with answer_view.headed(shown, asked, key, about, shown.report.whole.rows):
        predictions_view.show(shown.report, key)
