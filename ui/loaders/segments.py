"""Segments: what can be chosen, which of them explain a change, and what the change goes with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import streamlit as st

from monitoring.baselines.served import Options
from monitoring.counting.profile import Profile, intervals
from monitoring.errors import InputError
from monitoring.explain import root_cause as signal
from monitoring.explain import segments
from monitoring.explain.root_cause import RootCause
from monitoring.explain.segments import SegmentReport
from monitoring.explain.sides import sides
from monitoring.kept.memory import Entry
from monitoring.place import Place
from monitoring.progress import Progress, part
from monitoring.segment import EVERYONE, MISSING, Segment, parse
from monitoring.signal import Question
from monitoring.sources.deployed import PredictedDays
from monitoring.window import Window
from ui.loaders import deployments, monitor, workspace
from ui.loaders.monitor import Asked
from ui.loaders.workspace import FRESH

Change = tuple[SegmentReport, RootCause]

KEPT = timedelta(minutes=15)
#: Values that the picker offers, the most frequent first.
MOST_VALUES = 200
#: What is suggested as ends of a range: share of the baseline's rows below.
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True, slots=True)
class FeatureChoice:
    """What the picker offers of one feature.

    values: rows of the baseline by value, the most frequent first; of a categorical feature.
    quantiles: value by share of the baseline's rows below it; of a numerical one.
    """

    name: str
    baseline: str
    rows: int
    values: tuple[tuple[str, int], ...] = ()
    quantiles: tuple[tuple[float, float], ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether a range can be asked for."""
        return bool(self.quantiles)


@st.cache_data(max_entries=50, **FRESH)
def features(endpoint: str, deployment: str) -> tuple[str, ...]:
    """Return the inputs of the model that a deployment serves."""
    _, model = deployments.served(endpoint, deployment)
    return tuple(deployments.deployed().columns(model))


def read(text: str, endpoint: str, deployment: str) -> Segment:
    """Read the text of a segment for a deployment's model.

    Raises:
        InputError: It is no segment, or asks about what is no input of the model.
    """
    segment = parse(text)
    known = features(endpoint, deployment)
    for name in segment.features:
        if known and name not in known:
            raise InputError(
                f"Cannot look at {segment}: {name!r} is no input of the model",
                hint="Showing all rows. Choose one of its features, or clear the segment.",
            )
    return segment


def choice(endpoint: str, deployment: str, feature: str, window: Window) -> FeatureChoice:
    """Return the values of a feature in the baseline of data quality: what the model was made for.

    Raises:
        InputError: The baseline has no such feature.
    """
    baseline = monitor.baseline("data_quality", endpoint, deployment, window)
    label, profile = baseline.name, baseline.profiles.get(feature)
    if profile is None:
        raise InputError(
            f"{label!r} does not hold {feature!r}", hint="Write the segment as text instead."
        )
    if profile.kind == "numerical":
        return FeatureChoice(feature, label, profile.rows, quantiles=_quantiles(profile))
    counts = profile.counts_by_label()
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_VALUES]
    null = [(MISSING, profile.nulls)] if profile.nulls else []
    return FeatureChoice(feature, label, profile.rows, values=(*ranked, *null))


def _quantiles(profile: Profile) -> tuple[tuple[float, float], ...]:
    total = np.cumsum(profile.counts)
    if not len(total) or not total[-1]:
        return ((0.5, 0.0),)
    cells = intervals(profile.bins, on_lattice=profile.on_lattice)
    found = {}
    for share in QUANTILES:
        left = float(cells.left[int(np.searchsorted(total, share * total[-1]))])
        value = left if np.isfinite(left) else profile.minimum
        found.setdefault(float(f"{value:.4g}"), share)
    return tuple((share, value) for value, share in found.items())


def references(window: Window) -> dict[str, Window]:
    """Return the periods that a window can be compared with, by name."""
    start, length = window.start, window.length
    four, twelve = timedelta(weeks=4), timedelta(weeks=12)
    found = {
        "Four times as long, before": Window(start - 4 * length, start),
        "As long, just before": Window(start - length, start),
        "The same days four weeks before": Window(start - four, window.end - four),
        "The same days twelve weeks before": Window(start - twelve, window.end - twelve),
    }
    return {name: each for name, each in found.items() if each.end <= start}


@dataclass(frozen=True, slots=True)
class Compared:
    """Whose change of a metric is looked at, between which periods."""

    endpoint: str
    deployment: str
    window: Window
    reference: Window
    metric: str
    segment: Segment = EVERYONE

    def rows(self, say: Progress, then: float, now: float) -> tuple[PredictedDays, PredictedDays]:
        """Return the rows of both periods. then, now: shares of the progress that they end at."""
        place = self.endpoint, self.deployment
        periods = (self.reference, part(say, 0.0, then)), (self.window, part(say, then, now))
        before, after = (
            deployments.rows(*place, window, tell, segment=self.segment) for window, tell in periods
        )
        return before, after


def change(asked: Asked, progress: Progress | None = None) -> Entry[Change]:
    """Return what the change of a metric goes with: the segments that hold it, and its parts.

    `more` is a word of its own, the metric, and the name of the period that it is compared with.
    """
    _, metric, against = asked.more
    reference = references(asked.window)[against]

    def measure(here: Question, options: Options) -> Change:
        place = asked.endpoint, asked.deployment
        both = Compared(*place, asked.window, reference, metric, options.segment)
        return (
            ranking(both, part(here.progress, 0.0, 0.4)),
            root_cause(both, part(here.progress, 0.4, 1.0)),
        )

    return monitor.entry(asked, measure, progress)


def ranking(both: Compared, progress: Progress | None = None) -> SegmentReport:
    """Return segments by how much of the change of a metric they hold."""

    def measure(say: Progress) -> SegmentReport:
        before, now = both.rows(say, 0.4, 0.7)
        compared = sides(
            before.tables, now.tables, now.columns, both.metric, progress=part(say, 0.7, 1.0)
        )
        return segments.rank(compared, reference=both.reference, window=both.window)

    return workspace.memory().get(("segments", both), measure, fresh=KEPT, progress=progress)


def root_cause(both: Compared, progress: Progress | None = None) -> RootCause:
    """Return what the change of a metric between two periods goes with."""

    def measure(say: Progress) -> RootCause:
        before, now = both.rows(say, 0.1, 0.2)
        return signal.run(
            before.tables,
            now.tables,
            now.columns,
            both.metric,
            reference_window=both.reference,
            looked_at=both.window,
            place=Place(endpoint=both.endpoint, deployment=both.deployment),
            progress=part(say, 0.2, 1.0),
        )

    return workspace.memory().get(("root cause", both), measure, fresh=KEPT, progress=progress)
