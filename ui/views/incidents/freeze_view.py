"""Freezing an incident: the button that makes the file, then the file."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from monitoring.incident import Incident
from ui.loaders import incidents as loader
from ui.parts import cards
from ui.shell.scope import Scope


def show(picked: Incident, taken: datetime, chosen: Scope) -> None:
    """Draw the button that makes the file, then the file."""
    st.text(
        "A file with all of this: lanes, events, thresholds, queries, log lines, and what was "
        "known when. It opens here without Azure, also when the logs are gone."
    )
    key = "_frozen", picked.id, taken
    if st.button("Freeze", icon=":material/ac_unit:", key="freeze"):
        with st.spinner("Freezing"):
            st.session_state["_frozen"] = key, loader.freeze(picked, chosen.workspace)
    made = st.session_state.get("_frozen")
    if made and made[0] == key:
        label = f"Download the bundle ({len(made[1]) / 1e6:.2f} MB)"
        file = f"{picked.id}.incident.zip"
        cards.offer(label, made[1], file=file, key="freeze-download", mime="application/zip")
