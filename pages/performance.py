"""How right the model is, with labels and without, for whom, and since when."""

from dataclasses import replace

import streamlit as st

from ui.loaders import deployments, signals, workspace
from ui.parts import answer_view, cards, report_view
from ui.parts.glossary import explain
from ui.shell import page, scope
from ui.views.performance import estimate_view, performance_view, root_cause_view

SIGNAL = "model_performance"
chosen = scope.current()
st.title("Performance")

endpoint = page.endpoint_of(chosen)
with page.needed():
    deployment = deployments.deployment_of(endpoint, chosen.deployment)
    _, model = deployments.served(endpoint, deployment)
    task = model.needed("task")
page.show_headline(SIGNAL, chosen, deployment)
with st.container(horizontal=True, vertical_alignment="bottom"):
    rule = performance_view.pick(task)
    window = report_view.pick_period(chosen, workspace.now())
about = st.empty()

asked = page.ask(SIGNAL, chosen, deployment, window, more=(rule.period,))
key = f"{endpoint}-{deployment}-{chosen.segment.code}performance-"
shown = answer_view.ask(asked, signals.answer, key, at_once=True)
if shown is not None:
    report, made = shown.report, performance_view.freshness(shown.entry)
    rows = report.outcomes.predictions if report.outcomes else 0
    with answer_view.headed(shown, asked, key, about, rows, what=f"model {model.id}, ", made=made):
        performance_view.show(report, rule)
estimated = replace(asked, signal="estimated_performance")
with cards.panel("Estimated without labels", help=explain("estimated performance")) as panel:
    panel.freshness = estimate_view.show(estimated, metric=rule.metric)
root_cause_view.show_state(asked, rule.metric, "state-")
root_cause_view.show(asked, rule.metric, "change-")
if shown is not None:
    with cards.made_of(made):
        performance_view.show_detail(report)
