"""What is kept of every deployment: its state, the evaluator's last round, and incidents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import streamlit as st

from monitoring.database.database import Database
from monitoring.errors import MonitoringError
from monitoring.overview import heartbeat, state
from monitoring.overview.state import PlaceState, Reader, ranked
from monitoring.results.incidents import IncidentBook, Revision
from monitoring.results.leases import Round, Rounds
from monitoring.results.snapshots import Snapshots
from monitoring.window import Window
from ui.loaders import database, deployments, workspace

#: A round begins every five minutes; the first one fills the page in as it goes.
EVERY_SECONDS, AT_FIRST_SECONDS = 60, 2
#: What was resolved longer ago is no news.
RECENTLY = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the store says, as of when it was read.

    states: of all places, open problems first. round: the evaluator's last. incidents: that are open,
    by severity and then the newest, then those that were resolved in the last day. fault: why it
    could not be read again since.
    """

    read: datetime
    states: tuple[PlaceState, ...] = ()
    round: Round | None = None
    incidents: tuple[Revision, ...] = ()
    fault: MonitoringError | None = None


def kept() -> Kept:
    """Return what is kept now; where the store does not answer, what it last said."""
    try:
        now = _read()
    except MonitoringError as error:
        before = next(iter(_last()), Kept(read=workspace.now()))
        return replace(before, fault=error)
    _last()[:] = [now]
    return now


def pace_seconds() -> int:
    """Return how often a page that shows what is kept looks again."""
    try:
        last = Rounds(database.database(), database.place().workspace).last()
    except MonitoringError:  # the page says it
        return EVERY_SECONDS
    return AT_FIRST_SECONDS if heartbeat.is_first(last) else EVERY_SECONDS


def is_first() -> bool:
    """Whether the first round is still to finish."""
    return pace_seconds() == AT_FIRST_SECONDS


def state_of(endpoint: str, deployment: str) -> PlaceState | None:
    """Return the state of a deployment as of the last round; None before its first evaluation."""
    place = database.place(endpoint, deployment)
    return state.kept(Snapshots(database.database(), place.workspace), place)


@st.cache_resource(show_spinner=False)
def _last() -> list[Kept]:
    return []


@st.cache_resource(show_spinner=False, max_entries=2)
def _reader(url: str, here: str, _store: Database) -> Reader:  # noqa: ARG001 - a key of its own
    return Reader(Snapshots(_store, here))


def _read() -> Kept:
    store, here, now = database.database(), database.place().workspace, workspace.now()
    return Kept(
        read=now,
        states=_reader(str(store), here, store).everywhere(),
        round=Rounds(store, here).last(),
        incidents=IncidentBook(store, here).list(Window.last(RECENTLY, until=now)),
    )


def faults() -> dict[str, str]:
    """Return what could not be read of endpoints and deployments, by their names."""
    try:
        return {name: fault for each in deployments.endpoints() for name, fault in each.faults}
    except MonitoringError:  # the shell says why
        return {}


def of_deployments(states: tuple[PlaceState, ...]) -> tuple[PlaceState, ...]:
    """Return a state for every deployment that there is, an empty one before its first evaluation.

    Where the workspace does not say what it has, those of which anything is kept.
    """
    known = {each.place: each for each in states if each.place.deployment}
    try:
        choices = deployments.endpoints()
    except MonitoringError:  # the shell says why
        return tuple(known.values())
    rows = []
    for endpoint in choices:
        for name in endpoint.deployments:
            place = database.place(endpoint.name, name)
            empty = PlaceState(
                place=place, taken=workspace.now(), headlines=(), endpoint=endpoint.name,
                deployment=name,
            )  # fmt: skip
            rows.append(known.get(place, empty))
    return tuple(ranked(rows))
