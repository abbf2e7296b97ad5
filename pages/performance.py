"""How right the model is, with labels and without, for whom, and since when."""

import streamlit as st

from monitoring.errors import MonitoringError
from ui.loaders import deployments, performance, workspace
from ui.parts import cards, report_view, states
from ui.parts.glossary import explain
from ui.shell import scope, segment_view
from ui.views.data_drift import drift_view
from ui.views.performance import estimate_view, performance_view, root_cause_view

chosen = scope.current()
st.title("Performance")

if chosen.endpoint is None:
    scope.choose_endpoint(deployments.endpoints())
    st.stop()
try:
    deployment = deployments.deployment_of(chosen.endpoint, chosen.deployment)
    _, model = deployments.served(chosen.endpoint, deployment)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        asked = performance_view.pick(model.needed("task"))
        window = drift_view.pick_period(chosen, workspace.now())
except MonitoringError as error:
    states.show_error(error)
    st.stop()
about = st.empty()

try:
    found = report_view.behind_bar(
        lambda progress: performance.report(
            chosen.endpoint,
            deployment,
            window,
            period=asked.period,
            segment=chosen.segment,
            progress=progress,
        )
    )
    report, made = found.value, performance_view.freshness(found)
    rows = report.outcomes.predictions if report.outcomes else 0
    note = segment_view.note(chosen.segment, rows)
    about.caption(
        cards.escaped(f"{chosen.endpoint} / {deployment}, model {model.id}, {window}{note}")
    )
    with cards.made_of(made):
        performance_view.show(report, asked)
    place = (chosen.endpoint, deployment, window, chosen.segment)
    with cards.panel("Estimated without labels", help=explain("estimated performance")) as panel:
        panel.freshness = estimate_view.show(*place, metric=asked.metric, period=asked.period)
    root_cause_view.show_state(*place, asked.metric, "state-")
    root_cause_view.show(*place, asked.metric, "change-")
    with cards.made_of(made):
        performance_view.show_detail(report)
except MonitoringError as error:
    states.show_error(error)
