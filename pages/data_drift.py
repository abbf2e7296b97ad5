"""Which inputs look different from a baseline, since when, and how."""

import streamlit as st

from monitoring.errors import MonitoringError
from ui import cards, drift_view, scope, states
from ui.loaders import deployments, drift, workspace

chosen = scope.current()
st.title("Data drift")

if chosen.endpoint is None:
    scope.choose_endpoint(deployments.endpoints())
    st.stop()
try:
    deployment = deployments.deployment_of(chosen)
    baselines = deployments.baselines(chosen.endpoint, deployment)
except MonitoringError as error:
    states.show_error(error)
    st.stop()

key = f"{chosen.endpoint}-{deployment}-"
rule = drift_view.pick_rule("")
with st.container(horizontal=True, vertical_alignment="bottom"):
    baseline = st.selectbox("Baseline", baselines, key="baseline", bind="query-params", width=320)
    window = drift_view.pick_period(chosen, workspace.now()).whole_days()
    wanted = st.button("Run", icon=":material/play_arrow:", key="run")
st.caption(cards.escaped(f"{chosen.endpoint} / {deployment}, {window}"))

asked = wanted or ("feature" in st.query_params and f"{key}report" not in st.session_state)
report = drift_view.run(
    key,
    asked,
    lambda progress: drift.drift(chosen.endpoint, deployment, baseline, window, rule, progress),
)
if report is None:
    states.show(states.first_use(f"{chosen.endpoint} / {deployment}"))
else:
    drift_view.show(report, rule, key)
