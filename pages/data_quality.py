"""Whether the rows still look like rows the model was made for: nulls, types, bounds, ids, lines."""

from dataclasses import replace

import streamlit as st

from ui.loaders import deployments, monitor, signals, workspace
from ui.parts import answer_view, report_view
from ui.shell import page, scope, segment_view
from ui.views.data_quality import quality_view

SIGNAL = "data_quality"
chosen = scope.current()
st.title("Data quality")

endpoint = page.endpoint_of(chosen)
with page.needed():
    deployment = deployments.deployment_of(endpoint, chosen.deployment)
    baselines = deployments.baselines(endpoint, deployment, SIGNAL)
    held = monitor.in_force(SIGNAL, endpoint, deployment).thresholds
page.show_headline(SIGNAL, chosen, deployment)

key = f"{endpoint}-{deployment}-{chosen.segment.code}quality-"
rule = quality_view.pick(held)
with st.container(horizontal=True, vertical_alignment="bottom"):
    baseline = page.pick_baseline(baselines, "baseline")
    window = report_view.pick_period(chosen, workspace.now())
    wanted = page.pressed_run()
about = st.empty()

own = page.ask(SIGNAL, chosen, deployment, window)
limits = quality_view.limits(rule, held)
asked = replace(own, baseline=baseline, thresholds=limits, mode=rule.mode)
shown = answer_view.ask(
    asked,
    signals.answer,
    key,
    wanted=wanted,
    at_once="feature" in st.query_params or answer_view.is_short(asked),
    instead=(own, replace(own, window=chosen.usual_at(workspace.now()))),
)
if shown is None:
    answer_view.not_run(asked, about=about)
else:
    rows = segment_view.rows_of(shown.report.results)
    with answer_view.headed(shown, asked, key, about, rows):
        quality_view.show(shown.report, rule, key)
