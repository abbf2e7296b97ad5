"""Changes of a known single cause, to measure how often the attribution names it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from monitoring.arrays import Floats
from monitoring.counting.rows import Labels, Rows
from monitoring.methods.root_cause.attribution import Attribution, attribute
from monitoring.methods.root_cause.levels import encode, levels_of

Shift = Literal["mix", "relation"]
Loss = Literal["error", "absolute_error"]
ROWS = 4000
NUMBERS = ("temp", "dewp", "distance", "wait", "age", "count")
CATEGORIES = {"carrier": 6, "origin": 3, "dest": 12, "weekend": 2}
FEATURES = (*NUMBERS, *CATEGORIES)
SIZES: dict[Shift, tuple[float, ...]] = {"mix": (0.5, 1.0, 2.0), "relation": (1.0, 1.5, 2.5)}


@dataclass(frozen=True, slots=True)
class Case:
    """One change: which feature, how, how strong, on which loss."""

    feature: str
    shift: Shift
    size: float
    loss: Loss

    def __str__(self) -> str:
        return f"{self.feature}, {self.shift} {self.size:g}, {self.loss}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found for a case: place of the true feature (1 is first), and what sums up to what."""

    case: Case
    rank: int
    is_right_part: bool
    remainder: float
    attribution: Attribution


def cases() -> tuple[Case, ...]:
    """Return every feature in turn, both kinds of shift, three sizes, two losses."""
    return tuple(
        Case(feature, shift, size, loss)
        for feature in FEATURES
        for shift in SIZES
        for size in SIZES[shift]
        for loss in ("error", "absolute_error")
    )


def acceptance(*, replicates: int = 0, rows: int = ROWS, seed: int = 1) -> tuple[Outcome, ...]:
    """Attribute every case; for tests and the benchmark.

    Args:
        replicates: Bootstrap draws; none by default, the estimates do not need them.
        rows: A side.
    """
    return tuple(
        outcome(case, replicates=replicates, rows=rows, seed=seed + at)
        for at, case in enumerate(cases())
    )


def outcome(case: Case, *, replicates: int = 0, rows: int = ROWS, seed: int = 1) -> Outcome:
    """Attribute one case."""
    random = np.random.default_rng(seed)
    reference, window = _drawn(random, rows), _drawn(random, rows)
    if case.shift == "mix":
        _shift(window, case, random)
    losses = [_losses(side, case, random, moved=moved) for side, moved in ((reference, False), (window, True))]  # fmt: skip
    one, two = _rows(reference), _rows(window)
    levels = levels_of(one, two, close=True)
    sides = encode(one, losses[0], levels), encode(two, losses[1], levels)
    return judged(case, attribute(*sides, levels, replicates=replicates, seed=seed))


def judged(case: Case, found: Attribution) -> Outcome:
    """Compare an attribution with the truth."""
    names = [each.feature for each in found.features]
    own = sum(s.value for each in found.features for s in each.parts.values()) + found.alike.value
    parts = sum(each.value for each in found.parts.values())
    remainder = max(abs(own - found.change.value), abs(parts - found.change.value))
    sizes = {part: abs(each.value) for part, each in found.parts.items()}
    return Outcome(
        case, names.index(case.feature) + 1, max(sizes, key=lambda p: sizes[p]) == case.shift, remainder, found
    )  # fmt: skip


def broken(rows: int = ROWS, seed: int = 1) -> dict[str, Attribution]:
    """Return attributions of changes that leave the reference's rows behind, by what was done."""
    found = {}
    for at, name in enumerate(("beyond the range", "new category", "never together")):
        random = np.random.default_rng(seed + at)
        reference, window = _drawn(random, rows), _drawn(random, rows)
        case = Case("temp", "relation", 3.0, "absolute_error")
        if name == "beyond the range":
            window["temp"] = window["temp"] + 8
        elif name == "new category":
            window["carrier"] = np.where(random.random(rows) < 0.8, 9.0, window["carrier"])
            case = Case("carrier", "relation", 3.0, "absolute_error")
        else:  # each is in its range, but what went together goes apart
            reference["dewp"] = reference["temp"] + random.normal(0, 0.1, rows)
            window["dewp"] = -window["temp"] + random.normal(0, 0.1, rows)
        losses = (
            _losses(reference, case, random, moved=False),
            _losses(window, case, random, moved=True),
        )
        one, two = _rows(reference), _rows(window)
        levels = levels_of(one, two, close=True)
        sides = encode(one, losses[0], levels), encode(two, losses[1], levels)
        found[name] = attribute(*sides, levels, replicates=0)
    return found


