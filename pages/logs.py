"""Ask the workspace's logs: a read-only workbench for KQL."""

import streamlit as st

from ui.loaders import workspace
from ui.parts import cards
from ui.shell import scope
from ui.views.logs import logs_view

chosen = scope.current()
window = chosen.window_at(workspace.now())
st.title("Logs")
st.caption(cards.escaped(f"Log Analytics workspace of {chosen.workspace}, {window}"))

browser, editor = st.columns([1, 2])
with browser, cards.panel("Tables") as panel:
    panel.freshness = logs_view.show_tables(window)
with editor, cards.panel("Query"):
    logs_view.show_editor(window)
with cards.panel("Result") as panel:
    panel.freshness = logs_view.show_result(window)
