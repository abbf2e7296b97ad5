"""The monitor of the workspace, and what a reader asks of it by hand."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from monitoring.baselines.baseline import Baseline
from monitoring.baselines.choices import BaselineChoice
from monitoring.baselines.served import Options, Served
from monitoring.decisions.book import Book
from monitoring.decisions.in_force import InForce
from monitoring.errors import InputError, MonitoringError
from monitoring.evaluator import inputs
from monitoring.kept.answers import FRESH, Answers
from monitoring.kept.disk import digest
from monitoring.kept.memory import Entry
from monitoring.metric import Mode
from monitoring.monitor import Monitor
from monitoring.progress import Progress
from monitoring.results.store import Results
from monitoring.segment import EVERYONE, Segment
from monitoring.signal import Question
from monitoring.signals import SIGNALS
from monitoring.window import DAY, Window
from ui.loaders import database, deployments, workspace

log = logging.getLogger("leeway")

T = TypeVar("T")
#: Questions that are being answered anew.
_renewals: set[str] = set()
#: By metric, or by metric and feature; None for those in force.
Thresholds = tuple[tuple[str, float], ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a reader asks of a signal. What is left out is as it is in force.

    baseline: its label. more: choices that only this signal knows, such as a period. about: in
    words, what they are, where a reader has to be told.
    """

    signal: str
    endpoint: str
    deployment: str
    window: Window
    segment: Segment = EVERYONE
    baseline: str = ""
    thresholds: Thresholds = None
    mode: Mode = "robust"
    more: tuple[Any, ...] = ()
    about: str = ""

    def __str__(self) -> str:
        """Say what is asked for, where it is not the signal as it is in force."""
        days = self.window.days()
        first, last = days[0], days[-1]
        parts = [f"{first:%d %b %Y}" if first == last else f"{first:%d %b} to {last:%d %b %Y}"]
        parts.append(self.baseline and f"against {self.baseline}")
        parts.append(str(self.segment) if self.segment else "")
        parts.append(self.about)
        parts.append("as Azure ML" if self.mode == "azureml" else "")
        limits = (f"{name} {value:g}" for name, value in self.thresholds or ())
        parts.append(", ".join(limits))
        return ", ".join(part for part in parts if part)


@st.cache_resource(show_spinner=False)
def _book(url: str, workspace_id: str) -> Book:  # noqa: ARG001 - the address is the key
    return Book(database.database(), workspace_id)


def monitor() -> Monitor:
    """Return the monitor; without a database the product's own defaults are in force."""
    here = database.place().workspace
    book, results = None, None
    with suppress(MonitoringError):  # the page says so, once
        book = _book(workspace.settings().database, here)
        results = Results(database.database(), here)
    return Monitor(deployments.deployed(), workspace.now, book, results)


def question(
    endpoint: str, deployment: str, window: Window, progress: Progress | None = None
) -> Question:
    """Return what is asked of a signal at a deployment, by the day."""
    here, known = monitor(), deployments.inventory()
    place = database.place(endpoint, deployment)
    return here.question(place, window, DAY, endpoints=known, progress=progress)


def in_force(signal: str, endpoint: str, deployment: str) -> InForce:
    """Return what a signal is held to at a deployment."""
    here = monitor()
    here.note(deployments.inventory())
    return here.in_force(signal, database.place(endpoint, deployment))


def choice(asked: Asked) -> BaselineChoice | None:
    """Return the baseline that is asked for; None for the one in force."""
    if not asked.baseline:
        return None
    offered = deployments.choices(asked.endpoint, asked.deployment, asked.signal)
    if asked.baseline not in offered:
        raise InputError(
            f"There is no baseline {asked.baseline!r} for {asked.endpoint}/{asked.deployment}",
            hint=f"Choose one of {', '.join(offered)}.",
        )
    return offered[asked.baseline]


