"""Cards and panels: one look for status, numbers, charts and how fresh they are."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.typing import PlotlyState

from monitoring import spreadsheet
from monitoring.charts import Chart
from monitoring.kept.memory import Entry
from monitoring.metric import MetricResult, Status
from monitoring.overview import heartbeat
from monitoring.report import Reading
from monitoring.results.leases import Round
from ui.loaders import workspace
from ui.loaders.logs import Answer
from ui.parts import states
from ui.parts.glossary import explain


@dataclass(frozen=True, slots=True)
class Look:
    """A status on screen: never by colour alone. `mark` is the icon where only text can stand."""

    word: str
    icon: str
    mark: str
    colour: states.Colour


LOOKS: dict[Status, Look] = {
    "ok": Look("OK", ":material/check_circle:", "✓", "green"),
    "breached": Look("Breached", ":material/warning:", "▲", "red"),
    "not_enough_data": Look("Not enough data", ":material/hourglass_top:", "◔", "gray"),
    "no_data": Look("No data", ":material/visibility_off:", "○", "gray"),
    "stale": Look("Stale", ":material/history:", "◷", "gray"),
    "not_permitted": Look("Not permitted", ":material/lock:", "⊘", "gray"),
    "error": Look("Error", ":material/error:", "✕", "orange"),
}


#: How a signal reads: where a status alone would say OK over a limit that is missed, it does not.
READINGS: dict[Reading, Look] = {
    "ok": LOOKS["ok"],
    "within_chance": Look("Within chance", ":material/casino:", "≈", "blue"),
    "unconfirmed": Look("Unconfirmed", ":material/exposure_plus_1:", "△", "orange"),
    "breached": LOOKS["breached"],
    "was_breached": Look("Was breached", ":material/undo:", "↺", "orange"),
    "too_few_rows": Look("Too few rows", ":material/hourglass_top:", "◔", "gray"),
    "withheld": Look("Withheld", ":material/do_not_disturb_on:", "⊖", "gray"),
    "no_data": LOOKS["no_data"],
    "stale": LOOKS["stale"],
    "not_permitted": LOOKS["not_permitted"],
    "error": LOOKS["error"],
}
#: Of a signal that the first round has not come to.
MEASURING = Look("Being measured", ":material/pending:", "…", "blue")

#: Of a number that rows are not missing for, but something to judge it by.
UNJUDGED = Look("No threshold", ":material/rule:", "–", "gray")


def look_of(result: MetricResult) -> Look:
    """Return how a judged number looks; one without a threshold does not blame its rows."""
    grey = result.status == "not_enough_data" and result.value is not None
    return UNJUDGED if grey and math.isnan(result.threshold) else LOOKS[result.status]


def status_label(status: Status | Look) -> str:
    """Return a status for a table cell.

    >>> status_label("breached")
    '▲ Breached'
    """
    look = status if isinstance(status, Look) else LOOKS[status]
    return f"{look.mark} {look.word}"


def status_of(*, breached: object, judged: object, unjudged: Status = "no_data") -> Status:
    """Return the status of several: one breach is enough, and nothing judged is not well."""
    if breached:
        return "breached"
    return "ok" if judged else unjudged


def status_badge(status: Status | Look) -> None:
    """Draw a status."""
    look = status if isinstance(status, Look) else LOOKS[status]
    st.badge(look.word, icon=look.icon, color=look.colour)


@dataclass(frozen=True, slots=True)
class Query:
    """One question that was asked of a source, to be read by the curious."""

    name: str
    text: str
    language: str = "sql"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How fresh and how complete a panel is.

    fetched: when, UTC. seconds: how long it took, where that is known. rows: how many were read.
    missing: what is not in it, empty when it is complete.
    """

    fetched: datetime
    seconds: float | None = None
    rows: int | None = None
    missing: str = ""
    queries: tuple[Query, ...] = ()


