"""Baselines on screen: what is in force, making one, switching, and the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import get_args

import pandas as pd
import streamlit as st

from monitoring.baselines.cautions import cautions, fixed_window
from monitoring.decisions.baseline_rule import SEASONS, WEEKS, BaselineKind, BaselineRule, Season
from monitoring.decisions.stored import Change, StoredBaseline
from monitoring.errors import MonitoringError
from monitoring.signals import SIGNALS
from monitoring.window import Window
from ui.loaders import baselines, database, incidents, workspace
from ui.loaders.baselines import BASELINE_SIGNALS, InForce, Offer
from ui.parts import cards, choices, states
from ui.parts.glossary import explain

KINDS: dict[BaselineKind, str] = {
    "same_weekdays": "Same weekdays of the weeks before",
    "same_season": "The same weeks a year or a quarter ago",
    "fixed_window": "A fixed window of production",
    "period_before": "The period before",
    "training_data": "A version of the training data",
    "file": "A file",
}
ABOUT: dict[BaselineKind, str] = {
    "same_weekdays": "A Monday is compared with the Mondays before it. It knows of weekdays and moves "
    "with the season; what stays changed for weeks becomes the new normal.",
    "same_season": "Knows of the season itself. Refused where nothing was collected then.",
    "fixed_window": "Days that you know were good. They grow old: the season moves on.",
    "period_before": "As many days as are looked at, just before them.",
    "training_data": "What the model was made for. Says how far it is from home, on ordinary days too.",
    "file": "Rows of your own, below the folder that files may be opened from.",
}
#: What the last write came to, to be said after the rerun that follows it.
SAID = "_baselines_said"
OWN_THRESHOLDS = "The product's own thresholds"

Place = tuple[str, str, str]


def pick_signal() -> str:
    """Draw the choice of a signal. Bound to the URL."""
    offered = sorted(SIGNALS, key=lambda name: name != "data_drift")
    title = {name: signal.title for name, signal in SIGNALS.items()}.__getitem__
    return choices.pick("Signal", offered, "signal", format_func=title, width=240)


def show_author() -> None:
    """Say under whose name changes are kept; without a sign-in it can be typed."""
    known = database.author()
    if known.known_from == "signed in":
        st.text(f"Changes are kept under your name: {known.name}")
        return
    st.text_input(
        "Your name",
        placeholder=known.name,
        key=database.TYPED,
        width=240,
        max_chars=80,
        help="Nobody is signed in. Changes are kept under the name you type and marked as typed; "
        f"without one, under that of the account that runs this app, {known.name or 'unknown'}.",
    )


def load(endpoint: str, deployment: str, signal: str) -> InForce | None:
    """Return what can be and is in force; None where the database cannot be read, which it says."""
    said = st.session_state.pop(SAID, None)
    if said:
        st.success(cards.escaped(said), icon=":material/check_circle:")
    try:
        return baselines.in_force(endpoint, deployment, signal)
    except MonitoringError as error:
        states.show_error(error)
        st.text("The product's own baselines and thresholds are in force. Nothing can be changed.")
        return None


def act(said: str, change: Callable[[], object]) -> None:
    """Make a change, and run the page anew; what went wrong is said in its place."""
    try:
        change()
    except MonitoringError as error:
        states.show_error(error)
        return
    st.session_state[SAID] = said
    st.rerun()


def thresholds_label(here: InForce) -> str:
    """Return what the thresholds in force are called."""
    return here.thresholds.label if here.thresholds else OWN_THRESHOLDS


def show_in_force(here: InForce | None, signal: str) -> None:
    """Draw what is judged against now, and all that could be."""
    if here is None:
        states.show(states.blind(None, "What users have chosen cannot be read."))
        return
    columns = iter(st.columns(2))
    if signal in BASELINE_SIGNALS:
        with next(columns), st.container(border=True, height="stretch"):
            label = cards.escaped(here.baseline.label)
            st.metric("Baseline in force", label, help=explain("baseline"))
            st.text(_about(here.baseline))
    with next(columns), st.container(border=True, height="stretch"):
        label = cards.escaped(thresholds_label(here))
        st.metric("Thresholds in force", label, help=explain("threshold"))
        st.text(_about_thresholds(here))
        if (wide := SIGNALS[signal].level) != "deployment":
            st.text(f"They count for the whole {wide}.")
    if signal in BASELINE_SIGNALS:
        cards.show_table(_table(here), key="baselines-known", alt="Baselines that can be chosen")


def _about(offer: Offer) -> str:
    if offer.stored is None:
        default = " The product's default: nobody has chosen another." if offer.is_default else ""
        return ABOUT[offer.kind] + default
    made = offer.stored
    note = f" Note: {made.note}" if made.note else ""
    return f"{_sentence(offer.words)} Made {made.created:%d %b %Y} by {made.author}.{note}"


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def in_words(thresholds: Mapping[str, float]) -> str:
    """Return thresholds in one line."""
    return ", ".join(f"{name} {value:g}" for name, value in thresholds.items())


def _about_thresholds(here: InForce) -> str:
    if here.thresholds is None:
        return "Nobody has chosen others."
    made = here.thresholds
    return f"{in_words(made.thresholds)}. Made {made.created:%d %b %Y} by {made.author}."


def _stored_cells(stored: StoredBaseline | None) -> dict[str, object]:
    """Return who made a baseline; the product made its own."""
    if stored is None:
        made = ("", "every deployment", "", "the product", "")
    else:
        at = f"{stored.created:%Y-%m-%d %H:%M}"
        made = (str(stored.version), str(stored.place), at, str(stored.author), stored.note)
    return dict(zip(("Version", "For", "Made", "By", "Note"), made, strict=True))


def _table(here: InForce) -> pd.DataFrame:
    lines = [
        {
            "In force": "✓" if offer.label == here.baseline.label else "",
            "Name": offer.label,
            "What it is": _sentence(offer.words) if offer.stored else ABOUT[offer.kind],
            **_stored_cells(offer.stored),
        }
        for offer in here.baselines
    ]
    return pd.DataFrame(lines)


def show_switch(place: Place, here: InForce | None) -> None:
    """Draw the switch; what is chosen in the back-test is chosen here too."""
    signal = place[2]
    if here is None:
        st.text("Nothing can be switched while the database cannot be read.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = pick_baseline(here, "candidate") if signal in BASELINE_SIGNALS else here.baseline
        limits = pick_thresholds(here, "limits")
        note = ask_note("switch-note")
        baseline = chosen if chosen.label != here.baseline.label else None
        thresholds = limits if limits != thresholds_label(here) else ""
        is_other = bool(baseline or thresholds)
        pressed = st.button(
            "Switch",
            icon=":material/swap_horiz:",
            key="switch",
            disabled=not is_other,
            help=None if is_other else "Choose another baseline or set first.",
        )
    st.caption(
        f"Kept as {cards.escaped(str(database.author()))}, with the time. "
        "Switching back is always possible; nothing is deleted."
    )
    if pressed:
        wanted = filter(None, (baseline and baseline.label, thresholds))
        change = partial(_switch, place, here, baseline, thresholds, note)
        act(f"In force now: {' and '.join(wanted)}.", change)


def pick_label(label: str, offered: list[str], current: str, key: str, width: int) -> str:
    """Draw a choice that begins with what is in force. Bound to the URL."""
    if st.session_state.get(key, current) not in offered:
        del st.session_state[key]
    at = offered.index(current)
    return st.selectbox(label, offered, index=at, key=key, bind="query-params", width=width)


def pick_baseline(here: InForce, key: str) -> Offer:
    """Draw the choice of a baseline. Bound to the URL."""
    offered = {offer.label: offer for offer in here.baselines}
    return offered[pick_label("Baseline", list(offered), here.baseline.label, key, width=340)]


def pick_thresholds(here: InForce, key: str, label: str = "Thresholds") -> str:
    """Draw the choice of a set of thresholds. Bound to the URL."""
    labels = [OWN_THRESHOLDS, *(each.label for each in here.sets)]
    return pick_label(label, labels, thresholds_label(here), key, width=280)


def ask_name(key: str, value: str = "") -> str:
    """Draw the name under which something is kept."""
    return st.text_input(
        "Name",
        value=value,
        key=key,
        max_chars=80,
        width=280,
        help="Under a name that is there already it becomes that one's next version.",
    )


def ask_note(key: str, label: str = "Why, optional", width: int = 320) -> str:
    """Draw the reason that is kept with a change."""
    return st.text_input(label, key=key, max_chars=400, width=width)


def show_new(place: Place, judged: Window) -> None:
    """Draw the form of a new baseline, or of a new version of one.

    Args:
        judged: What is looked at now: a baseline that shares its days is warned of.
    """
    endpoint, deployment, _ = place
    kind = choices.pick("Made of", list(KINDS), "kind", format_func=KINDS.__getitem__, width=340)
    st.caption(ABOUT[kind])
    with st.form("new-baseline", border=False):
        rule = _ask_rule(kind)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = ask_name("new-name")
            note = ask_note("new-note", "Note, optional")
        everywhere = st.toggle("For every deployment of the endpoint", key="new-everywhere")
        sure = kind == "fixed_window" and st.toggle("Keep it in spite of warnings", key="new-sure")
        pressed = st.form_submit_button("Keep baseline", icon=":material/save:")
    if pressed and (warned := _cautions(place, BaselineRule(kind, **rule), judged)) and not sure:
        for line in warned:
            st.warning(cards.escaped(line))
        st.caption("Nothing was kept. Choose other days, or keep it in spite of warnings.")
    elif pressed:
        where = "" if everywhere else deployment

        def change() -> None:
            baselines.keep_baseline(endpoint, where, name, BaselineRule(kind, **rule), note)

        act(f"Kept: {' '.join(name.split())}.", change)


def _cautions(place: Place, rule: BaselineRule, judged: Window) -> tuple[str, ...]:
    """Return what speaks against a rule; incidents that cannot be read speak neither way."""
    days = fixed_window(rule)
    if days is None:
        return ()
    try:
        known = incidents.listed(days).incidents
    except MonitoringError:
        known = ()
    endpoint, deployment, _ = place
    return cautions(rule, judged, known, endpoint, deployment)


def _ask_rule(kind: BaselineKind) -> dict[str, object]:
    now = workspace.now()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        match kind:
            case "same_weekdays":
                return {"weeks": _ask_weeks(8)}
            case "same_season":
                season = st.selectbox("How long ago", get_args(Season), key="new-season", width=160)
                ago = SEASONS[season]
                st.text(f"As of today: around {now - ago:%d %b %Y}")
                return {"season": season, "weeks": _ask_weeks(4)}
            case "fixed_window":
                last = now.date() - timedelta(days=1)
                first = st.date_input("First day", last - timedelta(days=27), key="new-first")
                end = st.date_input("Last day", last, key="new-last", max_value=last)
                return {"start": first, "end": end}
            case "training_data":
                asset = st.text_input(
                    "Data asset",
                    key="new-asset",
                    width=320,
                    placeholder="azureml:name:version",
                    help="Empty for that of the model that is served, whichever it is.",
                )
                return {"asset": asset.strip()}
            case "file":
                path = st.text_input(
                    "Path on the server",
                    key="new-path",
                    width=320,
                    help="A file or a folder below the one that LEEWAY_FILES names.",
                )
                return {"path": path.strip()}
    return {}


def _ask_weeks(usual: int) -> int:
    least, most = WEEKS
    return int(st.number_input("Weeks", least, most, usual, key=f"new-weeks-{usual}", width=120))


def _switch(
    place: Place, here: InForce, baseline: Offer | None, thresholds: str, note: str
) -> None:
    if baseline is not None:
        baselines.switch(*place, baseline, here, note)
    if thresholds:
        wanted = next((each for each in here.sets if each.label == thresholds), None)
        baselines.switch_thresholds(*place, wanted, here, note)


def show_history(endpoint: str, deployment: str, signal: str) -> None:  # noqa: ARG001 - all of a place
    """Draw who has changed what, newest first."""
    changes = baselines.history(endpoint, deployment)
    if not changes:
        st.text("Nobody has changed anything yet.")
        return
    table = pd.DataFrame([_change_cells(each) for each in changes])
    cards.show_table(table, key="baselines-history", alt="Who changed what, newest first")


def _change_cells(change: Change) -> dict[str, object]:
    return {
        "When (UTC)": f"{change.at:%Y-%m-%d %H:%M}",
        "Who": change.author.name,
        "Known from": change.author.known_from,
        "Did": f"{change.action} {change.subject}",
        "Where": change.place,
        "Signal": SIGNALS[change.signal].title if change.signal in SIGNALS else "",
        "What": change.what,
        "Before": change.before,
        "Why": change.note,
    }
