"""The connection to the workspace, the clock, and the memory of results that all sessions share."""

from __future__ import annotations

import atexit
import gc
import threading
from contextlib import suppress
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from monitoring.errors import MonitoringError
from monitoring.kept.memory import Memory
from monitoring.settings import Settings, from_environment, is_public, time_of_day

if TYPE_CHECKING:
    from monitoring.sources.azure import Azure

#: Every question to Azure: five minutes fresh, renewed in the background.
FRESH: dict[str, Any] = {"ttl": "5m", "refresh_mode": "background", "show_spinner": False}


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this process.

    Raises:
        InputError: The environment cannot be used, or the address is open to others unmeant.
    """
    found = from_environment()
    is_public(st.get_option("server.address"), found)
    return found


def is_open_to_others() -> bool:
    """Whether others than this machine may reach the pages, and nobody has to sign in."""
    return is_public(st.get_option("server.address"), settings())


def now() -> datetime:
    """Return the time that everything on a page is measured at."""
    return settings().clock()


class Preparation:
    """The connection being made; the sample workspace takes up to a minute to build the first time."""

    def __init__(self) -> None:
        self.share = 0.0
        self.step = ""
        self.azure: Azure | None = None
        self.error: Exception | None = None
        # A thread of its own: a reader who reloads must not break the build off.
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        # Half a second with what they load: the server and its probes answer meanwhile.
        from monitoring.sources.azure import connect  # noqa: PLC0415

        try:
            azure = connect(settings(), progress=self._report)
            _share_budget(azure)
            with suppress(Exception):  # whoever asks it is told why
                azure.workspace_client  # noqa: B018 - loads for a second what all pages need
            self.azure = azure
        except Exception as error:  # noqa: BLE001 - raised again in the sessions that wait for it
            self.error = error

    def _report(self, share: float, step: str) -> None:
        self.share, self.step = share, step

    def is_done(self, wait_seconds: float) -> bool:
        """Wait that long at most, and say whether it is finished."""
        self._thread.join(wait_seconds)
        return not self._thread.is_alive()


def _share_budget(azure: Azure) -> None:
    """Count queries together with the evaluators; alone where there is no database."""
    from monitoring.database.database import Database  # noqa: PLC0415 - as above
    from monitoring.results.leases import shared_slots  # noqa: PLC0415 - as above

    with suppress(MonitoringError):  # whoever reads the database is told why it cannot be used
        database = Database(settings().database)
        azure.query_budget.shared = shared_slots(database, settings().identity, time_of_day)


def preparation() -> Preparation:
    """Return the connection being made or made; the sample workspace is renewed each day."""
    return _preparation(now().date() if settings().is_sample else None)


def begin() -> None:
    """Make the connection; settings that cannot be used are told to whoever comes."""
    with suppress(MonitoringError):
        preparation()


def is_starting() -> bool:
    """Whether this process has still to make a connection, or to fail at it, for the first time."""
    if not _started.is_set() and preparation().is_done(0):
        _started.set()
    return not _started.is_set()


_started = threading.Event()


@st.cache_resource(show_spinner=False, max_entries=2)
def _preparation(day: date | None) -> Preparation:  # noqa: ARG001 - it is the key
    return Preparation()


def azure() -> Azure:
    """Return the clients, built once and shared by all sessions."""
    prepared = preparation()
    while not prepared.is_done(60):
        pass
    if prepared.error is not None:
        _preparation.clear()  # so that the next run tries again
        raise prepared.error
    assert prepared.azure is not None  # noqa: S101 - one of the two is set
    return prepared.azure


@st.cache_resource(show_spinner=False)
def memory() -> Memory:
    """Return the results of this process."""
    return Memory(places=60, now=now)


@st.cache_resource(show_spinner=False)
def settle() -> None:
    """Once per process: spare the collector what is loaded by now."""
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # or DuckDB reports every object it finds alive at the end
