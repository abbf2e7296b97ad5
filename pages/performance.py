"""How right the model is, with labels and without, for whom, and since when."""

import streamlit as st

from monitoring.errors import MonitoringError
from ui.loaders import deployments, monitor, signals, workspace
from ui.parts import answer_view, cards, headline, states
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
    task = model.needed("task")
except MonitoringError as error:
    states.show_error(error)
    st.stop()
headline.show("model_performance", chosen.endpoint, deployment, chosen.window_at(workspace.now()))
with st.container(horizontal=True, vertical_alignment="bottom"):
    rule = performance_view.pick(task)
    window = drift_view.pick_period(chosen, workspace.now())
about = st.empty()

asked = monitor.Asked(
    signal="model_performance",
    endpoint=chosen.endpoint,
    deployment=deployment,
    window=window,
    segment=chosen.segment,
    more=(rule.period,),
)
key = f"{chosen.endpoint}-{deployment}-{chosen.segment.code}performance-"
shown = answer_view.ask(asked, signals.model_performance, key, at_once=True)
if shown is not None:
    report, made = shown.report, performance_view.freshness(shown.entry)
    rows = report.outcomes.predictions if report.outcomes else 0
    note = segment_view.note(chosen.segment, rows) + answer_view.measured(shown)
    about.caption(
        cards.escaped(
            f"{chosen.endpoint} / {deployment}, model {model.id}, {shown.asked.window}{note}"
        )
    )
    with cards.made_of(made), answer_view.drawn(shown, asked, key):
        performance_view.show(report, rule)
place = (chosen.endpoint, deployment, window, chosen.segment)
with cards.panel("Estimated without labels", help=explain("estimated performance")) as panel:
    panel.freshness = estimate_view.show(*place, metric=rule.metric, period=rule.period)
root_cause_view.show_state(*place, rule.metric, "state-")
root_cause_view.show(*place, rule.metric, "change-")
if shown is not None:
    with cards.made_of(made):
        performance_view.show_detail(report)
