"""The shell: runs on every rerun of every page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from monitoring.errors import MonitoringError
from monitoring.kept import disk
from ui.loaders import deployments, workspace
from ui.parts import budget_view, states
from ui.shell import nav, scope, trail

ICON = Path(__file__).parents[1] / "static" / "icon.png"

st.set_page_config(
    page_title="Leeway", page_icon=str(ICON), layout="wide", initial_sidebar_state="auto"
)


def shell() -> None:
    """Draw what surrounds the page, then the page."""
    st.logo(str(ICON), size="large")
    pages = nav.pages()
    page = None if nav.is_addressed(pages) else nav.run(pages)
    with st.sidebar:
        nav.menu(pages)
    try:
        settings = workspace.settings()
    except MonitoringError as error:
        if page is None:
            nav.run(pages)
        st.title("Leeway")
        states.show_error(error)
        return
    _wait_for_workspace()
    navigated = trail.resume()
    with st.sidebar:
        scope.sidebar([settings.workspace or "flights"], _endpoints())
        st.caption("All times are UTC.")
        budget_view.show()
    page = page or nav.run(pages)
    trail.arrive(page.url_path, navigated=navigated)
    if settings.is_sample:
        _sample_notice()
    if workspace.is_open_to_others():
        states.show(states.WITHOUT_SIGN_IN)
    if (fault := disk.fault()) is not None:
        states.show(states.not_kept(fault))
    try:
        page.run()
    except MonitoringError as error:  # of what a page asks for outside of its panels
        states.show_error(error)
    workspace.settle()


def _wait_for_workspace() -> None:
    """Show how far the first start is; later the workspace is there at once."""
    prepared = workspace.preparation()
    if prepared.is_done(0.5):
        return
    bar = st.progress(0.0)
    while not prepared.is_done(0.3):
        bar.progress(prepared.share, text=prepared.step or "Opening the workspace")
    bar.empty()


def _endpoints() -> tuple[deployments.EndpointChoice, ...]:
    """Return what can be chosen; a workspace that does not answer leaves the pages standing."""
    try:
        found = deployments.endpoints()
    except Exception as error:  # noqa: BLE001 - shown and logged; files can be compared without it
        states.show_error(error)
        return ()
    if not found:
        states.show(states.blind(None, "The workspace has no online endpoint."))
    return found


def _sample_notice() -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge("Sample data", icon=":material/science:", color="blue")
        st.caption(
            "Real: the flights of 2013, moved to today, the models trained on them, predictions "
            "and outcomes. Simulated: response times, processor load, incidents and costs.",
            width="content",
        )


shell()
