"""Which inputs look different from a baseline: one by one, together, row by row, to the model."""

from dataclasses import replace

import streamlit as st

from monitoring.signals import SIGNALS
from ui.loaders import deployments, monitor, signals, workspace
from ui.parts import answer_view, choices, report_view
from ui.shell import page, scope, segment_view
from ui.views.data_drift import attribution_view, drift_view, multivariate_view, outliers_view

FEATURES = "Features"
#: View -> its signal, the metric whose threshold can be chosen, what asks for it and draws.
VIEWS = {
    "All features together": ("multivariate_drift", "domain_classifier_auc", multivariate_view),
    "Outliers": ("outliers", "outside_training_range_rate", outliers_view),
    "What the model relies on": (
        "feature_attribution_drift",
        "normalized_discounted_cumulative_gain",
        attribution_view,
    ),
}
BASELINE_KEYS = {
    "outliers": "outliers-baseline",
    "feature_attribution_drift": "attribution-baseline",
}
chosen = scope.current()
st.title("Data drift")

endpoint = page.endpoint_of(chosen)
view = choices.switch("View", {name: name for name in (FEATURES, *VIEWS)}, "view")
signal, metric, drawing = VIEWS.get(view, ("data_drift", "", None))
with page.needed():
    deployment = deployments.deployment_of(endpoint, chosen.deployment)
    # What the model knows is asked of its training data, what is ordinary of ordinary days.
    baselines = deployments.baselines(endpoint, deployment, signal)
    held = monitor.in_force(signal, endpoint, deployment).thresholds
page.show_headline(signal, chosen, deployment)

key = f"{endpoint}-{deployment}-{chosen.segment.code}{'' if drawing is None else signal + '-'}"
rule = drift_view.pick_rule("", held) if drawing is None else None
with st.container(horizontal=True, vertical_alignment="bottom"):
    baseline = page.pick_baseline(baselines, BASELINE_KEYS.get(signal, "baseline"))
    window = report_view.pick_period(chosen, workspace.now())
    if drawing is None:
        limits, mode = drift_view.limits(rule, held), rule.mode
    else:
        usual = held.get(metric, SIGNALS[signal].metrics[metric].threshold)
        limits = monitor.limits(held, {metric: drawing.pick(usual)}, {metric: usual})
        mode = "robust"
    wanted = page.pressed_run()
about = st.empty()

own = page.ask(signal, chosen, deployment, window)
asked = replace(own, baseline=baseline, thresholds=limits, mode=mode)
is_quick = "feature" in st.query_params or answer_view.is_short(asked)
shown = answer_view.ask(
    asked,
    signals.answer,
    key,
    wanted=wanted,
    at_once=drawing is None and is_quick,
    instead=(own, replace(own, window=chosen.usual_at(workspace.now()))),
)
if shown is None:
    answer_view.not_run(asked, about=about)
else:
    rows = segment_view.rows_of(getattr(shown.report, "results", ()))
    with answer_view.headed(shown, asked, key, about, rows):
        if drawing:
            drawing.show(shown.report, key)
        else:
            drift_view.show(shown.report, rule, key)
