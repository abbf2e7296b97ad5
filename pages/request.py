"""Request X-ray: one request, from its response back to the features that were sent."""

import streamlit as st

from ui.loaders import workspace
from ui.parts import cards
from ui.shell import scope
from ui.views.request import request_view, xray_view

chosen = scope.current()
st.title("Request X-ray")

if text := request_view.ask():
    xray_view.show(text)
else:
    window = chosen.window_at(workspace.now())
    st.caption(cards.escaped(f"{chosen}, {window}"))
    request_view.choose(chosen, window)
