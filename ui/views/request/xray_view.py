"""A request seen through, on screen: time, response, log lines, features, prediction, load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.charts.request import Span
from monitoring.errors import MonitoringError
from ui.loaders import requests
from ui.parts import cards, known_issue_view, states

if TYPE_CHECKING:
    from monitoring.requests.feature_positions import FeaturePosition
    from monitoring.requests.link import Link, State
    from monitoring.requests.logged_request import LoggedRequest, LogLine
    from monitoring.requests.request_xray import RequestXray

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
    columns = st.columns(4)
    model = f"model status {request.model_code} {request.model_reason}".strip()
    said = [request.reason, model if request.model_code else ""]
    with columns[0]:
        cards.kpi("Response", str(request.code or "–"), None, note=", ".join(filter(None, said)))
    with columns[1]:
        blame = request.blame
        cards.kpi("Who has to act", WHO[blame.who], None, note=blame.words, term="blame")
    with columns[2]:
        agent = f"{request.agent or 'No user agent'}, {request.auth or 'no sign-in'}"
        cards.kpi("Time in all", f"{request.total_ms:,} ms", None, note=agent)
    with columns[3]:
        minute = found.minute
        note = f"{minute.errors} failed; slowest {minute.worst_ms:,} ms." if minute else ""
        requests_then = f"{minute.requests:,}" if minute else "–"
        cards.kpi("Requests in that minute", requests_then, None, note=note)


def _show_issues(found: RequestXray, request: LoggedRequest) -> None:
    """Show what is known of the request's own error line; without one, of its response code."""
    from monitoring.requests import known_issues  # noqa: PLC0415 - compiles its patterns

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
        parts = request.parts
        spans = [Span(part.name, part.start_ms, part.milliseconds) for part in parts]
        numbers = pd.DataFrame(
            {
                "Part": [part.name for part in parts],
                "Milliseconds": [part.milliseconds for part in parts],
                "Meaning": [part.meaning for part in parts],
            }
        )
        cards.show_chart(charts.latency_waterfall(spans), key="waterfall", table=numbers)


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
    collected = found.collected
    with cards.panel(
        "Features sent, and the prediction",
        help="As the model data collector wrote them, beside the data the model was trained on.",
    ):
        _show_answer(found)
        if collected.inputs is None:
            _show_missing(found.links, "features")
            return
        count = len(collected.inputs.rows)
        row = 0
        if count > 1:
            st.text(
                f"The line holds {count} rows: one request with several, or near-simultaneous ones "
                "that the collector merged under the first one's id."
            )
            row = st.selectbox("Row", range(count), key="xray-row", width=120)
        try:
            label, places = requests.positions(found, row or 0)
        except MonitoringError as error:
            states.show_error(error)
            values = collected.inputs.rows[row or 0]
            cards.show_table(
                pd.DataFrame(
                    {"Feature": list(values), "Value": [_text(v) for v in values.values()]}
                ),
                key="features",
                alt="Features as they were sent",
            )
            return
        unusual = [each for each in places if each.is_unusual]
        st.text(
            f"Compared with {label}: {len(unusual)} of {len(places)} features stand out"
            + (f", {', '.join(each.feature for each in unusual[:6])}." if unusual else ".")
        )
        _show_positions(places)


def _show_answer(found: RequestXray) -> None:
    collected = found.collected
    if collected.outputs is None:
        _show_missing(found.links, "prediction")
        return
    columns = st.columns(3)
    with columns[0]:
        cards.kpi("Prediction", _text(collected.prediction), None)
    with columns[1]:
        chances = collected.probabilities or {}
        best = max(chances, key=lambda name: chances[name], default=None)
        value = "–" if best is None else f"{chances[best]:.3f}"
        note = f"of {best}" if best else "of the positive class" if best == "" else ""
        cards.kpi("Probability", value, None, note=note)
    with columns[2]:
        label = collected.label
        known = f"known since {label.known:%d %b %H:%M} UTC" if label and label.known else ""
        missing = next(link.words for link in found.links if link.name == "label")
        cards.kpi("Label", _text(label.value) if label else "–", None, note=known or missing)


def _show_missing(links: Sequence[Link], name: str) -> None:
    link = next(link for link in links if link.name == name)
    states.show(
        states.State(
            f"No {name}: {link.cause}",
            ":material/link_off:",
            "gray",
            link.words,
            next=link.hint,
        )
    )


def _show_positions(places: Sequence[FeaturePosition]) -> None:
    rows = pd.DataFrame(
        {
            "Feature": [each.feature for each in places],
            "Value": [_text(each.value) for each in places],
            "Stands out": [MARKS[each.place] for each in places],
            "Percentile": [each.percentile for each in places],
            "In the baseline": [each.words for each in places],
        }
    )
    st.dataframe(
        rows,
        hide_index=True,
        key="features",
        height="content" if len(rows) <= MOST_SHOWN else 740,
        column_config={
            "Percentile": st.column_config.ProgressColumn(
                min_value=0.0, max_value=1.0, format="percent", width=140,
                help="Share of the baseline's values below this one.",
            ),
            "In the baseline": st.column_config.TextColumn(width=400),
        },
        alt=f"{len(rows)} features; those that stand out come first",
    )  # fmt: skip
    st.download_button(
        "Download CSV",
        data=lambda: rows.to_csv(index=False).encode(),
        file_name="features.csv",
        mime="text/csv",
        icon=":material/download:",
        key="features-csv",
        on_click="ignore",
    )


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.6g}"
    return str(value)


def _show_lines(found: RequestXray) -> None:
    with cards.panel("Console log around it"):
        own = found.own_lines
        for line in own[:5]:
            st.code(f"{line.time:%H:%M:%S.%f}"[:-3] + f"  {line.message}", language=None)
        if not found.lines:
            _show_missing(found.links, "console log")
            return
        if not own:
            st.text(next(link.words for link in found.links if link.name == "console log"))
        show_lines(found.lines, key="xray-lines")


def show_lines(lines: Sequence[LogLine], *, key: str) -> None:
    """Draw console lines with the known issue that each shows."""
    from monitoring.requests import known_issues  # noqa: PLC0415 - compiles its patterns

    known = [known_issues.match(line.message, "console") for line in lines]
    rows = pd.DataFrame(
        {
            "": ["●" if line.has_id else "" for line in lines],
            "Time (UTC)": [f"{line.time:%H:%M:%S.%f}"[:-3] for line in lines],
            "Instance": [line.instance for line in lines],
            "Message": [line.message for line in lines],
            "Known issue": [issue.symptom if issue else "" for issue in known],
        }
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
        events = pd.DataFrame(
            {
                "Time (UTC)": [f"{each.time:%H:%M:%S}" for each in around.events],
                "Event": [each.name for each in around.events],
                "Instance": [each.instance for each in around.events],
                "Message": [each.message for each in around.events],
            }
        )
        if around.events:
            st.dataframe(events, hide_index=True, key="xray-events", alt="Container events")
        else:
            st.text(next(link.words for link in found.links if link.name == "container events"))
        near = sorted(around.neighbours, key=lambda each: abs(each.time - request.time))[:20]
        neighbours = pd.DataFrame(
            {
                "Seconds apart": [(each.time - request.time).total_seconds() for each in near],
                "Response": [each.code for each in near],
                "Milliseconds": [each.total_ms for each in near],
                "x-request-id": [each.request_id for each in near],
            }
        )
        st.text(f"The {len(near)} requests nearest in time, itself among them")
        st.dataframe(neighbours, hide_index=True, key="neighbours", alt="Requests nearest in time")
