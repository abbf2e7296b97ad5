"""What is looked at: workspace, endpoint, deployment, segment and window, chosen in the sidebar.

The widgets are bound to the URL, so each page is a link that restores them:
`/data_drift?endpoint=flight-delay&segment=carrier:UA&window=30d`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import streamlit as st

from monitoring.errors import MonitoringError
from monitoring.segment import EVERYONE, Segment
from monitoring.window import Window
from ui.loaders import workspace
from ui.loaders.deployments import deployment_of
from ui.parts import choices, states
from ui.shell import segment_view

if TYPE_CHECKING:
    from ui.loaders.deployments import EndpointChoice

ALL_ENDPOINTS = "All endpoints"
ALL_DEPLOYMENTS = "All deployments"
WINDOWS = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}
DEFAULT_WINDOW = "7d"
STEP = timedelta(minutes=5)
WEEK = timedelta(days=7)
KEYS = ("workspace", "endpoint", "deployment", "segment", "window")
#: What the boxes of a place say when nothing is chosen. The address leaves it out.
ALL = {"endpoint": ALL_ENDPOINTS, "deployment": ALL_DEPLOYMENTS, "segment": ""}
_CURRENT = "_scope"


@dataclass(frozen=True, slots=True)
class Scope:
    """What pages measure. None means all of them."""

    workspace: str
    endpoint: str | None
    deployment: str | None
    window: str
    segment: Segment = EVERYONE

    def window_at(self, now: datetime) -> Window:
        """Return the window that ends now, to five minutes, so that equal questions share an answer.

        Windows of a week and longer begin at midnight, because most signals are judged by the day.

        >>> from datetime import UTC
        >>> noon = datetime(2026, 1, 8, 12, 3, tzinfo=UTC)
        >>> str(Scope("flights", None, None, "24h").window_at(noon))
        '2026-01-07 12:00 to 2026-01-08 12:00 UTC'
        >>> str(Scope("flights", None, None, "7d").window_at(noon))
        '2026-01-01 00:00 to 2026-01-08 12:00 UTC'
        """
        end = now - (now - datetime.min.replace(tzinfo=now.tzinfo)) % STEP
        window = Window.last(WINDOWS[self.window], until=end)
        return window.whole_days() if window.length >= WEEK else window

    def usual_at(self, now: datetime) -> Window:
        """Return the window that pages begin with, in whole days."""
        return replace(self, window=DEFAULT_WINDOW).window_at(now).whole_days()

    def names(self, endpoint: str) -> bool:
        """Whether an endpoint is looked at; in lower case, as the logs write it."""
        return self.endpoint is None or self.endpoint.lower() == endpoint

    def includes(self, endpoint: str, deployment: str) -> bool:
        """Whether a deployment is looked at."""
        return self.endpoint in {None, endpoint} and self.deployment in {None, deployment}

    def __str__(self) -> str:
        parts = (self.workspace, self.endpoint or ALL_ENDPOINTS.lower(), self.deployment)
        return ", ".join(part for part in parts if part)


def sidebar(workspaces: Sequence[str], endpoints: Sequence[EndpointChoice]) -> Scope:
    """Draw the choices and return what is chosen. Without endpoints only the window can be chosen."""
    deployments = {endpoint.name: endpoint.deployments for endpoint in endpoints}
    reset = {"on_change": _reset, "args": ("endpoint", "deployment", "segment")}
    workspace = choices.pick("Workspace", workspaces, "workspace", **reset)
    endpoint = deployment = None
    if deployments:
        endpoint = _pick_endpoint(deployments)
        deployment = _pick_deployment(deployments.get(endpoint or "", ()))
    place = st.container(gap="xsmall") if endpoint else None
    window = choices.switch("Window", {name: name for name in WINDOWS}, "window", DEFAULT_WINDOW)
    scope = Scope(workspace, endpoint, deployment, window)
    if place:
        with place:
            scope = replace(scope, segment=_pick_segment(scope))
    st.session_state[_CURRENT] = scope
    return scope


def _pick_endpoint(deployments: dict[str, tuple[str, ...]]) -> str | None:
    reset = {"on_change": _reset, "args": ("deployment", "segment")}
    picked = choices.pick("Endpoint", [ALL_ENDPOINTS, *deployments], "endpoint", **reset)
    return None if picked == ALL_ENDPOINTS else picked


def _pick_deployment(deployments: Sequence[str]) -> str | None:
    """Return the deployment. The box stands there without an endpoint, too.

    Streamlit writes what a link chooses into the URL only for a box that the last run has drawn.
    """
    offered = [ALL_DEPLOYMENTS, *deployments]
    picked = choices.pick("Deployment", offered, "deployment", disabled=not deployments)
    return None if picked == ALL_DEPLOYMENTS else picked


def _pick_segment(chosen: Scope) -> Segment:
    """Return the segment; one whose model does not answer leaves the page with all rows."""
    try:
        deployment = deployment_of(chosen.endpoint or "", chosen.deployment)
    except MonitoringError as error:
        states.show_error(error)
        return EVERYONE
    window = chosen.window_at(workspace.now()).whole_days()
    return segment_view.pick(chosen.endpoint or "", deployment, window)


def _reset(*keys: str) -> None:
    """Set choices back to all: a dropped key would leave the old label in the box and the URL."""
    for key in keys:
        if key in st.session_state:
            st.session_state[key] = ALL[key]


def current() -> Scope:
    """Return what the sidebar says, for pages. Without a sidebar there is no page either."""
    scope = st.session_state.get(_CURRENT)
    if scope is None:
        st.stop()
    return scope


def choose_endpoint(endpoints: Sequence[EndpointChoice]) -> None:
    """Ask for an endpoint on a page that needs one."""
    st.selectbox(
        "This is measured for one endpoint. Which one?",
        [endpoint.name for endpoint in endpoints],
        index=None,
        placeholder="Choose an endpoint",
        key="choose-endpoint",
        on_change=_chosen,
        width=360,
    )


def _chosen() -> None:
    if name := st.session_state.get("choose-endpoint"):
        set_scope(endpoint=name)


def set_scope(**chosen: str) -> None:
    """Callback: choose in the sidebar from within a page.

    An endpoint comes with all deployments, another one also with all rows.
    """
    if "endpoint" in chosen:
        if chosen["endpoint"] != st.session_state.get("endpoint"):
            chosen = {"segment": ""} | chosen
        chosen = {"deployment": ALL_DEPLOYMENTS} | chosen
    for key, value in chosen.items():
        if key not in KEYS:
            raise ValueError(f"the scope has {', '.join(KEYS)}, got {key!r}")
        st.session_state[key] = value


def renew() -> None:
    """Callback: set each choice to what it is, before another page is opened.

    A page that is opened from a fragment has in its address only what the session sets anew.
    """
    for key in KEYS:
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]
