"""Drift between two files of the reader's own, with the same engine and the same view."""

import streamlit as st

from monitoring.errors import MonitoringError
from ui.loaders import drift, uploads, workspace
from ui.parts import cards, files, report_view, states
from ui.shell import segment_view
from ui.views.data_drift import drift_view

st.title("Your own files")
st.caption("Compare two files or folders: Parquet, CSV or JSON lines. Nothing leaves this server.")

rule = drift_view.pick_rule("own-")
reference = production = None
with st.container(border=True):
    left, right = st.columns(2)
    try:
        with left:
            reference = files.pick("reference", "own-", workspace.settings())
        with right:
            production = files.pick("production", "own-", workspace.settings())
    except MonitoringError as error:
        states.show_error(error)
    by = st.text_input(
        "Time column of production, optional",
        help="Splits production by UTC day, for the map of features by day.",
        key="own-time",
        width=360,
    )
    wanted = st.button(
        "Run",
        icon=":material/play_arrow:",
        disabled=not (reference and production),
        help=None if reference and production else "Name a reference and a production file first.",
    )

linked = "feature" in st.query_params and reference and production
report = report_view.run(
    "own-",
    wanted or (linked and "own-report" not in st.session_state),
    lambda progress: drift.compare_files(
        (reference, production),
        uploads.scratch(),
        rule.mode,
        rule.overrides(),
        by.strip(),
        progress,
    ),
)
if report is None:
    states.show(states.first_use("your files"))
else:
    rows = segment_view.rows_of(report.results)
    with cards.made_of(cards.Freshness(fetched=report.taken, rows=rows)):
        drift_view.show(report, rule, "own-")
