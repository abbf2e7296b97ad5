"""What all figures share: colours with a fixed meaning, layout, times and labels as plotly wants them.

Each figure is made from one dictionary (`add_trace` and its kind cost two to three times as much)
and must not be changed afterwards, so that it can be cached and shared. Times go out as UTC epoch
milliseconds in float64 and numbers as arrays, which plotly sends as bytes. Texts keep the colours
of the page's theme; only what has a fixed meaning has a colour of its own here, chosen to stand out
at least 3 : 1 from a white and from a near-black page. The timeline sends lists and brings its
colours: `Theme` says why.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from monitoring.arrays import Floats
from monitoring.metric import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

Json: TypeAlias = dict[str, Any]

REFERENCE = "#7A8694"
PRODUCTION = "#2F7FD6"
THRESHOLD = "#D9730D"
BREACHED = "#D64545"

#: Status -> word in legends, marker symbol; the cell of an `ok` day needs no mark.
MARKS: Mapping[Status, tuple[str, str]] = {
    "breached": ("breached", "diamond"),
    "error": ("error", "x"),
    "not_permitted": ("not permitted", "square-x-open"),
    "stale": ("stale", "hourglass-open"),
    "no_data": ("no data", "line-ew-open"),
    "not_enough_data": ("not enough data", "circle-open"),
    "ok": ("OK", "circle"),
}

LONGEST_LABEL = 28

LAYOUT: Json = {
    "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
    "hovermode": "x unified",
    "showlegend": True,
    "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0.0},
}


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours and font of the page, for a figure that does not leave them to Streamlit.

    Streamlit's own theme is a plotly template, whose change plotly.js can only answer by drawing
    anew; and Streamlit hands every figure over twice.
    """

    text: str = "#0F1720"
    background: str = "#FFFFFF"
    border: str = "#D5DCE5"
    font: str = '"Source Sans", sans-serif'


WHITE = Theme()


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure and the sentence for those who cannot see it."""

    figure: go.Figure
    summary: str


def floats(values: ArrayLike) -> Floats:
    """Return values as float64, shape (n,)."""
    return np.asarray(values, dtype=np.float64)


def epoch_ms(time: date) -> float:
    """Milliseconds since 1970 in UTC; a day counts as its midnight and plotly has no time zones."""
    if not isinstance(time, datetime):
        return float(np.datetime64(time, "ms").astype(np.int64))
    if time.tzinfo is None:
        raise ValueError(f"a chart needs times in UTC, got {time!r}")
    return time.timestamp() * 1000.0


def label(text: str) -> str:
    """Return a name as plotly shows it literally: it reads a few HTML tags in labels."""
    short = text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"
    return html.escape(short, quote=False)


def sentence(*parts: str) -> str:
    """Return the parts that say something, as one sentence.

    >>> sentence("one lane", "", "2 incidents")
    'one lane; 2 incidents.'
    """
    return "; ".join(filter(None, parts)) + "."


def count(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> count(1, "day"), count(2, "day")
    ('1 day', '2 days')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
