"""What a reader sees instead of a result: why it is missing and what to do about it.

Names, values and messages come from outside, so they are drawn as plain text: Streamlit's Markdown
would load images and render links that they contain.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import streamlit as st

from monitoring.errors import (
    Cancelled,
    InputError,
    MonitoringError,
    NotEnoughData,
    NotPermittedError,
    PartialResultError,
    SchemaMismatch,
    SourceError,
)

log = logging.getLogger("leeway")

Colour = Literal["red", "orange", "green", "blue", "gray"]


@dataclass(frozen=True, slots=True)
class State:
    """What, why, next. `title` is ours; the rest may quote the outside world. `fix` is a command."""

    title: str
    icon: str
    colour: Colour
    what: str
    why: str = ""
    next: str = ""
    fix: str = ""


def show(state: State) -> None:
    """Draw a state."""
    st.badge(state.title, icon=state.icon, color=state.colour)
    st.text(" ".join(sentence for sentence in (state.what, state.why, state.next) if sentence))
    if state.fix:
        st.code(state.fix, language=None, wrap_lines=True)  # shell colours are too faint to read


def first_use(subject: str, ask: str = "Choose what to compare and press Run.") -> State:
    """Nothing has been measured yet."""
    return State(
        "No result yet",
        ":material/play_circle:",
        "blue",
        f"Nothing has been measured for {subject}.",
        next=ask,
    )


def cleared(subject: str, checked: datetime, rules: int) -> State:
    """Nothing is wrong, and that was looked at."""
    return State(
        f"No open {subject}",
        ":material/check_circle:",
        "green",
        f"Last checked {checked:%H:%M} UTC; {rules} rules ran.",
    )


def unseen(subject: str, why: str) -> State:
    """Nothing is known to be wrong, but not everything was looked at."""
    return State(
        f"No {subject} seen",
        ":material/visibility_off:",
        "gray",
        f"{why}, so that nobody can say that there is none.",
        next="The footer says which sources are missing.",
    )


def no_results(subject: str, filters: Mapping[str, str]) -> State:
    """The filters leave nothing."""
    chosen = ", ".join(f"{name} {value}" for name, value in filters.items())
    return State(
        f"No {subject} match",
        ":material/filter_alt_off:",
        "gray",
        f"Nothing is left with {chosen}." if chosen else "Nothing is there.",
        next="Choose less narrowly." if chosen else "",
    )


def not_enough_data(rows: int, needed: int, *, per_day: float | None = None) -> State:
    """Too few rows to judge; says when there will be enough at the present rate."""
    days = (needed - rows) / per_day if per_day else None
    return State(
        "Not enough data",
        ":material/hourglass_top:",
        "gray",
        f"{rows:,} predictions; {needed:,} needed.",
        next=f"At the present rate that takes {days:.0f} more days."
        if days and days >= 1
        else "Choose a longer window.",
    )


def blind(since: datetime | None, why: str, fix: str = "") -> State:
    """Nothing arrives, so nothing can be said."""
    return State(
        "No data",
        ":material/visibility_off:",
        "gray",
        f"No data since {since:%d %b %H:%M} UTC." if since else "No data has arrived.",
        why,
        "After a fix, the first data may take an hour." if fix else "",
        fix,
    )


def partial(shown: int, total: int, subject: str, why: str) -> State:
    """Some of it is there."""
    return State(
        "Incomplete",
        ":material/data_alert:",
        "orange",
        f"Showing {shown:,} of {total:,} {subject}: {why}.",
    )


def not_kept(fault: MonitoringError) -> State:
    """Results are right, but are computed again each time."""
    why = f"{fault.message}."
    return State("Nothing is kept", ":material/save:", "orange", why, next=fault.hint)


WITHOUT_SIGN_IN = State(
    "Open to others",
    ":material/lock_open:",
    "orange",
    "Nobody has to sign in: whoever reaches this address may read and switch everything.",
    next="Set LEEWAY_ADDRESS to 127.0.0.1, or keep strangers out by a proxy or network.",
)

#: The first class that an error is an instance of says how it looks: title, icon, colour.
ERRORS: Sequence[tuple[type[MonitoringError], tuple[str, str, Colour]]] = (
    (NotPermittedError, ("Not permitted", ":material/lock:", "gray")),
    (PartialResultError, ("Incomplete", ":material/data_alert:", "orange")),
    (SourceError, ("No answer", ":material/cloud_off:", "orange")),
    (NotEnoughData, ("Not enough data", ":material/hourglass_top:", "gray")),
    (SchemaMismatch, ("Cannot compare", ":material/difference:", "orange")),
    (InputError, ("Cannot use this", ":material/report:", "orange")),
    (Cancelled, ("Stopped", ":material/stop_circle:", "blue")),
    (MonitoringError, ("Error", ":material/error:", "orange")),
)


#: What Streamlit raises of a file that no browser would have let its reader choose.
_UPLOAD_ERRORS = {
    "file-uploader-invalid-extension": "its name ends in a suffix that is not asked for",
    "filename-contains-null-bytes": "its name holds a character that no name may have",
}


def _of_upload(error: Exception) -> InputError | None:
    why = _UPLOAD_ERRORS.get(getattr(error, "error_id", None) or "")
    return InputError(f"Cannot use the upload: {why}", hint="Choose another file.") if why else None


def of_error(error: Exception) -> State:
    """Return the state for an error: its own sentence and hint, or an id under which it is logged."""
    error = _of_upload(error) or error
    if isinstance(error, MonitoringError):
        title, icon, colour = next(look for kind, look in ERRORS if isinstance(error, kind))
        return State(title, icon, colour, f"{error.message}.", next=error.hint)
    number = uuid.uuid4().hex[:8]
    log.error("error %s", number, exc_info=error)
    return State(
        "Error",
        ":material/error:",
        "orange",
        "A fault in this app kept this part from being shown.",
        next=f"Reload the page. If it stays, report error {number}: the server log has the details.",
    )


def show_error(error: Exception) -> None:
    """Draw an error in place of what it prevented."""
    show(of_error(error))


def show_script_error(error: Exception) -> bool:
    """Draw an error that no panel caught; True keeps Streamlit's own traceback off the page."""
    show_error(error)
    return True
