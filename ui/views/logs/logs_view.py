"""The log workbench: a reader's own KQL, what it may do, what came back, and where it fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.errors import MonitoringError
from monitoring.window import Window
from ui.loaders import log_tables, logs
from ui.loaders.logs import Answer
from ui.parts import cards, states

QUERY, START, TABLE, ROWS = "kql", "logs-start", "logs-table", "logs-rows"
_RAN = "_logs-ran"
#: A longer text does not go into the URL: proxies cut addresses at two thousand characters.
LONGEST_IN_URL = 1_500
LONGEST = 20_000
ROW_LIMITS = (100, 1_000, 10_000)
#: What monitoring/sources/logs.py lets the service compute for one query.
TIME_LIMIT_SECONDS = 60
FIRST_TABLE = "AmlOnlineEndpointTrafficLog"
FIRST = (
    f"{FIRST_TABLE}\n| summarize Requests = count() by bin(TimeGenerated, 1h)\n"
    "| order by TimeGenerated asc"
)
READ_ONLY = "This page can only read: the query API of Log Analytics takes queries and no commands."
_QUOTED = re.compile(
    r"//[^\n]*|```.*?```|@\"(?:[^\"]|\"\")*\"|@'(?:[^']|'')*'"
    r"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'",
    re.DOTALL,
)
_NUMBERS = frozenset({"int", "long", "real", "decimal"})
_CONTEXT_LINES = 2


def refusal(text: str) -> str:
    r"""Return why a text is not sent; empty if it is.

    >>> refusal("Usage | take 5")
    ''
    >>> refusal("// harmless\n.drop table Usage")[:44]
    'This page can only read: the query API of Lo'
    """
    bare = _QUOTED.sub(" ", text)
    if not bare.strip(" \t\r\n;"):
        return "There is no query. Write one, or start from one of the product's."
    if any(statement.strip().startswith(".") for statement in bare.split(";")):
        return f"{READ_ONLY} A management command, which begins with a dot, is not sent."
    if len(text) > LONGEST:
        return f"The query has {len(text):,} characters; at most {LONGEST:,} are sent."
    return ""


def show_tables(window: Window) -> cards.Freshness | None:
    """Draw the browser of tables and columns."""
    found, answer, missing = log_tables.tables(window)
    by_name = {table.name: table for table in found}
    if st.session_state.get(TABLE) not in by_name:
        st.session_state[TABLE] = FIRST_TABLE if FIRST_TABLE in by_name else found[0].name
    name = st.selectbox("Table", list(by_name), key=TABLE, format_func=_table_label(by_name))
    table = by_name.get(name or "", found[0])
    if table.about:
        st.text(f"{table.about[:1].upper()}{table.about[1:]}.")
    st.text(_took_in(table, known=answer is not None))
    try:
        columns = log_tables.columns(table.name, window)
    except MonitoringError as error:
        states.show_error(error)
    else:
        st.dataframe(
            pd.DataFrame(columns, columns=["Column", "Type"]),
            hide_index=True,
            height=300,
            key="logs-columns",
            alt=f"{len(columns)} columns of {table.name}",
        )
        st.button(
            "Query this table",
            icon=":material/edit_note:",
            key="logs-query-table",
            on_click=_write,
            args=(f"{table.name}\n| take 100",),
        )
    if missing:
        st.text(f"How much the tables took in is not known. {missing}")
    return cards.answered(answer) if answer else None


def _table_label(by_name: Mapping[str, log_tables.LogTable]) -> Callable[[str], str]:
    def label(name: str) -> str:
        megabytes = by_name[name].megabytes if name in by_name else None
        return name if megabytes is None else f"{name} · {_megabytes(megabytes)}"

    return label


def _took_in(table: log_tables.LogTable, *, known: bool) -> str:
    if table.megabytes is not None and table.newest is not None:
        until = f"until {table.newest:%d %b %H:%M} UTC"
        return f"Took in {_megabytes(table.megabytes)} in the window, {until}."
    return "Took in nothing in the window, as far as Usage says." if known else ""


def _megabytes(number: float) -> str:
    return f"{number:,.1f} MB" if number >= 0.1 else "under 0.1 MB"  # noqa: PLR2004 - what rounds to nothing


def show_editor(window: Window) -> None:
    """Draw the choice of a start, the editor and what bounds a run."""
    offered = {start.name: start for start in log_tables.starts()}
    st.selectbox(
        "Start from one of the product's queries",
        list(offered),
        index=None,
        placeholder=f"{len(offered)} queries",
        format_func=lambda name: f"{name}: {offered[name].about}" if name in offered else name,
        key=START,
        on_change=_start_from,
    )
    st.session_state.setdefault(QUERY, st.query_params.get(QUERY, FIRST))
    text = st.session_state[QUERY] or ""
    st.html(f"<style>.st-key-{QUERY} textarea {{ font-family: monospace; }}</style>")
    st.text_area(
        "Query (KQL)",
        key=QUERY,
        height=280,
        max_chars=LONGEST,
        bind="query-params" if len(text) < LONGEST_IN_URL else None,
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        limit = st.selectbox(
            "Rows at most",
            ROW_LIMITS,
            index=1,
            key=ROWS,
            format_func=lambda n: f"{n:,}",
            width=160,
        )
        if st.button("Run", icon=":material/play_arrow:", key="logs-run"):
            st.session_state[_RAN] = (text, limit)
    st.caption(
        cards.escaped(
            f"Rows of {window}, whatever the text says; at most {limit:,} rows and "
            f"{TIME_LIMIT_SECONDS} seconds. {READ_ONLY}"
        )
    )


def _start_from() -> None:
    chosen = st.session_state.get(START)
    for start in log_tables.starts():
        if start.name == chosen:
            _write(start.text)


def _write(text: str) -> None:
    """Callback: put a query into the editor."""
    st.session_state[QUERY] = text


def show_result(window: Window) -> cards.Freshness | None:
    """Draw what the last run brought."""
    if _RAN not in st.session_state:
        states.show(states.first_use("this query", "Press Run."))
        return None
    text, limit = st.session_state[_RAN]
    if text != st.session_state.get(QUERY):
        st.text("The text was changed since. Press Run to ask again.")
    if why := refusal(text):
        states.show(states.State("Not sent", ":material/block:", "orange", why))
        return None
    try:
        with st.spinner("Asking Log Analytics"):
            answer = logs.run(text, window, most_rows=limit)
    except MonitoringError as error:
        _show_refused(error, text)
        return None
    if not answer.complete:
        states.show(
            states.State("Incomplete", ":material/data_alert:", "orange", f"{answer.reason}")
        )
    if not answer.rows:
        states.show(states.no_results("rows", {"window": str(window)}))
        return cards.answered(answer)
    _show_chart(answer)
    table = pd.DataFrame([_shown(row) for row in answer.rows], columns=_unique(answer))
    cards.show_table(table, key="logs-result", alt=f"{len(table)} rows of the answer")
    st.caption(f"{len(table):,} rows. Times are UTC; the newest 10 minutes may still fill up.")
    return cards.answered(answer)


def _show_refused(error: MonitoringError, text: str) -> None:
    states.show_error(error)
    line, column = place(error, text)
    if line:
        st.code(marked(text, line, column), language=None)


def place(error: MonitoringError, text: str) -> tuple[int | None, int | None]:
    """Return line and column, from 1, of what failed; None where nobody knows."""
    if table := getattr(error, "table", None):
        found = re.search(rf"\b{re.escape(str(table))}\b", text)
        if found:
            before = text[: found.start()]
            return before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    return getattr(error, "line", None), getattr(error, "column", None)


def marked(text: str, line: int, column: int | None) -> str:
    r"""Return the lines around a place, numbered, with a mark below it.

    >>> print(marked("Usage\n| wher x", 2, 3))
    1 | Usage
    2 | | wher x
          ^ here
    """
    lines = text.splitlines()
    width = len(str(len(lines)))
    shown = []
    for n in range(max(line - 1 - _CONTEXT_LINES, 0), min(line + _CONTEXT_LINES, len(lines))):
        shown.append(f"{n + 1:>{width}} | {lines[n]}")
        if n + 1 == line:
            shown.append(" " * (width + 3 + (column or 1) - 1) + "^ here")
    return "\n".join(shown)


def _unique(answer: Answer) -> list[str]:
    """Return names of columns, each once: a join may give two of a name."""
    names: list[str] = []
    for name, _ in answer.columns:
        same = sum(each == name or each.startswith(f"{name} (") for each in names)
        names.append(f"{name} ({same + 1})" if same else name)
    return names


def _shown(row: Sequence[Any]) -> list[Any]:
    """Return a row as a table shows it: dynamics and spans as text, times in UTC without saying so."""
    return [_cell(value) for value in row]


def _cell(value: Any) -> Any:
    if isinstance(value, (dict, list, timedelta)):
        return str(value)
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _show_chart(answer: Answer) -> None:
    names = _unique(answer)
    times, numbers, texts = _by_kind(answer, names)
    if not times or not numbers:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        value = st.selectbox("Draw", numbers, key="logs-draw", width=240)
        group = st.selectbox(
            "A line for each",
            ["(none)", *texts],
            index=min(1, len(texts)),
            key="logs-by",
            width=240,
        )
    value = value if value in numbers else numbers[0]
    lines = over_time(answer, names, times[0], value, group if group in texts else None)
    shown = charts.log_answer(lines, unit=value)
    cards.show_chart(shown, key="logs-chart")
    if len(lines) > charts.MOST_LINES or len(answer.rows) > charts.MOST_POINTS:
        st.caption(
            f"Drawn: the first {charts.MOST_LINES} lines of {len(lines)}, "
            f"the first {min(len(answer.rows), charts.MOST_POINTS):,} rows."
        )


def over_time(
    answer: Answer, names: Sequence[str], time: str, value: str, group: str | None
) -> dict[str, tuple[list[datetime], list[float | None]]]:
    """Return the lines of a chart: times and values of each group, most rows first."""
    at, what = names.index(time), names.index(value)
    by = names.index(group) if group else None
    lines: dict[str, tuple[list[datetime], list[float | None]]] = {}
    for row in answer.rows[: charts.MOST_POINTS]:
        if row[at] is None:
            continue
        times, values = lines.setdefault(str(row[by]) if by is not None else value, ([], []))
        times.append(row[at])
        values.append(None if row[what] is None else float(row[what]))
    return dict(sorted(lines.items(), key=lambda line: -len(line[1][0])))


def _by_kind(answer: Answer, names: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Return the columns that are times, numbers and texts."""
    kinds = [kind for _, kind in answer.columns]

    def of(*wanted: str) -> list[str]:
        return [name for name, kind in zip(names, kinds, strict=True) if kind in wanted]

    return of("datetime"), of(*_NUMBERS), of("string")
