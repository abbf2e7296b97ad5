"""What the app asks of Log Analytics, in which all its sessions share five places."""

from __future__ import annotations

import streamlit as st

from ui.loaders import logs
from ui.loaders.logs import Usage
from ui.parts.glossary import explain


@st.fragment
def show() -> None:
    """Draw the button that opens the budget: what runs now, and what came of all questions.

    It reruns this part alone, so that the numbers are those of that moment. A popover would leave
    the screen here, at the foot of the sidebar.
    """
    if st.button("Log queries", type="tertiary", icon=":material/speed:", key="log-queries"):
        _show_budget()


@st.dialog("Log queries")
def _show_budget() -> None:
    usage = logs.usage()
    st.text(explain("query budget"))
    if usage is None:
        st.text("There is no connection yet.")
        return
    if usage.closed_seconds:
        st.text(f"Azure asked this app to wait: {usage.closed_seconds:.0f} s more.")
    st.table(numbers(usage), border="horizontal", hide_header=True)
    st.caption("Of all readers, since this server started.")


def numbers(usage: Usage) -> dict[str, str]:
    """Return the rows of the table."""
    return {
        "In flight": f"{usage.in_flight} of {usage.slots}",
        "Waiting": f"{usage.waiting}",
        "Sent": f"{usage.sent:,}",
        "Answered from cache": f"{usage.cached:,}",
        "Joined an equal query": f"{usage.joined:,}",
        "Refused as busy": f"{usage.refused:,}",
        "Ended in an error": f"{usage.failed:,}",
        "Seconds waited": f"{usage.waited_seconds:,.1f}",
        "Answers kept": f"{usage.kept:,} ({usage.kept_bytes / 1024**2:.1f} MB)",
    }
