"""Which inputs look different from a baseline, since when, and how."""

import streamlit as st

from monitoring.errors import MonitoringError
from ui import cards, drift_view, loaders, scope, states

chosen = scope.current()
st.title("Data drift")

if chosen.endpoint is None:
    scope.choose_endpoint(loaders.endpoints())
    st.stop()
try:
    deployment = loaders.deployment_of(chosen)
    baselines = loaders.baselines(chosen.endpoint, deployment)
except MonitoringError as error:
    states.show_error(error)
    st.stop()

key = f"{chosen.endpoint}-{deployment}-"
rule = drift_view.pick_rule("")
with st.container(horizontal=True, vertical_alignment="bottom"):
    baseline = st.selectbox("Baseline", baselines, key="baseline", bind="query-params", width=320)
    window = drift_view.pick_period(chosen, loaders.now()).whole_days()
    wanted = st.button("Run", icon=":material/play_arrow:", key="run")
st.caption(cards.escaped(f"{chosen.endpoint} / {deployment}, {window}"))

asked = wanted or ("feature" in st.query_params and f"{key}report" not in st.session_state)
report = drift_view.run(
    key,
    asked,
    lambda progress: loaders.drift(chosen.endpoint, deployment, baseline, window, rule, progress),
)
if report is None:
    states.show(states.first_use(f"{chosen.endpoint} / {deployment}"))
else:
    drift_view.show(report, rule, key)
