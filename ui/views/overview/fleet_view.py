"""The overview: one row per deployment, model, data and infrastructure side by side."""

from __future__ import annotations

import streamlit as st

from monitoring.charts import sparkline
from monitoring.overview.fleet import Fleet
from monitoring.overview.health import DeploymentHealth, Health
from ui.loaders import fleet, workspace
from ui.parts import cards, report_view, states
from ui.shell import nav
from ui.shell.scope import Scope

HELP = {
    "Model": "Realized performance against the labels that have arrived, compared with the "
    "registered model's own in training. Breached when the whole interval lies beyond the allowance.",
    "Data": "Data drift of the model's inputs against the baseline in force, robust mode; by default "
    "the same weekdays of the 8 weeks before, so that neither season nor weekday alarms. Breached "
    "when a feature is in two of its last three days. Beside it stands how many features differ "
    "from the training data. A suspect, not a verdict.",
    "Infrastructure": "Share of requests that failed through no fault of the caller, and the 95th "
    "percentile of latency, from the traffic log. Breached when two of the last three steps are.",
}

#: Cell -> where its number is looked into: words, page, icon.
OPENS = {
    "Model": ("Open performance", "performance.py", ":material/target:"),
    "Data": ("Open data drift", "data_drift.py", ":material/ssid_chart:"),
    "Infrastructure": ("Open traffic", "traffic.py", ":material/network_check:"),
}


def load(chosen: Scope) -> Fleet:
    """Return the fleet for the window, behind a progress bar the first time."""
    window = chosen.window_at(workspace.now())
    return report_view.behind_bar(lambda tell: fleet.fleet(window, tell))


def freshness(fleet: Fleet) -> cards.Freshness:
    """Return the panel's footer."""
    answer = fleet.answer
    return cards.Freshness(
        fetched=fleet.fetched,
        seconds=answer.seconds if answer else 0.0,
        rows=len(answer.rows) if answer else None,
        missing=fleet.missing,
        queries=(cards.Query(answer.name, answer.query),) if answer else (),
    )


def show(fleet: Fleet, chosen: Scope) -> None:
    """Draw the rows of the scope, open problems first."""
    rows = [
        row
        for row in fleet.rows
        if chosen.endpoint in {None, row.endpoint} and chosen.deployment in {None, row.deployment}
    ]
    if not rows:
        states.show(states.blind(None, "The workspace has no online deployment."))
        return
    _show_tiles(rows)
    for row in rows:
        _show_row(row)


def _show_tiles(rows: list[DeploymentHealth]) -> None:
    breached = [row for row in rows if row.worst == "breached"]
    fine = [row for row in rows if row.worst == "ok"]
    cells = [c for row in rows for c in (row.model, row.data, row.infrastructure)]
    blind = sum(c.status not in {"ok", "breached"} for c in cells)
    open_ = [c for c in cells if c.since]
    oldest = min(open_, key=lambda c: (c.since, not c.is_older), default=None)
    left, middle, right = st.columns(3)
    with left:
        cards.kpi(
            "Deployments with a problem",
            f"{len(breached)} of {len(rows)}",
            # What is not seen may be a problem: where anything is blind, none is not "none".
            "breached" if breached else "no_data" if blind else "ok",
            note=f"the oldest {_since(oldest)}" if oldest else "none is open",
        )
    with middle:
        cards.kpi("Healthy deployments", str(len(fine)), None, note="in all three respects")
    with right:
        cards.kpi(
            "Blind spots",
            str(blind),
            "no_data" if blind else "ok",
            note=f"of {len(cells)} measurements",
        )


def _show_row(row: DeploymentHealth) -> None:
    with st.container(border=True):
        about, model, data, infrastructure = st.columns([2, 3, 3, 3])
        with about:
            st.subheader(cards.escaped(f"{row.endpoint} / {row.deployment}"), anchor=False)
            share = (
                "no traffic share"
                if row.traffic_percent is None
                else f"{row.traffic_percent} % of traffic"
            )
            st.text(f"{row.model_version}\n{share}")
        for column, name, cell in (
            (model, "Model", row.model),
            (data, "Data", row.data),
            (infrastructure, "Infrastructure", row.infrastructure),
        ):
            with column:
                _show_cell(name, cell)
                _show_link(name, row)


def _show_cell(name: str, cell: Health) -> None:
    measured = [value for value in cell.trend if value is not None]
    st.metric(
        f"{name}: {cell.measure}" if cell.value else name,
        cell.value or "–",
        help=HELP[name],
        chart_data=sparkline(measured) if len(measured) > 1 else None,
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        cards.status_badge(cell.status)
        if cell.since:
            st.text(_since(cell), width="content")
    if not cell.value:
        st.text(cell.measure)
    if cell.detail or cell.trend_of:
        line = f"line: {cell.trend_of}" if cell.trend_of else ""
        st.caption(cards.escaped(" · ".join(part for part in (cell.detail, line) if part)))
    if cell.hint:
        st.text(cell.hint)


def _show_link(name: str, row: DeploymentHealth) -> None:
    label, page, icon = OPENS[name]
    st.button(
        label,
        key=f"{page}-{row.endpoint}-{row.deployment}",
        icon=icon,
        type="tertiary",
        on_click=nav.go,
        args=(page,),
        kwargs={"endpoint": row.endpoint, "deployment": row.deployment},
    )


def _since(cell: Health) -> str:
    before = "before " if cell.is_older else ""
    return f"since {before}{cell.since:%d %b %H:%M}" if cell.since else ""
