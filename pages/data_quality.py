"""Whether the rows still look like rows the model was made for: nulls, types, bounds, ids, lines."""

from dataclasses import replace

import streamlit as st

from monitoring.errors import MonitoringError
from ui.loaders import deployments, monitor, signals, workspace
from ui.parts import answer_view, cards, headline, report_view, states
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
    held = monitor.in_force("data_quality", chosen.endpoint, deployment).thresholds
except MonitoringError as error:
    states.show_error(error)
    st.stop()
headline.show("data_quality", chosen.endpoint, deployment, chosen.window_at(workspace.now()))

key = f"{chosen.endpoint}-{deployment}-{chosen.segment.code}quality-"
rule = quality_view.pick(held)
with st.container(horizontal=True, vertical_alignment="bottom"):
    baseline = st.selectbox("Baseline", baselines, key="baseline", bind="query-params", width=320)
    window = report_view.pick_period(chosen, workspace.now())
    wanted = st.button("Run", icon=":material/play_arrow:", key="run")
about = st.empty()

own = monitor.Asked(
    signal="data_quality",
    endpoint=chosen.endpoint,
    deployment=deployment,
    window=window,
    segment=chosen.segment,
)
asked = replace(
    own,
    baseline="" if baseline == baselines[0] else baseline,
    thresholds=quality_view.limits(rule, held),
    mode=rule.mode,
)
shown = answer_view.ask(
    asked,
    signals.data_quality,
    key,
    wanted=wanted,
    at_once="feature" in st.query_params or answer_view.is_short(asked),
    instead=(own, replace(own, window=chosen.usual_at(workspace.now()))),
)
if shown is None:
    about.caption(cards.escaped(f"{chosen.endpoint} / {deployment}, {window}"))
    answer_view.not_run(asked)
else:
    rows = segment_view.rows_of(shown.report.results)
    note = segment_view.note(shown.asked.segment, rows) + answer_view.measured(shown)
    about.caption(cards.escaped(f"{chosen.endpoint} / {deployment}, {shown.asked.window}{note}"))
    with cards.made_of(answer_view.made_of(shown, rows)), answer_view.drawn(shown, asked, key):
        quality_view.show(shown.report, rule, key)
