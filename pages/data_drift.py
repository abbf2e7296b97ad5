"""Which inputs look different from a baseline: one by one, together, row by row, to the model."""

from dataclasses import replace

import streamlit as st

from monitoring.errors import MonitoringError
from monitoring.signals import SIGNALS
from ui.loaders import deployments, monitor, signals, workspace
from ui.parts import answer_view, cards, headline, report_view, states
from ui.shell import scope, segment_view
from ui.views.data_drift import attribution_view, drift_view, multivariate_view, outliers_view

#: View -> its signal, the metric whose threshold can be chosen, what asks for it, answers and draws.
VIEWS = {
    "All features together": (
        "multivariate_drift",
        "domain_classifier_auc",
        multivariate_view.pick,
        signals.multivariate_drift,
        multivariate_view.show,
    ),
    "Outliers": (
        "outliers",
        "outside_training_range_rate",
        outliers_view.pick,
        signals.outliers,
        outliers_view.show,
    ),
    "What the model relies on": (
        "feature_attribution_drift",
        "normalized_discounted_cumulative_gain",
        attribution_view.pick,
        signals.feature_attribution_drift,
        attribution_view.show,
    ),
}
BASELINE_KEYS = {
    "outliers": "outliers-baseline",
    "feature_attribution_drift": "attribution-baseline",
}
chosen = scope.current()
st.title("Data drift")

if chosen.endpoint is None:
    scope.choose_endpoint(deployments.endpoints())
    st.stop()
view = st.segmented_control(
    "View", ["Features", *VIEWS], default="Features", required=True, key="view", bind="query-params"
)
signal, metric, pick, compute, show = VIEWS.get(
    view, ("data_drift", "", None, signals.data_drift, None)
)
try:
    deployment = deployments.deployment_of(chosen.endpoint, chosen.deployment)
    # What the model knows is asked of its training data, what is ordinary of ordinary days.
    baselines = deployments.baselines(chosen.endpoint, deployment, signal)
    held = monitor.in_force(signal, chosen.endpoint, deployment).thresholds
except MonitoringError as error:
    states.show_error(error)
    st.stop()
headline.show(signal, chosen.endpoint, deployment, chosen.window_at(workspace.now()))

key = f"{chosen.endpoint}-{deployment}-{chosen.segment.code}{'' if pick is None else signal + '-'}"
rule = drift_view.pick_rule("", held) if pick is None else None
with st.container(horizontal=True, vertical_alignment="bottom"):
    baseline = st.selectbox(
        "Baseline",
        baselines,
        key=BASELINE_KEYS.get(signal, "baseline"),
        bind="query-params",
        width=320,
    )
    window = report_view.pick_period(chosen, workspace.now())
    if pick is None:
        limits, mode = drift_view.limits(rule, held), rule.mode
    else:
        usual = {metric: held.get(metric, SIGNALS[signal].metrics[metric].threshold)}
        limits, mode = monitor.limits(held, {metric: pick(usual[metric])}, usual), "robust"
    wanted = st.button("Run", icon=":material/play_arrow:", key="run")
about = st.empty()

own = monitor.Asked(
    signal=signal,
    endpoint=chosen.endpoint,
    deployment=deployment,
    window=window,
    segment=chosen.segment,
)
asked = replace(
    own, baseline="" if baseline == baselines[0] else baseline, thresholds=limits, mode=mode
)
linked = pick is None and "feature" in st.query_params
usual_window = replace(own, window=chosen.usual_at(workspace.now()))
shown = answer_view.ask(
    asked,
    compute,
    key,
    wanted=wanted,
    at_once=linked or (pick is None and answer_view.is_short(asked)),
    instead=(own, usual_window),
)
if shown is None:
    about.caption(cards.escaped(f"{chosen.endpoint} / {deployment}, {window}"))
    answer_view.not_run(asked)
else:
    rows = segment_view.rows_of(getattr(shown.report, "results", ()))
    note = segment_view.note(shown.asked.segment, rows) + answer_view.measured(shown)
    about.caption(cards.escaped(f"{chosen.endpoint} / {deployment}, {shown.asked.window}{note}"))
    with cards.made_of(answer_view.made_of(shown, rows)), answer_view.drawn(shown, asked, key):
        if show:
            show(shown.report, key)
        else:
            drift_view.show(shown.report, rule, key)
