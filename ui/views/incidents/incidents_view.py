"""Incidents on screen: the list, the story of one, and freezing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pandas as pd
import streamlit as st

from monitoring.errors import InputError, MonitoringError
from monitoring.incident import Breach, Incident
from monitoring.incidents.report import IncidentReport
from monitoring.severity import Severity
from monitoring.window import Window
from ui.loaders import incidents as loader
from ui.loaders.incidents import Listed
from ui.parts import cards, choices, numbers, states
from ui.parts.cards import Look, Tile
from ui.parts.glossary import explain
from ui.shell.scope import Scope
from ui.views.incidents import suspects_view, timeline_view

#: Parameter of the page: which incident is looked at.
KEY = "incident"
WHOLE = "Whole window"
#: On other pages.
MOST_BRIEF = 5
#: How often the page looks whether there is more.
EVERY_SECONDS = 20


#: How a severity looks; never by colour alone.
WEIGHTS: dict[Severity, Look] = {
    "critical": Look("Critical", ":material/emergency_home:", "■", "red"),
    "high": Look("High", ":material/warning:", "▲", "red"),
    "medium": Look("Medium", ":material/report:", "◆", "orange"),
    "low": Look("Low", ":material/info:", "○", "gray"),
}
RESOLVED = Look("Resolved", ":material/check_circle:", "✓", "green")
OPEN = Look("Open", ":material/radio_button_checked:", "●", "red")


def state_of(incident: Incident) -> Look:
    """Return how an incident looks that lasts or is over."""
    return OPEN if incident.resolved is None else RESOLVED


def of_scope(found: Listed, chosen: Scope) -> tuple[Incident, ...]:
    """Return the incidents of the scope, open ones first."""
    return tuple(i for i in found.incidents if i.place.concerns(chosen.endpoint, chosen.deployment))


def freshness(found: Listed) -> cards.Freshness:
    """Return the footer of the list: as of the last round that finished."""
    return cards.of_round(found.round, found.taken)


def footer(found: IncidentReport) -> cards.Freshness:
    """Return the footer of what is drawn of a report."""
    missing = " ".join(map(str, found.missing))
    return cards.Freshness(fetched=found.measured or found.taken, missing=missing)


def show_fault(found: Listed) -> None:
    """Say so if what is shown is what the store said before."""
    if found.fault is not None:
        states.show_error(found.fault)
        st.text(f"The last values are shown, read at {found.taken:%d %b %H:%M} UTC.")


def show_list(incidents: Sequence[Incident], found: Listed) -> Incident | None:
    """Draw the incidents and return the one that is chosen, by its row, by name, or by the link."""
    show_fault(found)
    open_ = [incident for incident in incidents if incident.resolved is None]
    st.text(sentence(incidents, open_, found.window))
    named = {incident.id: incident for incident in incidents}
    if not incidents:
        _show_none(found)
        return _of_link(named)
    st.dataframe(
        table(incidents, found.taken),
        hide_index=True,
        key="incidents",
        on_select=lambda: _take_row(list(named)),
        selection_mode="single-row",
        alt="Incidents, open ones first.",
        column_config={"What": st.column_config.TextColumn(width=400)},
    )
    st.session_state["incident-choice"] = asked if (asked := _asked()) in named else WHOLE
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Incident", [WHOLE, *named], key="incident-choice", width=620, on_change=_take_choice,
            format_func=lambda each: each if each == WHOLE else label(named[each]),
        )  # fmt: skip
        st.text_input(
            "Id",
            key=KEY,
            bind="query-params",
            width=150,
            help="Of the incident; it is in the link.",
        )
    return _of_link(named)


def _show_none(found: Listed) -> None:
    """Say what a list without an incident rests on."""
    report = loader.report(found.window)
    if not report.results:
        states.show(states.blind(None, "Nothing has been evaluated in this window yet."))
    elif unseen := not_seen(report):
        states.show(states.unseen("incident", unseen))
    else:
        states.show(states.cleared("incident", found.taken, rules(report)))


def _asked() -> str:
    """Return the id that the link or a choice names."""
    return str(st.session_state.get(KEY) or st.query_params.get(KEY) or "").strip()


def _take_choice() -> None:
    picked = st.session_state["incident-choice"]
    st.session_state[KEY] = "" if picked == WHOLE else picked


def label(incident: Incident) -> str:
    """Return an incident in one line."""
    severity = cards.status_label(WEIGHTS[incident.severity])
    return f"{severity}: {incident.title}, {incident.began:%d %b %H:%M}"


def _of_link(named: Mapping[str, Incident]) -> Incident | None:
    """Return the incident that the link or a choice names, in whatever window and scope it lies."""
    asked = _asked()
    if not asked or asked in named:
        return named.get(asked)
    try:
        story = loader.story(asked)
    except InputError as error:
        st.text(str(error))
        return None
    if story.revision.withdrawn:
        st.text(f"The incident {asked} was withdrawn. {story.word}".strip())
        return None
    st.text("The incident of the link lies outside of this window or scope.")
    return story.incident


def _take_row(ids: list[str]) -> None:
    rows = st.session_state["incidents"]["selection"]["rows"]
    st.session_state[KEY] = ids[rows[0]] if rows and rows[0] < len(ids) else ""


def not_seen(found: IncidentReport) -> str:
    """Return what a verdict of "none" would not rest on; empty where everything was seen."""
    if found.missing:
        return "Not every source has answered with all it has"
    seen: dict[tuple[str, str, str], bool] = {}
    for each in found.results:
        key = each.signal, each.metric, each.place
        judged = each.status in {"ok", "breached", "not_enough_data"}
        seen[key] = seen.get(key, False) or judged
    blind = [key for key, judged in seen.items() if not judged]
    names = ", ".join(sorted({metric.replace("_", " ") for _, metric, _ in blind}))
    return f"{len(blind)} of {len(seen)} series have no data ({names})" if blind else ""


def rules(found: IncidentReport) -> int:
    """Return how many series were judged."""
    return len({(r.signal, r.metric, r.place) for r in found.results})


def sentence(incidents: Sequence[Incident], open_: Sequence[Incident], window: Window) -> str:
    """Return the state of things in one sentence."""
    if not incidents:
        return f"No incident in {window}."
    past = len(incidents) - len(open_)
    if not open_:
        return f"Nothing is open; {past} past in {window}."
    worst = open_[0]
    return (
        f"{len(open_)} open, {past} past in {window}. Worst open: {worst.severity}, "
        f"{worst.title}, since {worst.began:%d %b %H:%M} UTC."
    )


def lasted(incident: Incident, now: datetime) -> str:
    """Return how long an incident lasted, or has lasted so far."""
    length = (incident.resolved or now) - incident.began
    days, rest = divmod(length, timedelta(days=1))
    hours, minutes = divmod(rest // timedelta(minutes=1), 60)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def worst_of(breach: Breach) -> str:
    """Return the furthest step of a breach beside its threshold."""
    worst, unit = breach.worst, breach.worst.unit
    shown = "{:.1%}" if unit.startswith("share of ") else "{:.3g}"
    value = "–" if worst.value is None else shown.format(worst.value)
    sign = ">" if worst.worse == "higher" else "<"
    limit = f"{sign} {shown.format(worst.threshold)} {unit.removeprefix('share ')}"
    return f"{breach.label} {value} ({limit.strip()})"


def table(incidents: Sequence[Incident], now: datetime) -> pd.DataFrame:
    """Return incidents as rows."""
    return pd.DataFrame(
        [
            {
                "State": cards.status_label(state_of(i)),
                "Severity": cards.status_label(WEIGHTS[i.severity]),
                "What": i.title,
                "Began (UTC)": f"{i.began:%Y-%m-%d %H:%M}",
                "Lasted": lasted(i, now),
                "Worst": worst_of(i.breaches[0]) if i.breaches else "–",
                "Affected": "unknown" if i.affected_share is None else f"{i.affected_share:.1%}",
                "Fired (UTC)": f"{i.fired:%Y-%m-%d %H:%M}",
                "Resolved (UTC)": f"{i.resolved:%Y-%m-%d %H:%M}" if i.resolved else "–",
                "Signals": ", ".join(name.replace("_", " ") for name in i.signals),
                "Id": i.id,
            }
            for i in incidents
        ]
    )


def show_head(incident: Incident, now: datetime) -> None:
    """Draw what an incident is in one look."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        cards.status_badge(WEIGHTS[incident.severity])
        cards.status_badge(state_of(incident))
        st.text(incident.title)
    until = f"until {incident.resolved:%d %b %H:%M} UTC" if incident.resolved else "and lasts"
    cards.tiles(
        Tile(
            "Began",
            f"{incident.began:%d %b %H:%M}",
            note=f"certain (fired) at {incident.fired:%d %b %H:%M} UTC",
        ),
        Tile("Lasted", lasted(incident, now), note=until),
        Tile(
            "Affected",
            numbers.text(incident.affected_share, ".1%"),
            note=incident.affected or "of the requests in that time",
        ),
        Tile(
            "Metrics in breach",
            str(len(incident.breaches)),
            note=", ".join(s.replace("_", " ") for s in incident.signals),
        ),
    )


