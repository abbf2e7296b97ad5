"""The doors from pages to the product, and the only place that caches.

Answers that everyone may share are cached by their arguments, which are frozen nouns. Tables go
through `st.cache_data` (a copy for each caller), figures through `st.cache_resource` (one for all,
never changed). A stale answer is served while it is renewed.
"""

from __future__ import annotations

import atexit
import gc
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

import streamlit as st

from monitoring.errors import SourceError
from monitoring.settings import Settings, from_environment
from monitoring.window import Window

if TYPE_CHECKING:
    from pathlib import Path

    from monitoring.signals.deployed import Deployed
    from monitoring.signals.drift_report import DriftReport
    from monitoring.signals.fleet import Fleet
    from monitoring.sources.azure import Azure
    from monitoring.sources.registry import Deployment, Endpoint, ModelVersion
    from ui.drift_view import Progress, Rule
    from ui.scope import Scope

T = TypeVar("T")

#: Every question to Azure: five minutes fresh, renewed in the background.
FRESH: dict[str, Any] = {"ttl": "5m", "refresh_mode": "background", "show_spinner": False}


@dataclass(frozen=True, slots=True)
class EndpointChoice:
    """An online endpoint that the sidebar offers."""

    name: str
    deployments: tuple[str, ...]


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this process.

    Raises:
        InputError: The environment cannot be used.
    """
    return from_environment()


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
        from monitoring.sources.azure import connect  # noqa: PLC0415 - costs a second

        try:
            self.azure = connect(settings(), progress=self._report)
        except Exception as error:  # noqa: BLE001 - raised again in the sessions that wait for it
            self.error = error

    def _report(self, share: float, step: str) -> None:
        self.share, self.step = share, step

    def is_done(self, wait_seconds: float) -> bool:
        """Wait that long at most, and say whether it is finished."""
        self._thread.join(wait_seconds)
        return not self._thread.is_alive()


def preparation() -> Preparation:
    """Return the connection being made or made; the sample workspace is renewed each day."""
    return _preparation(now().date() if settings().is_sample else None)


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


@st.cache_data(max_entries=10, **FRESH)
def endpoints() -> tuple[EndpointChoice, ...]:
    """Return the online endpoints of the workspace, by name.

    Raises:
        SourceError: The workspace did not answer.
    """
    from monitoring.sources.registry import Inventory  # noqa: PLC0415 - costs a second

    found = Inventory(azure()).endpoints()
    return tuple(EndpointChoice(e.name, tuple(d.name for d in e.deployments)) for e in found)


@st.cache_resource(show_spinner=False)
def _deployed(day: date | None) -> Deployed:  # noqa: ARG001 - it is the key
    from monitoring.signals.deployed import Deployed  # noqa: PLC0415 - costs a second

    return Deployed(azure())


def deployed() -> Deployed:
    """Return the door to deployments, shared by all sessions."""
    return _deployed(now().date() if settings().is_sample else None)


class Shelf:
    """Results that are computed behind a progress bar, shared by all sessions.

    Streamlit's caches replay what is drawn inside them, so that a cached function cannot move a
    bar outside. Equal questions wait for the first one's answer; the oldest answers make room.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._found: OrderedDict[Hashable, tuple[datetime, Any]] = OrderedDict()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._guard = threading.Lock()

    def get(self, key: Hashable, compute: Callable[[], T], *, fresh: timedelta | None = None) -> T:
        """Return the kept result if it is younger than `fresh`, else compute it."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            kept = self._found.get(key)
            if kept and (fresh is None or now() - kept[0] < fresh):
                return cast("T", kept[1])
            result = compute()
            with self._guard:
                self._found[key] = now(), result
                self._found.move_to_end(key)
                while len(self._found) > self._places:
                    oldest, _ = self._found.popitem(last=False)
                    self._locks.pop(oldest, None)
            return result


@st.cache_resource(show_spinner=False)
def shelf() -> Shelf:
    """Return the results of this process."""
    return Shelf(places=60)


def fleet(window: Window, progress: Progress) -> Fleet:
    """Return the health of every deployment over a window.

    Raises:
        SourceError: The workspace did not answer.
    """
    from monitoring.signals.fleet import fleet as measure  # noqa: PLC0415 - costs a second
    from monitoring.sources.logs import Logs  # noqa: PLC0415

    return shelf().get(
        ("fleet", window),
        lambda: measure(deployed(), Logs(azure()), window, taken=now(), progress=progress),
        fresh=timedelta(minutes=5),
    )


def deployment_of(chosen: Scope) -> str:
    """Return the deployment of the scope; without one, that with the most traffic.

    Raises:
        SourceError: The endpoint has none.
    """
    if chosen.deployment:
        return chosen.deployment
    endpoint = next(e for e in _inventory() if e.name == chosen.endpoint)
    if not endpoint.deployments:
        raise SourceError(
            f"The endpoint {endpoint.name!r} has no deployment",
            hint="Deploy a model to it, or choose another endpoint.",
        )
    names = [each.name for each in endpoint.deployments]
    return max(names, key=lambda name: endpoint.traffic.get(name, 0))


@st.cache_data(max_entries=2, **FRESH)
def _inventory() -> tuple[Endpoint, ...]:
    return deployed().inventory.endpoints()


def _deployment(endpoint: str, name: str) -> tuple[Deployment, ModelVersion]:
    found = next(e for e in _inventory() if e.name == endpoint)
    deployment = next(d for d in found.deployments if d.name == name)
    return deployment, deployed().model(deployment)


@st.cache_data(max_entries=50, **FRESH)
def baselines(endpoint: str, deployment: str) -> list[str]:
    """Return the names of the baselines that a deployment can be compared with.

    Raises:
        SourceError: Its model is not known.
    """
    _, model = _deployment(endpoint, deployment)
    return [choice.label for choice in deployed().baselines(model)]


def drift(
    endpoint: str, deployment: str, baseline: str, window: Window, rule: Rule, progress: Progress
) -> DriftReport:
    """Return data drift of a deployment over a window, computed once for all sessions.

    Raises:
        SourceError: Its model or its data cannot be reached.
        InputError: Its data cannot be read.
    """
    from monitoring.signals import drift_report  # noqa: PLC0415 - costs a second

    found, model = _deployment(endpoint, deployment)
    choice = next(each for each in deployed().baselines(model) if each.label == baseline)
    day = now().date()
    reference = shelf().get(
        ("baseline", endpoint, deployment, baseline, window if choice.asset is None else None, day),
        lambda: deployed().baseline(found, model, choice, window, part(progress, 0.0, 0.2)),
    )

    def measure() -> DriftReport:
        columns = deployed().columns(model)
        days = deployed().days(found, window, columns, part(progress, 0.2, 0.6))
        return drift_report.run(
            reference,
            days.tables,
            window,
            mode=rule.mode,
            thresholds=rule.overrides(),
            notes=days.notes,
            taken=now(),
            progress=part(progress, 0.6, 1.0),
        )

    key = ("drift", endpoint, deployment, baseline, window, rule)
    return shelf().get(key, measure, fresh=timedelta(minutes=15))


def part(progress: Progress, start: float, end: float) -> Progress:
    """Return a progress callback for one part of a longer run."""
    return lambda share, text: progress(start + share * (end - start), text)


def compare_files(
    reference: Path, production: Path, rule: Rule, time_column: str, progress: Progress
) -> DriftReport:
    """Return data drift between two files; by day if production has a time column.

    Raises:
        InputError: A file cannot be read, or the column holds no times.
    """
    from monitoring.baseline import take_baseline  # noqa: PLC0415
    from monitoring.engine import tables  # noqa: PLC0415
    from monitoring.signals import drift_report  # noqa: PLC0415

    store = settings().cache / "converted"
    one = tables.open_table(reference, role="reference", store=store, progress=progress)
    two = tables.open_table(production, role="production", store=store, progress=progress)
    names = [name for name in one.columns if name != time_column]
    baseline = take_baseline(reference.name, one, features=names, progress=part(progress, 0.0, 0.5))
    options: dict[str, Any] = {
        "mode": rule.mode,
        "thresholds": rule.overrides(),
        "notes": one.notes + two.notes,
        "taken": now(),
        "progress": part(progress, 0.5, 1.0),
    }
    if not time_column:
        return drift_report.compare(baseline, two, **options)
    days = tables.by_day(two, time_column, store)
    window = Window(Window.day(min(days)).start, Window.day(max(days)).end)
    return drift_report.run(baseline, days, window, **options)


@st.cache_resource(show_spinner=False)
def settle() -> None:
    """Once per process: spare the collector what is loaded by now."""
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # or DuckDB reports every object it finds alive at the end
