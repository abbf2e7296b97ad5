"""The overview: one row per deployment, model, data and infrastructure side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd
import streamlit as st

from monitoring.charts import sparkline
from monitoring.overview import heartbeat
from monitoring.overview.line import NOTHING, line
from monitoring.overview.state import PlaceState, inside
from monitoring.report import Headline
from monitoring.signal import Respect
from monitoring.signals import SIGNALS
from ui.loaders import fleet, workspace
from ui.loaders.fleet import Kept
from ui.parts import cards, headline, states
from ui.parts.cards import Tile
from ui.shell import nav
from ui.shell.scope import Scope

RESPECTS: dict[Respect, str] = {
    "model": "Model",
    "data": "Data",
    "infrastructure": "Infrastructure",
}
#: What a cell says, for its tooltip.
HELP = "The gravest open breach of this column; without one, its most telling signal: "


def freshness(kept: Kept) -> cards.Freshness:
    """Return the footer: as of the last round that finished."""
    return cards.of_round(kept.round, kept.read)


def of_scope(kept: Kept, chosen: Scope) -> tuple[PlaceState, ...]:
    """Return the deployments of the scope as they are told over its window."""
    window = chosen.window_at(workspace.now())
    return tuple(
        inside(each, window)
        for each in fleet.of_deployments(kept.states)
        if each.place.concerns(chosen.endpoint, chosen.deployment)
    )


def show_state(kept: Kept) -> None:
    """Say so if what is shown is not as of now."""
    if kept.fault is not None:
        states.show_error(kept.fault)
        if kept.states:
            st.text(f"The last values are shown, read at {kept.read:%d %b %H:%M} UTC.")
    elif (why := heartbeat.stale(kept.round, workspace.now())) and kept.round is not None:
        title, _, sentence = why.partition(": ")
        sentence = sentence[:1].upper() + sentence[1:]
        hint = "Start the evaluator, python -m monitoring serve, or look at its log."
        states.show(states.State(title, ":material/history:", "orange", sentence, next=hint))


def show(kept: Kept, chosen: Scope) -> None:
    """Draw the rows of the scope, open problems first."""
    rows = of_scope(kept, chosen)
    show_state(kept)
    for name, fault in fleet.faults().items():
        odd = states.State("Not read", ":material/help:", "gray", f"{name}: {fault}")
        states.show(odd)
    if not rows:
        states.show(states.blind(None, "The workspace has no online deployment."))
        return
    _show_tiles(rows, kept)
    for row in rows:
        _show_row(row, kept)
    _show_others(kept)


def _show_tiles(rows: Sequence[PlaceState], kept: Kept) -> None:
    breached = sum(row.worst == "breached" for row in rows)
    fine = sum(row.worst == "ok" for row in rows)
    cells = [cell for row in rows for cell in row.cells.values()]
    blind = sum(map(_is_blind, cells))
    # What is not seen may be a problem: where anything is blind, none is not "none".
    unseen = _unseen(kept) if blind else "ok"
    worst = "breached" if breached else unseen
    count = f"{breached} of {len(rows)}"
    cards.tiles(
        Tile("Deployments with a problem", count, worst, _oldest(rows)),
        Tile("Healthy deployments", str(fine), note="in all three respects"),
        Tile("Blind spots", str(blind), unseen, f"of {len(cells)} cells"),
    )


def _show_row(row: PlaceState, kept: Kept) -> None:
    with st.container(border=True):
        about, *columns = st.columns([2, 3, 3, 3])
        with about:
            st.subheader(cards.escaped(f"{row.endpoint} / {row.deployment}"), anchor=False)
            share = row.traffic_percent
            traffic = "no traffic share" if share is None else f"{share} % of traffic"
            st.text("\n".join(filter(None, (row.model_version, traffic if row.headlines else ""))))
        for column, (respect, cell) in zip(columns, row.cells.items(), strict=True):
            with column:
                _show_cell(row, respect, cell, kept)
        shown = {cell.signal for cell in row.cells.values() if cell}
        _show_breaches(each for each in row.headlines if each.signal not in shown)
        _show_signals(row, kept)


def _show_cell(row: PlaceState, respect: Respect, cell: Headline | None, kept: Kept) -> None:
    name = RESPECTS[respect]
    if cell is None:
        st.metric(name, NOTHING)
        cards.status_badge(_unseen(kept))
        return
    signal, words = SIGNALS[cell.signal], line(cell)
    measured = [value for value in cell.trend if value is not None]
    st.metric(
        f"{name}: {signal.title}",
        words.value,
        help=HELP + signal.question,
        chart_data=sparkline(measured) if len(measured) > 1 else None,
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        cards.status_badge(cards.READINGS[cell.reading])
        if words.since:
            st.text(words.since, width="content")
    about = " · ".join(filter(None, (words.what, headline.detail(cell, workspace.now()))))
    st.caption(cards.escaped(about))
    if cell.status not in {"ok", "breached"} and words.why:
        st.text(words.why)
    page = nav.row_of(signal.page)
    st.button(
        f"Open {page.title[:1].lower()}{page.title[1:]}",
        key=f"{respect}-{row.place}",
        icon=page.icon,
        type="tertiary",
        on_click=nav.go,
        args=(signal.page,),
        kwargs={"endpoint": row.endpoint, "deployment": row.deployment},
    )


def _show_breaches(headlines: Iterable[Headline], *, place: bool = False) -> None:
    """Draw a compact line of each signal in breach."""
    for each in headlines:
        if each.status == "breached":
            words = line(each)
            where = f"{each.place}: " if place else ""
            held = f"{words.what} {words.value} ({words.limit})"
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.badge(words.title, icon=cards.LOOKS["breached"].icon, color="red")
                st.text(f"{where}{held} {words.since}", width="content")


def _show_signals(row: PlaceState, kept: Kept) -> None:
    """Draw what every signal says of a deployment, once it is asked for."""
    opened = st.expander(
        "All signals", key=f"signals-{row.place}", icon=":material/table:", type="compact",
        on_change="rerun",
    )  # fmt: skip
    if opened.open:
        with opened:
            st.dataframe(
                table(row, kept),
                hide_index=True,
                key=f"table-{row.place}",
                alt=f"All signals of {row.place}.",
            )


def table(row: PlaceState, kept: Kept) -> pd.DataFrame:
    """Return every signal of a deployment as a row, those that say nothing yet too."""
    elsewhere = {
        each.signal for state in kept.states if not state.place.endpoint for each in state.headlines
    }
    return pd.DataFrame(
        _record(known) if (known := row.of(name)) else _blank(signal.title, kept)
        for name, signal in SIGNALS.items()
        if row.of(name) or name not in elsewhere
    )


def _record(each: Headline) -> dict[str, str]:
    words = line(each)
    return {
        "Signal": words.title,
        "State": cards.status_label(cards.READINGS[each.reading]),
        "Number": words.what,
        "Value": words.value,
        "Limit": words.limit,
        "95 % interval": words.interval,
        "n": words.rows,
        "Since (UTC)": words.since.removeprefix("since "),
        "As of (UTC)": f"{words.as_of:%Y-%m-%d %H:%M}" if words.as_of else "",
        "Why": words.why,
    }


def _blank(title: str, kept: Kept) -> dict[str, str]:
    return {"Signal": title, "State": cards.status_label(_unseen(kept)), "Value": NOTHING}


def _unseen(kept: Kept) -> cards.Look:
    """Return how a signal looks that has said nothing yet."""
    return cards.MEASURING if heartbeat.is_first(kept.round) else cards.LOOKS["no_data"]


def _show_others(kept: Kept) -> None:
    """Draw what is about clusters, jobs and the workspace."""
    headlines = [
        each for state in kept.states if not state.place.endpoint for each in state.headlines
    ]
    if not headlines:
        return
    with st.container(border=True):
        st.subheader("Clusters, jobs and workspace", anchor=False)
        _show_breaches(headlines, place=True)
        with st.expander("All signals", icon=":material/table:", type="compact"):
            records = [{"Of": str(each.place), **_record(each)} for each in headlines]
            st.dataframe(
                pd.DataFrame(records), hide_index=True, key="table-others",
                alt="Signals of clusters, jobs and the workspace.",
            )  # fmt: skip


def _is_blind(cell: Headline | None) -> bool:
    return cell is None or cell.status not in {"ok", "breached"}


def _oldest(rows: Sequence[PlaceState]) -> str:
    starts = [each.since for row in rows for each in row.headlines if each.since]
    return f"the oldest since {min(starts):%d %b %H:%M}" if starts else "none is open"
