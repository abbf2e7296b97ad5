"""Assumptions of an estimate: each is checked, and a failed one withholds the number, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from monitoring.methods.estimation.band import Scatter
from monitoring.methods.estimation.calibration import Calibration

Verdict = Literal["passed", "failed", "unknown"]

#: Labelled rows that a reference needs, and days where rows come by day.
LEAST_REFERENCE_ROWS, LEAST_REFERENCE_DAYS = 1_000, 14
#: Rows that a chunk needs: below, the band of a share is no longer symmetric enough.
LEAST_ROWS = 100
#: Labelled rows of each class in the reference.
LEAST_OF_CLASS = 20
#: From this share of labels on, which rows have one does not matter.
COMPLETE = 0.9
#: Rows with a label may differ from those without by this much, in standard deviations of the score.
MOST_DIFFERENT = 0.1
#: Calibration error beyond chance that spoils an estimate, if it is significant at this level.
MOST_ERROR, LEVEL = 0.03, 0.01
#: A feature that leaves the range in a smaller share of rows is not named.
SEEN = 0.01


@dataclass(frozen=True, slots=True)
class Check:
    """One assumption. value is held to threshold; None where there is no number."""

    name: str
    title: str
    verdict: Verdict
    sentence: str
    value: float | None = None
    threshold: float | None = None


def failures(checks: Sequence[Check]) -> list[Check]:
    """Return the checks that withhold the estimate."""
    return [check for check in checks if check.verdict == "failed"]


def enough_reference(labelled: int, days: int | None) -> Check:
    """Whether the reference has enough labelled rows; `days` is None where rows do not come by day.

    >>> enough_reference(900, None).sentence
    '900 labelled rows, 1,000 needed.'
    """
    title = "Enough labelled rows in the reference?"
    few = labelled < LEAST_REFERENCE_ROWS
    said = f"{labelled:,} labelled rows, {LEAST_REFERENCE_ROWS:,} needed"
    if days is not None:
        few |= days < LEAST_REFERENCE_DAYS
        said += f"; {days} days, {LEAST_REFERENCE_DAYS} needed"
    verdict: Verdict = "failed" if few else "passed"
    return Check(
        "reference_rows", title, verdict, f"{said}.", float(labelled), LEAST_REFERENCE_ROWS
    )


def complete_labels(labelled: int, predictions: int, difference: float | None) -> Check:
    """Whether the rows of the reference that have a label stand for all of them.

    Args:
        difference: Mean score (or prediction) of rows with a label minus that of the others, in
            standard deviations; None where there are no others.
    """
    title = "Labels of the reference complete?"
    share = labelled / predictions if predictions else 0.0
    said = f"{share:.0%} of {predictions:,} rows of the reference have a label"
    if share >= COMPLETE:
        return Check("complete_labels", title, "passed", f"{said}.", share, COMPLETE)
    if difference is None or not math.isfinite(difference):
        why = f"{said}, and nothing tells whether they stand for the others."
        return Check("complete_labels", title, "unknown", why, share, COMPLETE)
    spread = 3 * math.sqrt(1 / max(labelled, 1) + 1 / max(predictions - labelled, 1))
    if abs(difference) > max(MOST_DIFFERENT, spread):
        why = f"{said}, and their scores differ from the others' by {abs(difference):.2g} SD."
        return Check("complete_labels", title, "failed", why, abs(difference), MOST_DIFFERENT)
    why = f"{said}; their scores are like the others' ({abs(difference):.2g} SD apart)."
    return Check("complete_labels", title, "passed", why, share, COMPLETE)


def every_class(labels: Mapping[str, int]) -> Check:
    """Whether the reference knows every class.

    >>> every_class({"0": 900, "1": 3}).sentence
    'The reference has 3 labels of the class 1, 20 needed.'
    """
    title = "Every class in the reference?"
    rarest = min(labels, key=lambda name: labels[name], default="")
    n = labels.get(rarest, 0)
    verdict: Verdict = "passed" if n >= LEAST_OF_CLASS else "failed"
    said = f"The reference has {n:,} labels of the class {rarest}, {LEAST_OF_CLASS} needed."
    return Check("every_class", title, verdict, said, float(n), LEAST_OF_CLASS)


def calibrated(found: Calibration) -> Check:
    """Whether probabilities fit labels on rows of the reference that they were not learned from."""
    title = "Calibrated on the reference?"
    fails = found.error > MOST_ERROR + found.noise and found.pvalue < LEVEL
    how = (
        "the model's scores are kept: recalibrating them is no better"
        if found.curve is None
        else f"after isotonic calibration, {found.raw_error:.3f} before"
    )
    said = (
        f"Probabilities are off by {found.error:.3f} on rows not learned from ({how}); chance alone "
        f"makes {found.noise:.3f}; p = {found.pvalue:.2g}."
    )
    limit = MOST_ERROR + found.noise
    return Check("calibrated", title, "failed" if fails else "passed", said, found.error, limit)


def errors_explained(explained: float) -> Check:
    """Whether errors can be told from features at all: if not, the estimate can hardly move."""
    title = "Errors predictable on the reference?"
    share = max(explained, 0.0)
    said = (
        f"Features and prediction explain {share:.0%} of the variance of |error| on days held out"
    )
    if share < 0.01:  # noqa: PLR2004 - below, nothing
        said += ": the estimate stays near the reference's own error"
    verdict: Verdict = "passed" if share >= 0.01 else "unknown"  # noqa: PLR2004
    return Check("errors_explained", title, verdict, f"{said}.", share, 0.01)


def steady_days(found: Scatter) -> Check:
    """Say by how much days differ beyond chance; the band has it, so that it never fails."""
    title = "Days alike but for chance?"
    if found.days == 0:
        said = "The reference does not come by day: if days differ, the band is too narrow."
        return Check("steady_days", title, "unknown", said)
    said = f"Days of the reference scatter {found.ratio:.1f} times as much as chance"
    said += (
        f"; the band of a day is widened by {found.error:.3g}." if found.error else ", as they may."
    )
    return Check("steady_days", title, "passed", said, found.ratio)


def enough_rows(rows: int) -> Check:
    """Whether the chunk has enough rows."""
    verdict: Verdict = "passed" if rows >= LEAST_ROWS else "failed"
    said = f"{rows:,} predictions, {LEAST_ROWS} needed."
    return Check("rows", "Enough predictions?", verdict, said, float(rows), LEAST_ROWS)


def inside_support(share: float, limit: float, leaving: Sequence[tuple[str, float]]) -> Check:
    """Whether the rows of the chunk look like rows that the reference has.

    Args:
        share: Of rows outside the reference's support.
        limit: The greatest share that is accepted.
        leaving: Features that leave the reference's range, with the share of rows, most first.
    """
    title = "Inputs inside the reference's support?"
    said = f"{share:.1%} of rows are unlike any of the reference, up to {limit:.0%} is accepted"
    if share > limit:
        most = ", ".join(f"{name} ({part:.0%})" for name, part in leaving[:3] if part >= SEEN)
        said += f"; outside its range: {most}" if most else "; no feature alone, but together"
    verdict: Verdict = "failed" if share > limit else "passed"
    return Check("inside_support", title, verdict, f"{said}.", share, limit)


def unknown_support(why: str) -> Check:
    """Say that the support could not be looked at."""
    return Check("inside_support", "Inputs inside the reference's support?", "unknown", why)
