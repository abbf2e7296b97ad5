"""What pages of one deployment begin with: the endpoint they need, and what they cannot do without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import streamlit as st

from monitoring.errors import MonitoringError
from monitoring.window import Window
from ui.loaders import deployments, workspace
from ui.loaders.monitor import Asked
from ui.parts import headline, states
from ui.shell import scope
from ui.shell.scope import Scope


def endpoint_of(chosen: Scope) -> str:
    """Return the endpoint of the scope; without one the page asks for it, and ends there."""
    if chosen.endpoint is None:
        scope.choose_endpoint(deployments.endpoints())
        st.stop()
    return chosen.endpoint


@contextmanager
def needed() -> Iterator[None]:
    """Do what the page cannot do without: what goes wrong is shown, and the page ends there."""
    try:
        yield
    except MonitoringError as error:
        states.show_error(error)
        st.stop()


def show_headline(signal: str, chosen: Scope, deployment: str) -> None:
    """Draw what is kept of a signal, as the overview has it."""
    endpoint = chosen.endpoint or ""
    headline.show(signal, endpoint, deployment, chosen.window_at(workspace.now()))


def ask(signal: str, chosen: Scope, deployment: str, window: Window, **more: Any) -> Asked:
    """Return what is asked of a signal at a deployment of the scope."""
    endpoint = chosen.endpoint or ""
    return Asked(
        signal=signal,
        endpoint=endpoint,
        deployment=deployment,
        window=window,
        segment=chosen.segment,
        **more,
    )


def pick_baseline(offered: Sequence[str], key: str, width: int = 320, **options: Any) -> str:
    """Draw the choice of a baseline and return it; empty for the first one, which is in force."""
    picked = st.selectbox("Baseline", offered, key=key, bind="query-params", width=width, **options)
    return "" if picked == offered[0] else picked


def pressed_run() -> bool:
    """Draw the button that has what is chosen measured."""
    return st.button("Run", icon=":material/play_arrow:", key="run")
