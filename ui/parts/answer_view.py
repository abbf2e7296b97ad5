"""An answer to what a reader asks: the last one at once, dimmed where the controls say something else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from monitoring.kept.memory import Entry
from monitoring.progress import Progress
from ui.loaders import monitor, workspace
from ui.loaders.monitor import Asked
from ui.parts import cards, report_view, states
from ui.shell import segment_view

R = TypeVar("R")
Compute = Callable[[Asked, "Progress | None"], "Entry[R]"]

#: Windows up to so long are measured without a press of a button.
SHORT = timedelta(days=8)
#: How often a page looks whether a newer answer has come.
LOOK_SECONDS = 3
DIMMED = "dimmed"


@dataclass(frozen=True, slots=True)
class Shown(Generic[R]):
    """An answer on screen. asked: what it answers; is_current: which is what the controls say."""

    entry: Entry[R]
    asked: Asked
    is_current: bool

    @property
    def report(self) -> R:
        """What was measured."""
        return self.entry.value


def is_short(asked: Asked) -> bool:
    """Whether it is what is in force over a window that takes seconds."""
    own = asked.baseline, asked.thresholds, asked.mode
    return own == ("", None, "robust") and asked.window.length <= SHORT


def ask(
    asked: Asked,
    compute: Compute[R],
    key: str,
    *,
    wanted: bool = False,
    at_once: bool = False,
    instead: tuple[Asked, ...] = (),
) -> Shown[R] | None:
    """Return the answer to what is asked, computed behind a bar if the reader wants it.

    Until then the last answer of this session stands there, or that to another question.

    Args:
        asked: What the controls say.
        compute: Answers it.
        key: Prefix of the keys: of the page, the place and the view.
        wanted: The button was pressed.
        at_once: Without an answer it is computed at once, and an old one is renewed.
        instead: Whose answer is shown where there is none to this question, the first known one.
    """
    known: Entry[R] | None = monitor.last(asked)
    was_stopped = _was_stopped(asked, key)
    is_missing = known is None and not was_stopped

    def answer(progress: Progress) -> Asked:
        compute(asked, progress)
        return asked

    finished = report_view.run(key, wanted or (at_once and is_missing), answer)
    if known is not None and at_once and monitor.is_outdated(asked, known):
        _renew(asked, compute, known)
    return _first_known(asked, (asked, finished, *instead))


def _renew(asked: Asked, compute: Compute[Any], known: Entry[Any]) -> None:
    """Have a newer answer computed by another thread, and the page drawn anew once it is there."""
    monitor.renew(asked, compute)

    @st.fragment(run_every=LOOK_SECONDS)
    def look() -> None:
        latest = monitor.last(asked)
        if latest is not None and latest.fetched > known.fetched:
            st.rerun()
        st.caption("Newer data have arrived: being measured again.")

    look()


@contextmanager
def drawn(shown: Shown[Any], asked: Asked, key: str, action: str = "Run") -> Iterator[None]:
    """Draw an answer; one to another question is dimmed, and says to which."""
    if shown.is_current:
        yield
        return
    with st.container(border=True):
        st.badge("Not what is chosen", icon=":material/history:", color="orange")
        st.text(f"Below is the answer for {shown.asked}. Press {action} for {asked}.")
    st.html(f'<style>[class*="st-key-{DIMMED}"] {{ opacity: 0.45; }}</style>')
    with st.container(key=f"{DIMMED}-{key}"):
        yield


@contextmanager
def headed(
    shown: Shown[Any],
    asked: Asked,
    key: str,
    about: DeltaGenerator,
    rows: int | None = None,
    *,
    what: str = "",
    made: cards.Freshness | None = None,
) -> Iterator[None]:
    """Draw an answer below the line that says what it is about, its panels with one footer.

    Args:
        shown: The answer.
        asked: What the controls say.
        key: Prefix of the keys of the page.
        about: Where the line stands.
        rows: How many the answer rests on.
        what: Of the deployment, to be said in the line.
        made: The footer, where more is known of it.
    """
    own = shown.asked
    note = segment_view.note(own.segment, rows) + measured(shown)
    place = f"{own.endpoint} / {own.deployment}"
    about.caption(cards.escaped(f"{place}, {what}{own.window}{note}"))
    footer = made or cards.taken(shown.entry, rows=rows)
    with cards.made_of(footer), drawn(shown, asked, key):
        yield


def not_run(
    asked: Asked, action: str = "Run", more: str = "", *, about: DeltaGenerator | None = None
) -> None:
    """Say that there is no answer yet, and how to get one; `about` has the line of the page."""
    if about is not None:
        about.caption(cards.escaped(f"{asked.endpoint} / {asked.deployment}, {asked.window}"))
    states.show(
        states.State(
            "Not run yet",
            ":material/play_circle:",
            "blue",
            f"There is no answer yet for {asked}.",
            next=f"Press {action}. {more}".rstrip(),
        )
    )


def measured(shown: Shown[Any]) -> str:
    """Return how old an answer is, for the line that says what it is about; empty if it is new."""
    now = workspace.now()
    return f", measured {age(shown.entry.fetched, now)} ago" if _is_old(shown, now) else ""


def _is_old(shown: Shown[Any], now: datetime) -> bool:
    return now - shown.entry.fetched >= timedelta(minutes=1)


def age(moment: datetime, now: datetime) -> str:
    """Return how long ago something was, in its largest unit.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 1, 8, 12, tzinfo=UTC)
    >>> age(datetime(2026, 1, 8, 11, 20, tzinfo=UTC), noon), age(datetime(2026, 1, 7, tzinfo=UTC), noon)
    ('40 min', '36 h')
    """
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 90:  # noqa: PLR2004 - then hours are easier to read
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 72 else f"{hours // 24} d"  # noqa: PLR2004 - and then days


def _was_stopped(asked: Asked, key: str) -> bool:
    """Whether the reader has broken off the last run, of the same question."""
    stopped, name = f"{key}stopped", monitor.key(asked)
    if st.session_state.get(f"{key}running"):
        st.session_state[stopped] = name
    return st.session_state.get(stopped) == name


def _first_known(asked: Asked, questions: Iterable[Asked | None]) -> Shown[Any] | None:
    for each in filter(None, questions):
        if (entry := monitor.last(each)) is not None:
            return Shown(entry, each, is_current=monitor.key(each) == monitor.key(asked))
    return None


def show(
    asked: Asked,
    compute: Compute[R],
    key: str,
    draw: Callable[[R], None],
    *,
    wanted: bool,
    action: str,
    more: str = "",
) -> Shown[R] | None:
    """Draw the answer that a button of its own asks for, or how to get one; return what is shown.

    Args:
        asked: What the controls say.
        compute: Answers it.
        key: Prefix of the keys: of the page, the place and the view.
        draw: Draws the answer.
        wanted: The button was pressed.
        action: What the button says.
        more: What there is to know before it is pressed.
    """
    shown = ask(asked, compute, key, wanted=wanted)
    if shown is None:
        not_run(asked, action, more)
    else:
        with drawn(shown, asked, key, action):
            draw(shown.report)
    return shown