def show_breaches(breaches: Sequence[Breach], key: str) -> None:
    """Draw what breached, in the order of the incident."""
    if not breaches:
        st.text("Nothing has breached.")
        return
    rows = [
        {
            "Metric": breach.label,
            "Signal": breach.signal.replace("_", " "),
            "Of": str(breach.place),
            "From (UTC)": f"{breach.start:%Y-%m-%d %H:%M}",
            "To (UTC)": f"{breach.end:%Y-%m-%d %H:%M}" if breach.end else "lasts",
            "Fired (UTC)": f"{breach.fired:%Y-%m-%d %H:%M}",
            "Steps": breach.steps,
            "Worst": breach.worst.value,
            "Threshold": breach.worst.threshold,
            "Unit": breach.worst.unit,
            "Rows": breach.worst.rows,
            "Method": breach.worst.method,
        }
        for breach in breaches
    ]
    cards.show_table(pd.DataFrame(rows), key=key, alt="What breached, since when and how far.")


def pick_window(found: Listed, picked: Incident | None) -> Window:
    """Draw the choice between an incident with some time around it and the window of the page."""
    if picked is None:
        return found.window
    offered = {name: name for name in ("The incident", WHOLE)}
    zoomed = choices.switch("Shown", offered, "zoom", label_visibility="collapsed")
    return found.window if zoomed == WHOLE else loader.surroundings(picked)