def answered(*answers: Answer, missing: str = "") -> Freshness | None:
    """Return the footer of a panel that was made of these answers; None without one."""
    if not answers:
        return None
    reasons = (missing, *(f"{each.name}: {each.reason}" for each in answers if each.reason))
    return Freshness(
        fetched=min(each.fetched for each in answers),
        seconds=sum(each.seconds for each in answers),
        rows=sum(len(each.rows) for each in answers),
        missing=" ".join(filter(None, reasons)),
        queries=tuple(Query(each.name, each.query) for each in answers),
    )


@dataclass(frozen=True, slots=True)
class Tile:
    """One number with its status.

    label: what it is. value: with its unit; an en dash when there is none. Both are Markdown: what
    comes from outside is escaped before.
    status: how it is judged; None for a number without a verdict. note: threshold, rows or since when,
    as plain text. term: entry of the glossary for the tooltip.
    """

    label: str
    value: str
    status: Status | Look | None = None
    note: str | tuple[str, ...] = ""
    term: str = ""

    def show(self) -> None:
        """Draw it."""
        with st.container(border=True, height="stretch", gap="xsmall"):
            st.metric(self.label, self.value, help=explain(self.term) if self.term else None)
            if self.status:
                status_badge(self.status)
            for line in (self.note,) if isinstance(self.note, str) else self.note:
                if line:
                    st.text(line)


def tiles(*shown: Tile | Callable[[], object], columns: int = 0) -> None:
    """Draw tiles side by side; what is more than a tile is a function that draws it."""
    for column, tile in zip(st.columns(columns or len(shown)), shown, strict=False):
        with column:
            if isinstance(tile, Tile):
                tile.show()
            else:
                tile()


def taken(*found: Entry[object], rows: int | None = None, missing: str = "") -> Freshness:
    """Return the footer of a panel that was made of these results."""
    return Freshness(
        fetched=min(each.fetched for each in found),
        seconds=sum(each.seconds for each in found),
        rows=rows,
        missing=missing,
    )


@dataclass(slots=True)
class Panel:
    """A panel being drawn; set `freshness` and it gets a footer."""

    freshness: Freshness | None = None


#: What the panels being drawn are made of, if nothing else is said of them.
_SHARED: ContextVar[Freshness | None] = ContextVar("shared", default=None)


@contextmanager
def made_of(freshness: Freshness | None) -> Iterator[None]:
    """Give each panel that is drawn inside this footer: they show parts of one result."""
    token = _SHARED.set(freshness)
    try:
        yield
    finally:
        _SHARED.reset(token)


@contextmanager
def panel(title: str, *, help: str | None = None) -> Iterator[Panel]:  # noqa: A002 - Streamlit's word
    """Draw a part of a page that may fail without taking the rest of the page with it.

    Args:
        title: Ours, not from outside: headings are Markdown.
        help: Tooltip.
    """
    with st.container(border=True):
        st.header(title, help=help, anchor=False)
        shared = _SHARED.get()
        drawn = Panel(shared)
        try:
            yield drawn
        except Exception as error:  # noqa: BLE001 - logged with an id; a page is more than one panel
            states.show_error(error)
            if drawn.freshness is shared:  # it would call complete what is not there
                return
        if drawn.freshness:
            show_freshness(drawn.freshness)


#: In which a browser paints a table whose script it has to fetch first.
PAINT_SECONDS = 0.6


def paint() -> None:
    """Let the browser paint what has been sent, once in a session.

    The library of charts is four megabytes: a browser that starts it stands still for a second.
    """
    if "_painted" not in st.session_state:
        st.session_state["_painted"] = True
        time.sleep(PAINT_SECONDS)


def fill(
    title: str,
    draw: Callable[..., Freshness | None],
    *about: object,
    help: str | None = None,  # noqa: A002 - Streamlit's word
) -> None:
    """Draw a panel with what a function draws of something; it returns the footer."""
    with panel(title, help=help) as drawn:
        drawn.freshness = draw(*about)


def escaped(text: str) -> str:
    r"""Return a text with all Markdown taken out of force: names come from outside.

    >>> escaped("a_b [x](y)")
    'a\\_b \\[x\\]\\(y\\)'
    """
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])", r"\\\1", text)


