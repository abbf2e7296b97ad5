"""Where one value lies in a baseline: its percentile, or how frequent it is; null, new or out of range."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from monitoring.counting.profile import CategoricalBins, NumericalBins, Profile, intervals

Place = Literal[
    "usual", "rare", "out of range", "new", "null", "not a number", "not in the baseline"
]
#: A value is rare if less than this share of the baseline lies as far out, or has its category.
RARE = 0.005
#: A number that so large a share of the baseline has is told as such, not by what lies below it.
FREQUENT = 0.05


@dataclass(frozen=True, slots=True)
class FeaturePosition:
    """Where the value of one feature lies.

    percentile: share of the baseline's values below it, half of its own cell included, 0 to 1; None
    for categories. frequency: share of the baseline's rows with this category, or that are null;
    None for numbers. reference_rows: rows of the baseline behind it.
    """

    feature: str
    value: Any
    place: Place
    percentile: float | None = None
    frequency: float | None = None
    reference_rows: int = 0
    words: str = ""

    @property
    def is_unusual(self) -> bool:
        """Whether it deserves a look."""
        return self.place != "usual"


def positions(
    row: Mapping[str, Any], profiles: Mapping[str, Profile]
) -> tuple[FeaturePosition, ...]:
    """Return the position of every feature of a row, the unusual ones first, else as in the row.

    Args:
        row: Feature -> value as it was collected.
        profiles: The baseline, by feature.
    """
    found = [
        position(name, value, profiles[name])
        if name in profiles
        else FeaturePosition(
            name, value, "not in the baseline", words="The baseline has no such feature."
        )
        for name, value in row.items()
    ]
    missing = [name for name in profiles if name not in row]
    found += [
        FeaturePosition(name, None, "null", words="The request did not send it.")
        for name in missing
    ]
    return tuple(sorted(found, key=lambda each: _ORDER.index(each.place)))


_ORDER: Sequence[Place] = (
    "not a number", "out of range", "new", "null", "rare", "usual", "not in the baseline",
)  # fmt: skip


def position(feature: str, value: Any, profile: Profile) -> FeaturePosition:
    """Return where one value lies in the baseline of its feature."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        rate = profile.null_rate
        words = "Null" if rate is None else f"Null, as {rate:.1%} of the baseline's rows are"
        place: Place = "usual" if rate is not None and rate >= RARE else "null"
        return FeaturePosition(feature, None, place, None, rate, profile.rows, f"{words}.")
    if isinstance(profile.bins, NumericalBins):
        return _number(feature, value, profile, profile.bins)
    return _category(feature, value, profile, profile.bins)


def _number(feature: str, value: Any, profile: Profile, bins: NumericalBins) -> FeaturePosition:
    try:
        number = float(value)
    except (TypeError, ValueError):
        words = "The baseline has numbers here."
        return FeaturePosition(feature, value, "not a number", words=words)
    if not profile.n:
        words = "The baseline has no value of it."
        return FeaturePosition(feature, value, "not in the baseline", words=words)
    below, same = _below_and_same(number, profile, bins)
    share = below + same / 2
    low, high = profile.minimum, profile.maximum
    if number < low or number > high:
        words = f"Outside of the baseline's range, {low:,.6g} to {high:,.6g}."
        place: Place = "out of range"
    elif min(share, 1 - share) < RARE:
        words = f"Further out than {max(share, 1 - share):.1%} of the baseline."
        place = "rare"
    elif same >= FREQUENT:
        words = f"As in {same:.0%} of the baseline; {below:.0%} lie below."
        place = "usual"
    else:
        words = f"Above {share:.0%} of the baseline."
        place = "usual"
    return FeaturePosition(feature, value, place, share, None, profile.rows, words)


def _below_and_same(number: float, profile: Profile, bins: NumericalBins) -> tuple[float, float]:
    """Return the shares of values in the cells below a number's, and in its own."""
    cells = intervals(bins, on_lattice=profile.on_lattice)
    is_before = np.where(cells.single, cells.right < number, cells.right <= number)
    below = int(profile.counts[is_before].sum())
    same = int(profile.counts[~is_before & (cells.left <= number)].sum())
    return below / profile.n, same / profile.n


def _category(feature: str, value: Any, profile: Profile, bins: CategoricalBins) -> FeaturePosition:
    label = str(value).lower() if isinstance(value, bool) else str(value)
    count = profile.counts_by_label().get(label, 0)
    rank = 1 + bins.categories.index(label) if label in bins.categories else None
    share = count / profile.n if profile.n else 0.0
    known = rank is not None or label in bins.known
    if not known:
        return FeaturePosition(
            feature, value, "new", None, 0.0, profile.rows, "The baseline has no such category."
        )
    if rank is None:
        words = f"Among the rare categories beyond the first {len(bins.categories)}."
        return FeaturePosition(feature, value, "rare", None, None, profile.rows, words)
    words = f"{share:.1%} of the baseline, number {rank} of {len(bins.known)} categories."
    place: Place = "rare" if share < RARE else "usual"
    return FeaturePosition(feature, value, place, None, share, profile.rows, words)
