"""Which inputs look different from a baseline: one by one, together, row by row, to the model."""

import streamlit as st

from monitoring.errors import MonitoringError
from ui.loaders import (
    attribution,
    database,
    deployments,
    drift,
    multivariate,
    outliers,
    workspace,
)
from ui.parts import cards, report_view, states
from ui.shell import scope, segment_view
from ui.views.data_drift import attribution_view, drift_view, multivariate_view, outliers_view

#: View -> its part of the keys, what asks for its threshold, what computes and what draws it.
VIEWS = {
    "All features together": (
        "multivariate-",
        multivariate_view.pick,
        multivariate.multivariate,
        multivariate_view.show,
    ),
    "Outliers": ("outliers-", outliers_view.pick, outliers.found, outliers_view.show),
    "What the model relies on": (
        "attribution-",
        attribution_view.pick,
        attribution.attribution,
        attribution_view.show,
    ),
}
ROW_SIGNALS = {
    "Outliers": ("outliers", "outliers-baseline"),
    "What the model relies on": ("feature_attribution_drift", "attribution-baseline"),
}
chosen = scope.current()
st.title("Data drift")

if chosen.endpoint is None:
    scope.choose_endpoint(deployments.endpoints())
    st.stop()
view = st.segmented_control(
    "View", ["Features", *VIEWS], default="Features", required=True, key="view", bind="query-params"
)
part, pick, compute, show = VIEWS.get(view, ("", None, drift.drift, None))
# What the model knows is asked of its training data, what is ordinary of ordinary days.
signal, baseline_key = ROW_SIGNALS.get(view, ("data_drift", "baseline"))
try:
    deployment = deployments.deployment_of(chosen.endpoint, chosen.deployment)
    baselines = deployments.baselines(chosen.endpoint, deployment, signal)
except MonitoringError as error:
    states.show_error(error)
    st.stop()

key = f"{chosen.endpoint}-{deployment}-{chosen.segment.code}{part}"
limits = database.thresholds(chosen.endpoint, deployment, "data_drift")
rule = None if pick else drift_view.pick_rule("", limits)
with st.container(horizontal=True, vertical_alignment="bottom"):
    baseline = st.selectbox("Baseline", baselines, key=baseline_key, bind="query-params", width=320)
    window = report_view.pick_period(chosen, workspace.now())
    asked = pick() if pick else rule
    wanted = st.button("Run", icon=":material/play_arrow:", key="run")
about = st.empty()

linked = not pick and "feature" in st.query_params and f"{key}report" not in st.session_state
report = report_view.run(
    key,
    wanted or linked,
    lambda progress: compute(
        chosen.endpoint, deployment, baseline, window, asked, progress, chosen.segment
    ),
)
rows = segment_view.rows_of(getattr(report, "results", ())) if report else None
note = segment_view.note(chosen.segment, rows)
about.caption(cards.escaped(f"{chosen.endpoint} / {deployment}, {window}{note}"))
if report is None:
    states.show(states.first_use(f"{chosen.endpoint} / {deployment}"))
else:
    with cards.made_of(report_view.made_of(report, rows)):
        if show:
            show(report, key)
        else:
            drift_view.show(report, rule, key)
