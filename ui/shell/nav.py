"""The page table, and the menu made from it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import urlsplit

import streamlit as st

from ui.shell import scope, trail

PAGES = Path(__file__).resolve().parents[2] / "pages"


class Row(NamedTuple):
    """One page. `file` without its suffix is its path in the URL."""

    file: str
    title: str
    icon: str
    help: str


#: The menu, section by section.
SECTIONS = {
    "Monitor": (
        Row(
            "overview.py",
            "Overview",
            ":material/dashboard:",
            "Model, data and infrastructure health of each deployment, side by side.",
        ),
        Row(
            "incidents.py",
            "Incidents",
            ":material/crisis_alert:",
            "What is wrong, since when, for whom, and what changed before; all on one timeline.",
        ),
    ),
    "Investigate": (
        Row(
            "performance.py",
            "Performance",
            ":material/target:",
            "How right the model is, with labels and without, for whom, and since when.",
        ),
        Row(
            "predictions.py",
            "Predictions",
            ":material/psychology_alt:",
            "Whether the model's answers are distributed as before: classes, confidence, labels.",
        ),
        Row(
            "fairness.py",
            "Fairness",
            ":material/balance:",
            "Whether the groups of a feature are treated alike, by definitions you choose.",
        ),
        Row(
            "data_drift.py",
            "Data drift",
            ":material/ssid_chart:",
            "Which incoming features look different from a baseline, and since when.",
        ),
        Row(
            "data_quality.py",
            "Data quality",
            ":material/rule:",
            "Nulls, types, bounds, categories, duplicates, schema and volume, and faults of collection.",
        ),
        Row(
            "compare_versions.py",
            "Compare versions",
            ":material/compare_arrows:",
            "Two deployments or model versions side by side: which is better, and is that certain?",
        ),
        Row(
            "your_own_files.py",
            "Your own files",
            ":material/upload_file:",
            "The same comparison for two files of yours.",
        ),
    ),
    "Infrastructure": (
        Row(
            "traffic.py",
            "Traffic",
            ":material/speed:",
            "Requests, errors by who is to blame, latency and what it goes into, callers, data collection.",
        ),
        Row(
            "compute.py",
            "Compute",
            ":material/memory:",
            "CPU, memory, GPU and disk of each instance, instances against demand, clusters and jobs.",
        ),
        Row(
            "cost.py",
            "Cost",
            ":material/payments:",
            "What each deployment costs, for how many predictions, and the size it needs.",
        ),
        Row(
            "request.py",
            "Request X-ray",
            ":material/frame_inspect:",
            "One request: where its time went, its log lines, the features it sent and the answer.",
        ),
        Row(
            "logs.py",
            "Logs",
            ":material/terminal:",
            "Ask the workspace's logs in KQL: tables and columns, the product's queries, result and chart.",
        ),
    ),
    "Decide": (
        Row(
            "baselines.py",
            "Baselines and thresholds",
            ":material/tune:",
            "What each deployment is judged against, what switching would change, and who did.",
        ),
    ),
}
TABLE = tuple(row for rows in SECTIONS.values() for row in rows)


def row_of(file: str) -> Row:
    """Return the row of a page."""
    return next(row for row in TABLE if row.file == file)


def pages() -> dict[Row, st.Page]:
    """Return the pages by their rows."""
    return {row: st.Page(PAGES / row.file, title=row.title, icon=row.icon) for row in TABLE}


def run(known: dict[Row, st.Page]) -> st.Page:
    """Return the page to run; "/" is redirected to the first one with the query that came with it.

    "/" is a page of its own, because the default page loses its path. Where the address names a
    page, call it after the scope is drawn: the browser adds an entry to its history for each
    parameter that comes from a widget, and one for the page; if the page's came first, Back would
    lead to the same page with a parameter less. Else call it before: a redirect cannot carry a query
    that is bound to widgets.
    """
    home = st.Page(lambda: None, title="Home", url_path="home", default=True, visibility="hidden")
    # Hidden: Streamlit's own menu with sections is no valid list for screen readers.
    page = st.navigation([home, *known.values()], position="hidden")
    if page.title == home.title:
        st.switch_page(next(iter(known.values())), query_params=st.query_params.to_dict())
    return page


def is_addressed(known: dict[Row, st.Page]) -> bool:
    """Return whether the browser's address names a page."""
    name = PurePosixPath(urlsplit(st.context.url or "").path).name
    return name in {page.url_path for page in known.values()}


def menu(known: dict[Row, st.Page]) -> None:
    """Draw the menu."""
    for section, rows in SECTIONS.items():
        shown = [row for row in rows if row in known]
        if shown:
            with st.container(gap="xxsmall"):
                st.caption(section)
                for row in shown:
                    st.page_link(known[row], help=row.help, width="stretch")


def go(file: str, query: dict[str, str] | None = None, **chosen: str) -> None:
    """Callback: open another page, with another scope if `chosen`.

    A page switch without `query_params` raises as long as a widget is bound to the URL; what is
    bound travels through the session, so that `query` is for the page's own parameters.
    """
    before = trail.here()
    scope.set_scope(**chosen)
    scope.renew()
    trail.leave(before, st.query_params.to_dict())
    st.switch_page(PAGES / file, query_params=query or {})