def baseline(signal: str, endpoint: str, deployment: str, window: Window) -> Baseline:
    """Return what a signal compares a window with, as it is in force.

    Raises:
        NotEnoughData: It asks for days of production that are not there.
    """
    held, days = in_force(signal, endpoint, deployment).digest, window.days()
    return workspace.memory().get(
        ("baseline", signal, endpoint, deployment, days[0], days[-1], held),
        lambda say: Served(question(endpoint, deployment, window, say), signal).baseline,
    )


@st.cache_resource(show_spinner=False)
def _answers(folder: Path) -> Answers:
    return Answers(folder, workspace.now)


def folder() -> Path:
    """Return where answers are kept."""
    return workspace.settings().cache / "answers"


def answers() -> Answers:
    """Return the answers to what readers have asked for, shared by all sessions."""
    return _answers(folder())


def key(asked: Asked) -> str:
    """Return the name that an answer is kept under: all that it depends on, but the time of day."""
    place = database.place(asked.endpoint, asked.deployment)
    held = in_force(asked.signal, asked.endpoint, asked.deployment).digest
    chosen, days = choice(asked), asked.window.days()
    return digest(
        asked.signal, SIGNALS[asked.signal].version, place, days[0], days[-1], asked.segment.code,
        chosen and (chosen.label, chosen.rule), asked.thresholds, asked.mode, asked.more, held,
    )  # fmt: skip


def last(asked: Asked) -> Entry[Any] | None:
    """Return the last answer to a question, of any age; None if it has never been answered."""
    return answers().last(key(asked))


def entry(
    asked: Asked, measure: Callable[[Question, Options], T], progress: Progress | None = None
) -> Entry[T]:
    """Return a fresh answer to a question, computed once for all sessions and kept."""
    options = Options(
        segment=asked.segment,
        baseline=choice(asked),
        thresholds=None if asked.thresholds is None else dict(asked.thresholds),
    )

    def compute(say: Progress) -> T:
        place = asked.endpoint, asked.deployment
        return measure(question(*place, asked.window, say), options)

    return answers().entry(key(asked), compute, state=state(asked), progress=progress)


def renew(asked: Asked, compute: Callable[[Asked, Progress | None], object]) -> None:
    """Have another thread answer a question anew; who waits for it looks at `last`."""

    def answer() -> None:
        try:
            compute(asked, None)
        except MonitoringError:  # the old answer stays; whoever presses Run is told why
            log.info("could not renew %s", asked, exc_info=True)
        finally:
            _renewals.discard(name)

    name = key(asked)
    if name not in _renewals:
        _renewals.add(name)
        threading.Thread(target=answer, name="renew", daemon=True).start()


def limits(
    held: Mapping[str, float], chosen: Mapping[str, float], usual: Mapping[str, float]
) -> Thresholds:
    """Return the thresholds that a reader asks for; None where they are those in force.

    >>> limits({"accuracy:temp": 0.8}, {"accuracy": 0.9}, {"accuracy": 0.9}) is None
    True
    >>> limits({"accuracy:temp": 0.8}, {"accuracy": 0.7}, {"accuracy": 0.9})
    (('accuracy', 0.7), ('accuracy:temp', 0.8))
    """
    own = {name: value for name, value in chosen.items() if value != usual[name]}
    return tuple(sorted({**held, **own}.items())) if own else None


def state(asked: Asked) -> str:
    """Return what changes when files or labels of the window do; empty where that is not known."""
    here, _ = deployments.served(asked.endpoint, asked.deployment)
    needs, window = SIGNALS[asked.signal].needs, asked.window
    states = inputs.states(deployments.deployed(), here, needs, window, DAY)
    if states is None or not states.known:
        return ""
    return inputs.together(states.of(Window.day(day).start) for day in window.days())


def is_outdated(asked: Asked, known: Entry[Any]) -> bool:
    """Whether files or labels have come since an answer was computed."""
    return workspace.now() - known.fetched >= FRESH and state(asked) != known.state
