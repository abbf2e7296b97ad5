"""The root of a change of performance: what it goes with, in numbers and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from monitoring.counting.engine.tables import Table
from monitoring.counting.totals.outcomes import Columns
from monitoring.explain.sides import sides
from monitoring.methods.root_cause.attribution import (
    PARTS,
    Attribution,
    FeatureShare,
    Part,
    Share,
    attribute,
)
from monitoring.methods.root_cause.loss import Loss
from monitoring.metric import Interval, MetricResult
from monitoring.place import WORKSPACE, Place
from monitoring.progress import Progress, part
from monitoring.verdict import draft, judge
from monitoring.window import Window

SIGNAL = "root_cause"
WORDS: dict[Part, str] = {
    "mix": "other rows that came",
    "missing": "missing values",
    "relation": "like rows that fared differently",
    "unexplained": "rows without a counterpart, which stay unexplained",
}
#: Above this share of the window's rows without a counterpart, the rest is said with less certainty.
MUCH_OUTSIDE = 0.2
#: A difference of shares that weighting leaves; above, some of `relation` may be mix.
LARGE_GAP = 0.1


@dataclass(frozen=True, eq=False)
class RootCause:
    """An attribution with what it was made of."""

    found: Attribution
    loss: Loss
    note: str
    reference: Window | None = None
    window: Window | None = None
    place: Place = WORKSPACE

    def results(self) -> tuple[MetricResult, ...]:
        """Return every number: the change, its parts, and the features' parts that are not 0."""
        found = self.found
        made = [self._result("change", "", found.change)]
        made += [self._result(part, "", found.parts[part]) for part in PARTS]
        made.append(self._result("relation_alike", "", found.alike))
        made += [
            self._result(part, each.feature, share)
            for each in found.features
            for part, share in each.parts.items()
            if share.value
        ]
        return tuple(made)

    def _result(self, metric: str, feature: str, share: Share) -> MetricResult:
        measured = draft(
            signal=SIGNAL,
            metric=metric,
            place=self.place.of(feature),
            threshold=0.0,
            unit=f"part of the change of {self.loss.label.lower()}",
            method=METHOD,
            window=self.window,
            value=share.value,
            interval=share.interval,
            rows=self.found.rows,
            reference_rows=self.found.reference_rows,
        )
        return judge(measured, by="interval")

    def sentences(self) -> tuple[str, ...]:
        """Return what a reader should know, most important first. It coincides; nothing is proven."""
        return (*_change(self), *_parts(self), *_features(self), *_doubts(self))


METHOD = (
    "weights of exponential tilting (KLIEP) for who came, Oaxaca-Blinder and Aumann-Shapley values "
    "for its features, contrasts by level for the relation; 95 % bootstrap interval"
)


def run(
    reference: Mapping[date, Table],
    window: Mapping[date, Table],
    columns: Columns,
    metric: str,
    *,
    reference_window: Window | None = None,
    looked_at: Window | None = None,
    place: Place = WORKSPACE,
    progress: Progress | None = None,
) -> RootCause:
    """Lay the change of a metric between two periods on parts and features.

    Args:
        reference: Predictions with labels and features of the reference period, by day.
        metric: Of performance; its loss is looked at, or one that stands for it.

    Raises:
        NotEnoughData: A side has fewer than 300 labelled rows.
        InputError: A file cannot be read.
    """
    report = part(progress, 0.0)
    both = sides(
        reference,
        window,
        columns,
        metric,
        close=True,
        progress=lambda share, text: report(0.4 * share, text),
    )
    found = attribute(
        both.reference,
        both.window,
        both.levels,
        progress=lambda share, text: report(0.4 + 0.6 * share, text),
    )
    return RootCause(found, both.loss, both.note, reference_window, looked_at, place)


def _change(cause: RootCause) -> list[str]:
    found, loss = cause.found, cause.loss
    way = "rose" if found.change.value > 0 else "fell"
    text = (
        f"{loss.label} {way} from {loss.text(found.reference_loss)} to {loss.text(found.loss)} "
        f"({_range(found.change, loss)})."
    )
    if _spans_zero(found.change.interval):
        text += " Chance alone may do that: read the rest with care."
    return [text]


def _parts(cause: RootCause) -> list[str]:
    found, loss = cause.found, cause.loss
    ranked = sorted(PARTS, key=lambda part: -abs(found.parts[part].value))
    told = [part for part in ranked if not _spans_zero(found.parts[part].interval)]
    if not told:
        return ["No part of it stands out from chance."]
    listed = "; ".join(f"{WORDS[part]} ({_range(found.parts[part], loss)})" for part in told[:3])
    return [f"It goes with: {listed}."]


def _features(cause: RootCause) -> list[str]:
    said = []
    for each in cause.found.features[:3]:
        told = {p: s for p, s in each.parts.items() if not _spans_zero(s.interval) and s.value}
        if told:
            said.append(_of_feature(each, told, cause.loss))
    if not said:
        return ["No single feature stands out."]
    return [f"Most of it coincides with {said[0]}.", *(f"Then {text}." for text in said[1:])]


def _of_feature(each: FeatureShare, told: Mapping[Part, Share], loss: Loss) -> str:
    part, share = max(told.items(), key=lambda item: abs(item[1].value))
    how = {
        "mix": "other values of it came",
        "missing": "its missing values changed",
        "relation": "the relation moved along it",
        "unexplained": "values or combinations of it that the reference does not have",
    }[part]
    where = f", mostly {each.levels[0][0]}" if part == "mix" and each.levels else ""
    return f"{each.feature} ({how}{where}: {_range(share, loss)})"


def _doubts(cause: RootCause) -> list[str]:
    found, said = cause.found, []
    if found.outside_share > MUCH_OUTSIDE:
        said.append(
            f"{found.outside_share:.0%} of the window's rows have no counterpart in the reference "
            f"period, so that nothing can be said of them."
        )
    if found.gap[0] > LARGE_GAP:
        said.append(
            f"Weighting leaves a difference of {found.gap[0]:.0%} in {found.gap[1]}: some of what is "
            "laid on the relation may be other rows."
        )
    if found.rows < found.of_rows[1] or found.reference_rows < found.of_rows[0]:
        said.append(
            f"Measured on {found.reference_rows:,} of {found.of_rows[0]:,} and {found.rows:,} of "
            f"{found.of_rows[1]:,} labelled rows, evenly spread."
        )
    return [*said, *([cause.note] if cause.note else [])]


def _range(share: Share, loss: Loss) -> str:
    low, high = (loss.text(end, sign=True) for end in (share.interval.low, share.interval.high))
    return f"{loss.text(share.value, sign=True)}, 95 % {low} to {high}"


def _spans_zero(interval: Interval) -> bool:
    return interval.low <= 0 <= interval.high
