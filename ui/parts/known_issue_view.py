"""Known issues on screen: what others have had before, with cause, fix and where to read on."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from monitoring.requests import known_issues
from monitoring.requests.known_issues import KnownIssue
from monitoring.severity import Severity
from ui.parts.states import Colour

COLOURS: dict[Severity, Colour] = {
    "critical": "red",
    "high": "orange",
    "medium": "blue",
    "low": "gray",
}


def show(issues: Sequence[tuple[KnownIssue, int]]) -> None:
    """Draw known issues with how many messages show each, the worst first."""
    for issue, count in issues:
        with st.container(border=True, gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.badge(
                    f"Known issue, {issue.severity}",
                    icon=":material/lightbulb:",
                    color=COLOURS[issue.severity],
                )
                st.text(issue.symptom if count == 1 else f"{issue.symptom} ({count:,} messages)")
            st.text(f"Cause: {issue.cause}")
            st.text(f"Fix: {issue.fix}")
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                if issue.link:
                    st.link_button(
                        "Read on", issue.link, icon=":material/open_in_new:", type="tertiary"
                    )
                st.caption(f"{issue.id}, known since {issue.added:%d %b %Y}")


def symptom(message: str) -> str:
    """Return the known issue that a console line shows; empty if it shows none."""
    issue = known_issues.match(message, "console")
    return issue.symptom if issue else ""
