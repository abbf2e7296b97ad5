"""Back-tests on screen: what would another baseline, or other thresholds, have said?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from monitoring.charts.breaches import Bar, Stretch, breaches
from monitoring.metrics.drift import METRICS
from monitoring.signals.data_drift.back_testing import BackTest, Breach
from ui.loaders import baselines
from ui.loaders.baselines import InForce, Tested
from ui.parts import cards, choices, numbers, report_view, result_table, states
from ui.parts.cards import Tile
from ui.views.baselines import baselines_view

HELP = (
    "The stored days are judged again under both rules. A breach is a run of days on which the "
    "metric that decides on a feature was beyond its limits in two of three judged days."
)
DAYS = {"30d": 30, "60d": 60, "90d": 90}


def show(place: baselines_view.Place, here: InForce | None) -> None:
    """Draw the question and, once it is run, the answer."""
    if here is None:
        st.text("Nothing can be compared while the database cannot be read.")
        return
    endpoint, deployment, _ = place
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = _pick(here)
        limits = _pick_limits(here)
        span = choices.switch("Over the last", {name: name for name in DAYS}, "span")
        wanted = st.button("Run", icon=":material/play_arrow:", key="back-test")
    now = here.baseline.label, here.thresholds
    then = label, next((each for each in here.sets if each.label == limits), None)
    if now == then:
        st.caption("Choose another baseline or another set of thresholds to compare with.")
    key = f"back-test-{endpoint}-{deployment}-{span}-{now}-{then}-"
    tested = report_view.run(
        key,
        wanted,
        lambda progress: baselines.back_test(endpoint, deployment, DAYS[span], now, then, progress),
    )
    if tested is None:
        states.show(states.first_use(f"{label} against {here.baseline.label}"))
    else:
        _show(tested)


def _pick(here: InForce) -> str:
    labels = [offer.label for offer in here.baselines]
    other = next((name for name in labels if name != here.baseline.label), labels[0])
    label = "Compare what is in force with"
    return baselines_view.pick_label(label, labels, other, "compared", width=340)


def _pick_limits(here: InForce) -> str:
    return baselines_view.pick_thresholds(here, "compared-limits", "and")


def _show(tested: Tested) -> None:
    result = tested.result
    st.markdown(f"**{cards.escaped(result.sentence())}**")
    _show_tiles(result)
    days = tested.window.days()
    chart = breaches(
        [Bar(each.feature, each.first, each.last) for each in result.now.breaches],
        [Bar(each.feature, each.first, each.last) for each in result.then.breaches],
        (days[0], days[-1]),
        [Stretch(each.title, each.first, each.last) for each in result.incidents],
    )
    cards.show_chart(chart, key="back-test-chart", table=_table(result))
    if result.incidents:
        shaded = "; ".join(
            f"{i.title} ({i.first:%d %b} to {i.last:%d %b})" for i in result.incidents
        )
        st.caption(cards.escaped(f"Shaded, known incidents: {shaded}."))
    for incident in result.lost:
        st.warning(
            cards.escaped(f"Would no longer set off a breach: {incident.title}."),
            icon=":material/warning:",
        )
    if tested.differences:
        _show_differences(tested)
    st.caption(
        f"{result.now.judged:,} feature days judged as it is in force, {result.then.judged:,} if "
        f"switched; without a verdict {result.now.blind:,} and {result.then.blind:,}. "
        f"Took {tested.seconds:.1f} s."
    )


DIFFERENCES: result_table.Columns = {
    "Feature": lambda result: result.subject,
    **result_table.labelled({name: metric.label for name, metric in METRICS.items()}),
    "Distance": lambda result: numbers.rounded(result.value),
    "Threshold": lambda result: result.threshold,
    **result_table.STATUS,
    "Rows in force": lambda result: result.reference_rows,
    "Rows compared": lambda result: result.rows,
    **result_table.REASON,
}


def _show_tiles(result: BackTest) -> None:
    incidents = result.incidents
    sides = result.now, result.then
    outside = [f"{side.days_outside(incidents):,}" for side in sides]
    found = [len(side.found(incidents)) for side in sides]
    is_known = bool(incidents)
    cards.tiles(
        Tile(
            "Would vanish",
            f"{len(result.gone)} of {len(result.now.breaches)}",
            note=f"{result.now.days:,} feature days in breach now",
        ),
        Tile(
            "Would appear",
            str(len(result.new)),
            note=f"{result.then.days:,} feature days in breach then",
        ),
        Tile(
            "Outside known incidents",
            f"{outside[1]} instead of {outside[0]}" if is_known else numbers.NONE,
            note="feature days in breach" if is_known else "no incident is known of these days",
        ),
        Tile(
            "Incidents that set off a breach",
            f"{found[1]} instead of {found[0]}" if is_known else numbers.NONE,
            note=f"of {len(incidents)} that are known" if is_known else "",
        ),
    )


def _cause(result: BackTest, breach: Breach) -> str:
    return "; ".join(each.title for each in result.incidents if each.sets_off(breach))


def _table(result: BackTest) -> pd.DataFrame:
    changes = {"vanishes": result.gone, "appears": result.new, "stays": result.kept}
    lines = [
        (breach.feature, f"{breach.first}", f"{breach.last}", len(breach.dates), change,
         _cause(result, breach))
        for change, breaches_ in changes.items()
        for breach in breaches_
    ]  # fmt: skip
    names = ["Feature", "First day", "Last day", "Days", "If switched", "Set off by"]
    return pd.DataFrame(lines, columns=names)


def _show_differences(tested: Tested) -> None:
    """Draw how the rows of the two references differ from each other."""
    found = sorted(tested.differences, key=lambda r: -(r.value or 0) / (r.threshold or 1))
    apart = [each for each in found if each.status == "breached"]
    with st.expander(
        f"The two references themselves: {len(apart)} of {len(found)} features differ",
        icon=":material/compare_arrows:",
    ):
        alt = "How far the two references lie apart, feature by feature"
        table = result_table.table(found, DIFFERENCES)
        cards.show_table(table, key="back-test-differences", alt=alt)