def _drawn(random: np.random.Generator, rows: int) -> dict[str, Floats]:
    """Draw features as numbers, categories as codes; pairs of them go together as in life."""
    z = random.normal(size=(rows, 6))
    drawn: dict[str, Floats] = {
        "temp": z[:, 0],
        "dewp": 0.7 * z[:, 0] + 0.7 * z[:, 1],
        "distance": np.exp(0.6 * z[:, 2]),
        "wait": random.exponential(size=rows),
        "age": random.uniform(-1.7, 1.7, rows),
        "count": random.poisson(4, rows).astype(np.float64),
    }
    for name, size in CATEGORIES.items():
        share = np.arange(size, 0, -1) / np.arange(size, 0, -1).sum()
        drawn[name] = random.choice(size, rows, p=share).astype(np.float64)
    # Some destinations belong to some origins; some ages and waits are not known.
    home = random.random(rows) < 0.3
    drawn["dest"] = np.where(home, drawn["origin"] * 4, drawn["dest"])
    for name in ("age", "wait"):
        drawn[name] = np.where(random.random(rows) < 0.03, np.nan, drawn[name])
    return drawn


def _scaled(name: str, values: Floats) -> Floats:
    """Return a feature on a scale where 1 is a standard deviation, null as its mean."""
    known = np.nan_to_num(values, nan=float(np.nanmean(values)))
    centre, spread = {
        "distance": (1.2, 0.8), "wait": (1.0, 1.0), "count": (4.0, 2.0), "carrier": (1.67, 1.49),
        "origin": (0.67, 0.75), "dest": (3.7, 2.9), "weekend": (0.33, 0.47),
    }.get(name, (0.0, 1.0))  # fmt: skip
    return (known - centre) / spread


def _shift(window: dict[str, Floats], case: Case, random: np.random.Generator) -> None:
    """Move one feature and no other: numbers by standard deviations, categories to the last ones."""
    values = window[case.feature]
    if case.feature in CATEGORIES:
        moved = random.random(len(values)) < 0.3 * case.size
        last = CATEGORIES[case.feature] - 1
        window[case.feature] = np.where(moved, last, values)
    elif case.feature == "count":
        window["count"] = np.minimum(values + random.poisson(2 * case.size, len(values)), 12)
    elif case.feature in {"distance", "wait"}:
        window[case.feature] = values * np.exp(0.6 * case.size)
    elif case.feature == "age":
        window["age"] = 1.7 - (1.7 - values) / (1 + case.size)
    else:
        window[case.feature] = values + 0.75 * case.size


def _losses(
    features: dict[str, Floats], case: Case, random: np.random.Generator, *, moved: bool
) -> Floats:
    """Return the loss of a model that knew the relation before it moved.

    Every feature matters to how often it errs. A moved relation hits rows on one side of the feature.
    """
    n = len(features["temp"])
    scaled = {name: _scaled(name, values) for name, values in features.items()}
    hardness = sum(0.35 * scaled[name] for name in FEATURES) - 1.4
    hit: Floats = np.zeros(n)
    if moved and case.shift == "relation":
        hit = hit + case.size * (scaled[case.feature] > 0.4)
    if case.loss == "error":
        chance = 1 / (1 + np.exp(-(hardness + hit)))
        return (random.random(n) < chance).astype(np.float64)
    return np.abs(random.normal(size=n)) * np.exp(0.5 * hardness + 0.4 * hit)


def _rows(features: dict[str, Floats]) -> Rows:
    return Rows.of(
        {
            name: Labels.of([f"{name} {int(v)}" for v in values]) if name in CATEGORIES else values
            for name, values in features.items()
        }
    )
