"""A request seen through, on screen: time, response, log lines, features, prediction, load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.charts.request import Span
from monitoring.errors import MonitoringError
from monitoring.requests import known_issues
from monitoring.requests.feature_positions import FeaturePosition
from monitoring.requests.link import Link, State
from monitoring.requests.logged_request import LoggedRequest, LogLine
from monitoring.requests.request_xray import RequestXray
from ui.loaders import requests
from ui.parts import cards, known_issue_view, states
from ui.parts.cards import Tile

#: State of a link -> word, icon, colour.
LINKS: dict[State, tuple[str, str, states.Colour]] = {
    "found": ("found", ":material/link:", "blue"),
    "none": ("none", ":material/remove:", "gray"),
    "missing": ("missing", ":material/link_off:", "orange"),
}
#: More features than this scroll in their table.
MOST_SHOWN = 25
WHO = {
    "": "Nobody",
    "client": "The caller",
    "operator": "Whoever runs the endpoint",
    "capacity": "Capacity",
    "model": "The model",
    "platform": "Azure",
}
MARKS = {"usual": "", "rare": "◔ Rare", "null": "○ Null", "new": "▲ New",
         "out of range": "▲ Out of range", "not a number": "▲ Not a number",
         "not in the baseline": "– Not in baseline"}  # fmt: skip


def show(text: str) -> None:
    """Draw the request of an id that was pasted or picked."""
    try:
        found = requests.xray(text)
    except MonitoringError as error:
        states.show_error(error)
        return
    if found.request is None:
        _show_unknown(found)
        return
    request = found.request
    st.caption(
        cards.escaped(
            f"{request.endpoint} / {request.deployment}, {request.time:%d %b %Y %H:%M:%S} UTC, "
            f"x-request-id {request.request_id}"
        )
    )
    _show_tiles(found, request)
    _show_issues(found, request)
    _show_waterfall(found, request)
    _show_links(found.links)
    _show_features(found)
    _show_lines(found)
    _show_surroundings(found, request)


def _show_unknown(found: RequestXray) -> None:
    with cards.panel("Not in the traffic log") as panel:
        panel.freshness = cards.answered(*found.answers)
        for link in found.links:
            st.text(f"{link.name.capitalize()}: {link.words} {link.hint}")
    if found.lines:
        _show_lines(found)


def _show_tiles(found: RequestXray, request: LoggedRequest) -> None:
    model = f"model status {request.model_code} {request.model_reason}".strip()
    said = [request.reason, model if request.model_code else ""]
    blame, minute = request.blame, found.minute
    agent = f"{request.agent or 'No user agent'}, {request.auth or 'no sign-in'}"
    cards.tiles(
        Tile("Response", str(request.code or "–"), note=", ".join(filter(None, said))),
        Tile("Who has to act", WHO[blame.who], note=blame.words, term="blame"),
        Tile("Time in all", f"{request.total_ms:,} ms", note=agent),
        Tile(
            "Requests in that minute",
            f"{minute.requests:,}" if minute else "–",
            note=f"{minute.errors} failed; slowest {minute.worst_ms:,} ms." if minute else "",
        ),
    )


def _show_issues(found: RequestXray, request: LoggedRequest) -> None:
    """Show what is known of the request's own error line; without one, of its response code."""
    issues = list(known_issues.matched((line.message, "console", 1) for line in found.own_lines))
    if request.has_failed and not issues:
        issue = known_issues.of_response(request.code, request.model_code)
        issues = [(issue, 1)] if issue else []
    known_issue_view.show(issues)


def _show_waterfall(found: RequestXray, request: LoggedRequest) -> None:
    with cards.panel(
        "Where the time went",
        help="From the marks of the traffic log. The parts add up to the time in all.",
    ) as panel:
        panel.freshness = cards.answered(*found.answers)
        spans = [Span(part.name, part.start_ms, part.milliseconds) for part in request.parts]
        parts = pd.DataFrame(
            [(part.name, part.milliseconds, part.meaning) for part in request.parts],
            columns=["Part", "Milliseconds", "Meaning"],
        )
        cards.show_chart(charts.latency_waterfall(spans), key="waterfall", table=parts)


def _show_links(links: Sequence[Link]) -> None:
    with cards.panel(
        "What is known of it",
        help="Each piece of evidence that can belong to a request, and why one is missing.",
    ):
        for link in links:
            left, right = st.columns([1, 5])
            word, icon, colour = LINKS[link.state]
            left.badge(f"{link.name}: {word}", icon=icon, color=colour)
            with right.container(gap="xsmall"):
                st.text(f"{link.cause.capitalize()}. {link.words}" if link.cause else link.words)
                if link.hint:
                    st.caption(cards.escaped(link.hint))


def _show_features(found: RequestXray) -> None:
    with cards.panel(
        "Features sent, and the prediction",
        help="As the model data collector wrote them, beside the data the model was trained on.",
    ):
        _show_answer(found)
        inputs = found.collected.inputs
        if inputs is None:
            _show_missing(found.links, "features")
            return
        row = _pick_row(len(inputs.rows))
        try:
            label, places = requests.positions(found, row)
        except MonitoringError as error:
            states.show_error(error)
            values = [(name, _text(value)) for name, value in inputs.rows[row].items()]
            table = pd.DataFrame(values, columns=["Feature", "Value"])
            cards.show_table(table, key="features", alt="Features as they were sent")
            return
        unusual = [each.feature for each in places if each.is_unusual]
        named = f", {', '.join(unusual[:6])}." if unusual else "."
        st.text(f"Compared with {label}: {len(unusual)} of {len(places)} features stand out{named}")
        _show_positions(places)


