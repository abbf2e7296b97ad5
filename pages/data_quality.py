"""Whether the rows still look like rows the model was made for: nulls, types, bounds, ids, lines."""

import streamlit as st

from monitoring.errors import MonitoringError
from ui.loaders import deployments, quality, workspace
from ui.parts import cards, report_view, states
from ui.shell import scope, segment_view
from ui.views.data_quality import quality_view

chosen = scope.current()
st.title("Data quality")

if chosen.endpoint is None:
    scope.choose_endpoint(deployments.endpoints())
    st.stop()
try:
    deployment = deployments.deployment_of(chosen.endpoint, chosen.deployment)
    baselines = deployments.baselines(chosen.endpoint, deployment, "data_quality")
except MonitoringError as error:
    states.show_error(error)
    st.stop()

key = f"{chosen.endpoint}-{deployment}-{chosen.segment.code}quality-"
asked = quality_view.pick()
with st.container(horizontal=True, vertical_alignment="bottom"):
    baseline = st.selectbox("Baseline", baselines, key="baseline", bind="query-params", width=320)
    window = report_view.pick_period(chosen, workspace.now())
    wanted = st.button("Run", icon=":material/play_arrow:", key="run")
about = st.empty()

linked = "feature" in st.query_params and f"{key}report" not in st.session_state
report = report_view.run(
    key,
    wanted or linked,
    lambda progress: quality.quality(
        chosen.endpoint, deployment, baseline, window, asked, progress, chosen.segment
    ),
)
rows = segment_view.rows_of(report.results) if report else None
note = segment_view.note(chosen.segment, rows)
about.caption(cards.escaped(f"{chosen.endpoint} / {deployment}, {window}{note}"))
if report is None:
    states.show(states.first_use(f"{chosen.endpoint} / {deployment}"))
else:
    with cards.made_of(report_view.made_of(report, rows)):
        quality_view.show(report, asked, key)