def show_timeline(report: IncidentReport, chosen: Scope, picked: Incident | None) -> Window | None:
    """Draw the timeline of the scope, or of the endpoint of the incident that is chosen."""
    endpoint, deployment = chosen.endpoint, chosen.deployment
    if picked:
        endpoint, deployment = picked.endpoint or None, picked.deployment or None
    incidents = tuple(
        i for i in report.incidents if i.place.concerns(endpoint, None if picked else deployment)
    )
    lanes = loader.lanes(report, endpoint, deployment)
    return timeline_view.show(lanes, report.window, incidents, chosen=picked.id if picked else "")


def show_changes(
    found: Listed, chosen: Scope, picked: Incident | None, brushed: Window | None
) -> None:
    """Draw what changed just before the chosen window, else before the incident."""
    if brushed:
        st.text(f"Before and in the chosen window, {brushed}.")
        endpoint = picked.endpoint if picked else chosen.endpoint
        deployment = picked.deployment if picked else chosen.deployment
        changes = loader.around(brushed, endpoint or None, deployment or None)
    elif picked:
        st.text(f"Before and while it began, {picked.began:%d %b %H:%M} UTC.")
        changes = loader.suspects(found, picked)
    else:
        st.text("Choose an incident above, or a window on the timeline.")
        return
    suspects_view.show(changes, key="suspect")


@st.fragment(run_every=EVERY_SECONDS)
def watch(window: Window) -> None:
    """Draw nothing, and run the page again when more is kept: what is drawn stays until then."""
    try:
        now = loader.mark()
        if st.session_state.setdefault("_mark", now) == now:
            return
        loader.report(window)
    except MonitoringError:  # the page says it when it is run again
        return
    st.session_state["_mark"] = now
    st.rerun()


HELP = {
    "incidents": explain("incident"),
    "changes": explain("suspect"),
}
