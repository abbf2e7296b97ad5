"""The page that compares versions, panel by panel: deployments, the registry, training data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from monitoring.charts import versions as charts
from monitoring.compare import version_verdict as verdict
from monitoring.compare.version_comparison import VersionComparison
from monitoring.compare.version_traffic import TrafficComparison
from monitoring.segment import Segment
from monitoring.window import Window
from monitoring.workspace.models import ModelVersion
from ui.loaders import versions
from ui.loaders.versions import Side
from ui.parts import cards, report_view, states
from ui.parts.glossary import explain
from ui.views.compare_versions import training_view
from ui.views.compare_versions import versions_view as view

OWN_ROWS = (
    "Each version's metrics are those noted at training, on held-out rows of its own: they differ in "
    "rows as well as in model, so that they name no winner."
)


def show_deployments(
    endpoint: str,
    sides: Sequence[Side],
    names: tuple[str, str],
    metric: str,
    window: Window,
    segment: Segment,
) -> None:
    """Draw two deployments side by side: the verdict first, then what it rests on."""
    found: VersionComparison | None = None
    made: cards.Freshness | None = None
    with cards.panel("Verdict", help=explain("version verdict")) as panel:
        compared = report_view.behind_bar(
            lambda tell: versions.comparison(endpoint, names, window, metric, tell, segment)
        )
        found, made = compared.value, view.freshness(compared)
        view.show_verdict(found)
        panel.freshness = made
    if found is not None and made is not None:
        with cards.made_of(made):
            _show_measured(found, names)
    with cards.panel("Traffic", help=explain("traffic split")) as panel:
        _show_split(sides)
        traffic, answer = versions.traffic(endpoint, names, window)
        panel.freshness = cards.answered(answer)
        _show_traffic(traffic, has_segment=bool(segment))
    with cards.panel("Inputs", help=explain("data drift")) as panel:
        inputs = report_view.behind_bar(
            lambda tell: versions.inputs(endpoint, names, window, tell, segment)
        )
        training_view.show_inputs(inputs.value, names)
        panel.freshness = cards.taken(inputs)
    if found is not None:
        with cards.made_of(made), cards.panel("The same requests", help=explain("shadow")):
            view.show_shared(found)


def _show_measured(found: VersionComparison, names: tuple[str, str]) -> None:
    """Draw what the verdict rests on."""
    if found.days:
        with cards.panel("By day", help=explain("common days")):
            view.show_course(found)
        with cards.panel("Every measure", help=explain("realized performance")):
            view.show_measures(list(found.metrics.values()), names, "versions-measures")
            st.caption(cards.escaped(verdict.SEVERAL))


def show_models(endpoint: str, looked_at: Sequence[ModelVersion]) -> None:
    """Draw registered versions side by side, and the versions of their training data."""
    with cards.panel("In the registry"):
        if len({each.id for each in looked_at}) > 1:
            show_registered(looked_at[0], looked_at[1], "versions-registry")
        else:
            text = f"There is one model version to look at: {looked_at[0].id}."
            states.show(states.State("One version", ":material/looks_one:", "gray", text))
    with cards.panel("Training data", help=explain("training data versions")) as panel:
        model = looked_at[0].name
        found = report_view.behind_bar(lambda tell: versions.training(endpoint, model, tell))
        training_view.show_training(found.value, [_data(each) for each in looked_at])
        panel.freshness = cards.taken(found)


def _show_split(sides: Sequence[Side]) -> None:
    """Say how the endpoint is set to share its traffic, mirrored traffic included."""
    parts = [f"{each.name} {each.traffic} %" for each in sides]
    mirrored = [f"{each.name} {each.mirror} %" for each in sides if each.mirror]
    shadow = (
        f"Mirrored (shadow) traffic: {', '.join(mirrored)}; callers get no answer from it."
        if mirrored
        else "No traffic is mirrored (no shadow deployment)."
    )
    st.text(f"Set: {', '.join(parts)}. {shadow}")


def _show_traffic(found: TrafficComparison, *, has_segment: bool) -> None:
    """Draw what the log says: the share of each deployment by day, errors and latency."""
    days = sorted({day for each in found.split.values() for day in each})
    if not days:
        states.show(states.blind(None, "The traffic log has no request of the two in this window."))
        return
    split = {name: [each.get(day, 0) for day in days] for name, each in found.split.items()}
    lower = found.names[0].lower(), found.names[1].lower()
    chart = charts.traffic_split(days, split, lower)
    table = pd.DataFrame({"Day": [f"{day}" for day in days], **split})
    cards.show_chart(chart, key="versions-split", table=table)
    for sentence in verdict.of_traffic(found):
        st.text(sentence)
    view.show_measures([found.errors, found.latency], found.names, "versions-traffic")
    scope = " The log knows no features: the segment does not apply." if has_segment else ""
    text = f"Errors and latency of {len(found.days)} days on which both were asked.{scope}"
    st.caption(cards.escaped(f"{text} Faults of callers (4xx) do not count."))


def show_registered(first: ModelVersion, second: ModelVersion, key: str) -> None:
    """Draw what the registry says of two versions, line by line."""
    lines = {
        "Stage": (first.stage, second.stage),
        "Registered": (_date(first.created), _date(second.created)),
        "Training data": (_data(first), _data(second)),
        **_beside("Metric", _metrics(first), _metrics(second)),
        **_beside("Tag", _tags(first, second), _tags(second, first)),
    }
    table = pd.DataFrame(
        [
            (name, one or "–", two or "–", "≠ differs" if one != two else "")
            for name, (one, two) in lines.items()
        ],
        columns=["Of", str(first.id), str(second.id), "Differs"],
    )
    cards.show_table(table, key=key, alt=f"{first.id} and {second.id} in the registry")
    st.caption(OWN_ROWS)


def _data(version: ModelVersion) -> str:
    return str(version.training_data) if version.training_data else ""


def _date(time: datetime | None) -> str:
    return f"{time:%d %b %Y %H:%M} UTC" if time else "–"


def _beside(
    kind: str, first: Mapping[str, str], second: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """Return what either version has, a dash where the other has it not."""
    return {
        f"{kind} {name}": (first.get(name, "–"), second.get(name, "–"))
        for name in {**first, **second}
    }


def _metrics(version: ModelVersion) -> dict[str, str]:
    return {name: f"{value:.4g}" for name, value in version.metrics.items()}


def _tags(version: ModelVersion, other: ModelVersion) -> dict[str, str]:
    """Return the tags that are neither a metric nor the training data, which have their own lines."""
    known = {*version.metrics, *other.metrics, "training_data"}
    return {name: value for name, value in version.tags.items() if name not in known}
