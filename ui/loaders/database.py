"""The product's database: who asks, what is in force, and what to do when it does not answer."""

from __future__ import annotations

import getpass
from contextlib import suppress

import streamlit as st

from monitoring.database.database import Database
from monitoring.decisions.adoption import adopt
from monitoring.decisions.baselines import Baselines
from monitoring.decisions.stored import Author, StoredBaseline
from monitoring.errors import MonitoringError
from monitoring.place import Place
from ui.loaders import workspace

#: Where the name that somebody typed is kept for the session: it is nobody's but theirs.
TYPED = "author"


@st.cache_resource(show_spinner=False)
def _database(url: str, name: str, workspace_id: str) -> Database:
    opened = Database(url)
    with suppress(MonitoringError):  # whoever reads it is told why it does not answer
        adopt(opened, name, workspace_id)
    return opened


def database() -> Database:
    """Return the database, opened once; its tables are made at its first use.

    Raises:
        InputError: DATABASE_URL cannot be used.
        SourceError: Its folder cannot be made.
    """
    azure = workspace.azure()
    return _database(workspace.settings().database, azure.workspace, azure.workspace_id)


def place(endpoint: str = "", deployment: str = "") -> Place:
    """Return a place of the workspace that is shown."""
    return Place(workspace=workspace.azure().workspace_id, endpoint=endpoint, deployment=deployment)


def author() -> Author:
    """Return who is at the screen: signed in, by the name they typed, or who runs this app."""
    if getattr(st.user, "is_logged_in", False):
        name = st.user.get("name") or st.user.get("email") or st.user.get("sub") or ""
        return Author(str(name), "signed in")
    if typed := str(st.session_state.get(TYPED, "")).strip():
        return Author(typed, "typed")
    try:
        return Author(getpass.getuser(), "operating system")
    except OSError:  # a container's user without a name
        return Author("", "operating system")


def stored(endpoint: str, deployment: str) -> tuple[StoredBaseline, ...]:
    """Return the baselines that users have made for a deployment; none if they cannot be read."""
    with suppress(MonitoringError):
        return Baselines(database()).of(place(endpoint, deployment))
    return ()


def active(endpoint: str, deployment: str, signal: str) -> StoredBaseline | None:
    """Return the baseline that a user put in force; None for the default, or if it cannot be read."""
    with suppress(MonitoringError):
        return Baselines(database()).active(place(endpoint, deployment), signal)
    return None


def fault() -> MonitoringError | None:
    """Return why the database cannot be used; None if it can."""
    try:
        with database().reading():
            return None
    except MonitoringError as error:
        return error
