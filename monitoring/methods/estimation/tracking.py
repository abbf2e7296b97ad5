"""Tracking: how often the band held the realized value, once the labels had come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitoring.methods.estimation.assumptions import Check, Verdict
from monitoring.methods.estimation.band import Estimate
from monitoring.metric import Interval
from monitoring.statistics.intervals import wilson

#: Labelled rows that a day needs to be held against its band.
LEAST_LABELS = 50
#: If even the upper end of the interval of the share is below this, the relation has changed.
LEAST_SHARE = 0.90
#: The whole of the labelled days may lie this many standard deviations away: 99.9 of 100 do.
MOST_SURPRISE = 3.29


@dataclass(frozen=True, slots=True)
class Tracking:
    """How estimates stood up to labels.

    held: days whose realized value lay inside the band, of `days`. interval: of the share, Wilson.
    surprise: standard deviations between realized and estimated over all labelled rows of the window.
    """

    metric: str
    held: int
    days: int
    interval: Interval
    surprise: float | None = None

    @property
    def sentence(self) -> str:
        """In words."""
        if not self.days:
            return "No day that was estimated has enough labels yet to hold it against them."
        low, high = self.interval.low, self.interval.high
        return (
            f"The band held the realized value on {self.held} of {self.days} estimated days whose labels came "
            f"({self.held / self.days:.0%}; 95 % interval {low:.0%} to {high:.0%}; 95 % is promised)."
        )


def track(
    metric: str,
    pairs: Sequence[tuple[Estimate, float]],
    bounds: tuple[float, float],
    whole: tuple[Estimate, float] | None,
) -> Tracking:
    """Count the days whose realized value lay inside the band.

    Args:
        pairs: Estimate for the labelled rows of each day, and what they turned out to be.
        whole: The same for all of them together.
    """
    held = 0
    for estimate, realized in pairs:
        band = estimate.interval(bounds)
        held += band.low - 1e-12 <= realized <= band.high + 1e-12
    n = len(pairs)
    surprise = whole[0].surprise(whole[1]) if whole else None
    return Tracking(metric, held, n, wilson(held / n, n) if n else Interval(0.0, 1.0), surprise)


def still_holds(found: Tracking, *, covariates_fine: bool) -> Check:
    """Whether labels that came since agree with the estimates; if not, the relation has changed."""
    title = "Do labels that came since agree?"
    if not found.days:
        said = f"{found.sentence} Concept drift cannot be seen without labels."
        return Check("still_holds", title, "unknown", said)
    misses = found.interval.high < LEAST_SHARE
    far = found.surprise is not None and found.surprise > MOST_SURPRISE
    said = found.sentence
    if far:
        said += f" Over all of them it lies {found.surprise:.1f} standard deviations off."
    if misses or far:
        said += (
            " Concept drift is likely: inputs look as before, the answers to them do not."
            if covariates_fine
            else " Inputs have left the reference too, so it need not be concept drift."
        )
    verdict: Verdict = "failed" if misses or far else "passed"
    return Check("still_holds", title, verdict, said, found.held / found.days, LEAST_SHARE)