def _pick_row(count: int) -> int:
    """Draw the choice of a row where the line of the request has several."""
    if count <= 1:
        return 0
    st.text(
        f"The line holds {count} rows: one request with several, or near-simultaneous ones "
        "that the collector merged under the first one's id."
    )
    return st.selectbox("Row", range(count), key="xray-row", width=120) or 0


def _show_answer(found: RequestXray) -> None:
    collected = found.collected
    if collected.outputs is None:
        _show_missing(found.links, "prediction")
        return
    cards.tiles(
        Tile("Prediction", _value(collected.prediction)),
        _tile_probability(collected.probabilities or {}),
        _tile_label(found),
    )


def _tile_probability(chances: Mapping[str, float]) -> Tile:
    best = max(chances, key=lambda name: chances[name], default=None)
    if best is None:
        return Tile("Probability", "–")
    note = f"of {best}" if best else "of the positive class"
    return Tile("Probability", f"{chances[best]:.3f}", note=note)


def _tile_label(found: RequestXray) -> Tile:
    label = found.collected.label
    note = _link(found, "label").words
    if label and label.known:
        note = f"known since {label.known:%d %b %H:%M} UTC"
    return Tile("Label", _value(label.value) if label else "–", note=note)


def _link(found: RequestXray, name: str) -> Link:
    return next(link for link in found.links if link.name == name)


def _show_missing(links: Sequence[Link], name: str) -> None:
    link = next(link for link in links if link.name == name)
    title = f"No {name}: {link.cause}"
    states.show(states.State(title, ":material/link_off:", "gray", link.words, next=link.hint))


def _show_positions(places: Sequence[FeaturePosition]) -> None:
    rows = pd.DataFrame(
        [
            {
                "Feature": each.feature,
                "Value": _text(each.value),
                "Stands out": MARKS[each.place],
                "Percentile": each.percentile,
                "In the baseline": each.words,
            }
            for each in places
        ]
    )
    cards.show_table(
        rows,
        key="features",
        alt=f"{len(rows)} features; those that stand out come first",
        height="content" if len(rows) <= MOST_SHOWN else 740,
        column_config={
            "Percentile": st.column_config.ProgressColumn(
                min_value=0.0, max_value=1.0, format="percent", width=140,
                help="Share of the baseline's values below this one.",
            ),
            "In the baseline": st.column_config.TextColumn(width=400),
        },
    )  # fmt: skip


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.6g}"
    return str(value)


def _value(value: Any) -> str:
    """Return a value that was collected as the Markdown of a tile."""
    text = _text(value)
    return cards.escaped(text) if isinstance(value, str) else text


def _show_lines(found: RequestXray) -> None:
    with cards.panel("Console log around it"):
        own = found.own_lines
        for line in own[:5]:
            st.code(f"{_clock(line.time)}  {line.message}", language=None)
        if not found.lines:
            _show_missing(found.links, "console log")
            return
        if not own:
            st.text(_link(found, "console log").words)
        show_lines(found.lines, key="xray-lines")


def _clock(time: datetime) -> str:
    """Return the time of day to the millisecond."""
    return f"{time:%H:%M:%S.%f}"[:-3]


def show_lines(lines: Sequence[LogLine], *, key: str) -> None:
    """Draw console lines with the known issue that each shows."""
    rows = pd.DataFrame(
        [
            {
                "": "●" if line.has_id else "",
                "Time (UTC)": _clock(line.time),
                "Instance": line.instance,
                "Message": line.message,
                "Known issue": known_issue_view.symptom(line.message),
            }
            for line in lines
        ]
    )
    st.dataframe(
        rows,
        hide_index=True,
        key=key,
        column_config={
            "": st.column_config.TextColumn(width=30),
            "Message": st.column_config.TextColumn(width=470),
            "Known issue": st.column_config.TextColumn(width=230),
        },
        alt=f"{len(lines)} console lines in order of time; a dot marks those with the request's id",
    )


def _show_surroundings(found: RequestXray, request: LoggedRequest) -> None:
    around = found.around
    with cards.panel("Its deployment around it", help="Five minutes before and after."):
        if around.events:
            events = pd.DataFrame(
                [(f"{e.time:%H:%M:%S}", e.name, e.instance, e.message) for e in around.events],
                columns=["Time (UTC)", "Event", "Instance", "Message"],
            )
            st.dataframe(events, hide_index=True, key="xray-events", alt="Container events")
        else:
            st.text(_link(found, "container events").words)
        near = sorted(around.neighbours, key=lambda each: abs(each.time - request.time))[:20]
        apart = [(each.time - request.time).total_seconds() for each in near]
        neighbours = pd.DataFrame(
            [
                (seconds, each.code, each.total_ms, each.request_id)
                for seconds, each in zip(apart, near, strict=True)
            ],
            columns=["Seconds apart", "Response", "Milliseconds", "x-request-id"],
        )
        st.text(f"The {len(near)} requests nearest in time, itself among them")
        st.dataframe(neighbours, hide_index=True, key="neighbours", alt="Requests nearest in time")
