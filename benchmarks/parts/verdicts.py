"""How often the robust verdict alarms without drift, and how often it sees a drift that is there.

Each pair of samples has four features: normal, lognormal, Student's t with 3 degrees of freedom, and
5 categories. For the power one of the four drifts, the others do not.
"""

from __future__ import annotations

from collections import Counter
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.parts import Values, say

LIMIT_SECONDS = 1200
SEED = 2013
SIZES = ((100, 100), (1_000, 100), (1_000, 1_000), (10_000, 200), (10_000, 10_000))
POWER_ROWS = 2_000
SHIFT_SD = 0.5
LABELS = np.array(["a", "b", "c", "d", "e"])
SHARES = (0.40, 0.25, 0.15, 0.12, 0.08)
#: Ten points of a hundred change category: from the most to the least frequent, and between the
#: two most frequent, which is the hardest to see.
TO_RAREST = (0.30, 0.25, 0.15, 0.12, 0.18)
BETWEEN_FREQUENT = (0.30, 0.35, 0.15, 0.12, 0.08)
STANDARD_DEVIATIONS = {"normal": 1.0, "lognormal": ((np.e - 1) * np.e) ** 0.5, "t3": 3**0.5}

Sample: TypeAlias = dict[str, NDArray[np.float64] | NDArray[np.str_]]


def measure(*, tiny: bool) -> Values:
    """Yield the share of false alarms, then the power."""
    pairs, power_pairs = (10, 5) if tiny else (400, 200)
    yield from _false_alarms(pairs)
    yield from _power(power_pairs)


def _false_alarms(pairs: int) -> Values:
    alarms: Counter[str] = Counter()
    judged: Counter[str] = Counter()
    for pair in range(pairs):
        rows = SIZES[pair % len(SIZES)]
        if pair % 50 == 0:
            say(f"pair without drift {pair + 1} of {pairs}")
        rng = np.random.default_rng([SEED, 0, pair])
        for feature, alarmed in _alarms(_draw(rng, rows[0]), _draw(rng, rows[1])).items():
            for group in ("all", feature, f"{rows[0]}_{rows[1]}"):
                judged[group] += 1
                alarms[group] += alarmed
    yield "verdicts_pairs_without_drift", pairs
    yield "verdicts_features_judged", judged["all"]
    yield "verdicts_false_alarm_share", alarms["all"] / judged["all"]
    for group in [group for group in judged if group != "all"]:
        yield f"verdicts_false_alarm_share_{group}", alarms[group] / judged[group]


def _power(pairs: int) -> Values:
    for feature in STANDARD_DEVIATIONS:
        yield f"verdicts_power_{feature}_half_sd", _share_seen(feature, pairs, shifted=feature)
    seen = _share_seen("categories", pairs, shares=TO_RAREST)
    yield "verdicts_power_category_10_points_to_rarest", seen
    seen = _share_seen("categories", pairs, shares=BETWEEN_FREQUENT)
    yield "verdicts_power_category_10_points_between_frequent", seen


def _share_seen(
    feature: str, pairs: int, *, shifted: str = "", shares: tuple[float, ...] = SHARES
) -> float:
    say(f"drift of {feature}, {pairs} pairs")
    seen = 0
    for pair in range(pairs):
        rng = np.random.default_rng([SEED, 1, pair])
        reference = _draw(rng, POWER_ROWS)
        seen += _alarms(reference, _draw(rng, POWER_ROWS, shifted, shares))[feature]
    return seen / pairs


def _draw(
    rng: np.random.Generator, rows: int, shifted: str = "", shares: tuple[float, ...] = SHARES
) -> Sample:
    numbers = {
        "normal": rng.normal(0, 1, rows),
        "lognormal": rng.lognormal(0, 1, rows),
        "t3": rng.standard_t(3, rows),
    }
    if shifted:
        numbers[shifted] += SHIFT_SD * STANDARD_DEVIATIONS[shifted]
    return {**numbers, "categories": LABELS[rng.choice(len(LABELS), rows, p=shares)]}


def _alarms(reference: Sample, production: Sample) -> dict[str, bool]:
    from monitoring.signals.data_drift.comparison import compare_values, verdicts  # noqa: PLC0415 - listing the parts stays quick

    statuses = verdicts(compare_values(reference, production))
    return {feature: statuses[feature] == "breached" for feature in reference}
