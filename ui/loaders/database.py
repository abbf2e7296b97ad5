"""The product's database: who asks, what is in force, and what to do when it does not answer."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import streamlit as st

from monitoring.decisions.stored import UNDECIDED, Author, Decisions, StoredBaseline
from monitoring.errors import MonitoringError
from monitoring.place import Place
from ui.loaders import workspace

if TYPE_CHECKING:
    from monitoring.database.database import Database
    from monitoring.workspace.models import ModelVersion

#: Where the name that somebody typed is kept for the session: it is nobody's but theirs.
TYPED = "author"
DRIFT, PERFORMANCE = "data_drift", "model_performance"


@st.cache_resource(show_spinner=False)
def _database(url: str, name: str, workspace_id: str) -> Database:
    from monitoring.database.database import Database  # noqa: PLC0415 - half a second
    from monitoring.decisions.adoption import adopt  # noqa: PLC0415 - same

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
    from monitoring.decisions.baselines import Baselines  # noqa: PLC0415 - as above

    try:
        return Baselines(database()).of(place(endpoint, deployment))
    except MonitoringError:
        return ()


def active(endpoint: str, deployment: str, signal: str) -> StoredBaseline | None:
    """Return the baseline that a user put in force; None for the default, or if it cannot be read."""
    from monitoring.decisions.baselines import Baselines  # noqa: PLC0415 - as above

    try:
        return Baselines(database()).active(place(endpoint, deployment), signal)
    except MonitoringError:
        return None


def thresholds(endpoint: str, deployment: str, signal: str) -> Mapping[str, float]:
    """Return the thresholds that a user put in force; none if they cannot be read."""
    from monitoring.decisions.threshold_sets import ThresholdSets  # noqa: PLC0415 - as above

    here = place(endpoint, deployment)
    try:
        found = ThresholdSets(database(), here.workspace).active(here, signal)
    except MonitoringError:
        return {}
    return found.thresholds if found else {}


def benchmarks(model: ModelVersion) -> Mapping[str, float]:
    """Return what users set for the metrics of a model version; none if it cannot be read."""
    from monitoring.decisions.benchmarks import Benchmarks  # noqa: PLC0415 - as above

    try:
        found = Benchmarks(database(), place().workspace).of(model.name, model.version)
    except MonitoringError:
        return {}
    return {each.metric: each.value for each in found if each.value is not None}


def decisions(endpoint: str, deployment: str, model: ModelVersion | None) -> Decisions:
    """Return all that users have put in force for a deployment.

    Raises:
        SourceError: The database cannot be read; what is in force is then the default.
    """
    from monitoring.decisions.baselines import Baselines  # noqa: PLC0415 - as above
    from monitoring.decisions.benchmarks import Benchmarks  # noqa: PLC0415
    from monitoring.decisions.threshold_sets import ThresholdSets  # noqa: PLC0415

    here, kept = place(endpoint, deployment), database()
    sets = ThresholdSets(kept, here.workspace)
    drift, performance = (sets.active(here, signal) for signal in (DRIFT, PERFORMANCE))
    known = Benchmarks(kept, here.workspace).of(model.name, model.version) if model else ()
    return Decisions(
        baseline=Baselines(kept).active(here, DRIFT),
        drift_thresholds=drift.thresholds if drift else {},
        performance_thresholds=performance.thresholds if performance else {},
        benchmarks={each.metric: each.value for each in known if each.value is not None},
    )


def decisions_or_default(endpoint: str, deployment: str, model: ModelVersion | None) -> Decisions:
    """Return all that users have put in force, or the defaults if that cannot be read."""
    try:
        return decisions(endpoint, deployment, model)
    except MonitoringError:
        return UNDECIDED


def fault() -> MonitoringError | None:
    """Return why the database cannot be used; None if it can."""
    try:
        with database().reading():
            return None
    except MonitoringError as error:
        return error