def show_freshness(freshness: Freshness) -> None:
    """Draw a panel's footer."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(freshness_line(freshness), width="content")
        if freshness.queries:
            with st.popover("Queries", type="tertiary", icon=":material/code:"):
                for query in freshness.queries:
                    st.text(query.name)
                    st.code(query.text, language=query.language, wrap_lines=True)
    if freshness.missing:
        st.text(f"Missing: {freshness.missing}")


def freshness_line(freshness: Freshness) -> str:
    """Return the footer's sentence.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 1, 8, 12, tzinfo=UTC)
    >>> freshness_line(Freshness(fetched=noon, seconds=0.81, rows=1200))
    'Updated 12:00 UTC · took 0.8 s · 1,200 rows · complete'
    """
    parts = [f"Updated {freshness.fetched:%H:%M} UTC"]
    if freshness.seconds is not None:
        parts.append(f"took {freshness.seconds:.1f} s")
    if freshness.queries:
        count = len(freshness.queries)
        parts.append("1 query" if count == 1 else f"{count} queries")
    if freshness.rows is not None:
        parts.append(f"{freshness.rows:,} rows")
    parts.append("incomplete" if freshness.missing else "complete")
    return " · ".join(parts)


def show_chart(
    chart: Chart, *, key: str, table: pd.DataFrame | None = None, selectable: bool = False
) -> PlotlyState | None:
    """Draw a chart, its sentence for screen readers and the numbers behind it.

    Args:
        chart: Never changed here: it may be shared by all sessions.
        key: Unique on the page.
        table: The numbers, offered below the chart for reading and download.
        selectable: Whether a click on a point reruns the page; then its selection is returned.
    """
    selection = st.plotly_chart(
        chart.figure,
        key=key,
        alt=chart.summary,
        config={"displayModeBar": False},
        on_select="rerun" if selectable else "ignore",
        selection_mode="points",
    )
    if table is not None:
        with st.expander("Numbers", type="compact", icon=":material/table:"):
            st.text(chart.summary)
            show_table(table, key=f"{key}-table", alt=chart.summary)
    return selection if selectable else None


def labels_of(found: Entry[object], predictions: int, labelled: int) -> Freshness:
    """Return the footer of what is measured by labels: late ones are missing."""
    waiting = predictions - labelled
    missing = f"{waiting:,} labels are not in yet." if waiting else ""
    return taken(found, rows=predictions, missing=missing)


def of_round(last: Round | None, read: datetime) -> Freshness:
    """Return the footer of what is kept: as of the evaluator's last round that finished."""
    moment = (last.finished or last.began) if last else read
    unfinished = heartbeat.is_first(last) and "The first round has not finished yet."
    return Freshness(fetched=moment, missing=unfinished or heartbeat.stale(last, workspace.now()))


def show_table(table: pd.DataFrame, *, key: str, alt: str, **options: Any) -> None:
    """Draw a table with its download."""
    st.dataframe(table, hide_index=True, key=key, alt=alt, **options)
    offer_csv("Download CSV", table, file=key, key=f"{key}-csv")


def offer(label: str, data: bytes | Callable[[], bytes], *, file: str, key: str, mime: str) -> None:
    """Draw a download; what is a function is made once it is wanted."""
    st.download_button(
        label,
        data=data,
        file_name=file,
        mime=mime,
        icon=":material/download:",
        key=key,
        on_click="ignore",
    )


def offer_csv(
    label: str, rows: pd.DataFrame | list[dict[str, object]], *, file: str, key: str
) -> None:
    """Draw the download of a table, or of its rows; no cell of it is a formula."""

    def data() -> bytes:
        return csv_of(pd.DataFrame(rows))

    offer(label, data, file=f"{file}.csv", key=key, mime="text/csv")


def csv_of(table: pd.DataFrame) -> bytes:
    """Return a table as a CSV file; what comes from outside is no formula in it."""
    if not table.empty:
        table = table.apply(
            lambda column: column.map(spreadsheet.cell) if _is_text(column) else column
        )
    return table.rename(columns=spreadsheet.cell).to_csv(index=False).encode()


def _is_text(column: pd.Series[Any]) -> bool:
    return pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column)
