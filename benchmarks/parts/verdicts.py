"""How often the robust verdict alarms without drift, and how often it sees a drift that is there.

Each pair of samples has four features: normal, lognormal, Student's t with 3 degrees of freedom, and
5 categories. For the power one of the four drifts, the others do not. Features of many categories are
judged ten at a time; an alarm is one of any metric, as in the exit code. Days of a rare class are held
to a reference of the same law: a day breaches if any metric does, realized or estimated.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.parts import Values, say

if TYPE_CHECKING:
    import pyarrow as pa

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
#: How many categories, at how many rows a side; and how many rows a side where 10 points move.
VALUES = (50, 150, 300, 1_000, 5_000)
VALUE_ROWS = (200, 1_000, 10_000)
FEATURES_AT_ONCE = 10
#: Shares of positive rows, rows a day, and the share of a day's rows that is predicted positive; None
#: cuts at a probability of a half.
RARE = (0.01, 0.02)
ROWS_A_DAY = (100, 300, 1_000, 3_000)
REFERENCE_DAYS, REFERENCE_ROWS = 30, 400
LARGEST_FALSE_ALARMS = "verdicts_many_values_false_alarm_share_largest"
STANDARD_DEVIATIONS = {"normal": 1.0, "lognormal": ((np.e - 1) * np.e) ** 0.5, "t3": 3**0.5}

Sample: TypeAlias = dict[str, NDArray[np.float64] | NDArray[np.str_]]


def measure(*, tiny: bool) -> Values:
    """Yield the share of false alarms, then the power."""
    pairs, power_pairs = (10, 5) if tiny else (400, 200)
    yield from _false_alarms(pairs)
    yield from _power(power_pairs)
    yield from _many_values(1 if tiny else 20, 2 if tiny else 100)
    yield from _rare_classes(3 if tiny else 100)


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


def _many_values(draws: int, moves: int) -> Values:
    largest, least, least_headline = 0.0, 1.0, 1.0
    for law in ("zipf", "uniform"):
        for values in VALUES:
            say(f"{values} categories, {law}")
            shares = _shares(law, values)
            for rows in VALUE_ROWS:
                alarms = sum(
                    sum(any(each) for each in _of_many(shares, rows, draw)) for draw in range(draws)
                )
                share = alarms / draws / FEATURES_AT_ONCE
                yield f"verdicts_many_values_false_alarm_share_{law}_{values}_{rows}", share
                largest = max(largest, share)
            for to in (0, values):
                found = [_moved(shares, to, move) for move in range(moves)]
                least = min(least, sum(any(each) for each in found) / moves)
                least_headline = min(least_headline, sum(each[0] for each in found) / moves)
    yield LARGEST_FALSE_ALARMS, largest
    yield "verdicts_many_values_power_10_points_least", least
    yield "verdicts_many_values_power_10_points_headline_least", least_headline


def _shares(law: str, values: int) -> NDArray[np.float64]:
    weights = 1 / np.arange(1.0, values + 1) if law == "zipf" else np.ones(values)
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def _of_many(shares: NDArray[np.float64], rows: int, draw: int) -> list[tuple[bool, bool]]:
    rng = np.random.default_rng([SEED, 2, len(shares), rows, draw])
    sides = [
        {f"x{at}": rng.choice(len(shares), rows, p=shares) for at in range(FEATURES_AT_ONCE)}
        for _ in range(2)
    ]
    return _breached(*sides)


def _moved(shares: NDArray[np.float64], to: int, move: int) -> tuple[bool, bool]:
    """Move ten points of the rows to one value, which is new if there is no such share."""
    rng = np.random.default_rng([SEED, 3, len(shares), move])
    one, two = (rng.choice(len(shares), POWER_ROWS, p=shares) for _ in range(2))
    others = np.flatnonzero(two != to)
    two[rng.choice(others, POWER_ROWS // 10, replace=False)] = to
    return _breached({"x": one}, {"x": two})[0]


def _breached(
    one: dict[str, NDArray[np.int64]], two: dict[str, NDArray[np.int64]]
) -> list[tuple[bool, bool]]:
    """Return of each feature whether its headline breached, and whether any metric did."""
    from monitoring.signals.data_drift.comparison import compare_values, verdicts  # noqa: PLC0415

    sides = ({name: values.astype(str) for name, values in side.items()} for side in (one, two))
    results = compare_values(*sides)
    headlines = verdicts(results)
    any_of = {result.subject for result in results if result.status == "breached"}
    return [(headlines[name] == "breached", name in any_of) for name in one]


def _rare_classes(days: int) -> Values:
    largest = 0.0
    for share in RARE:
        for rows in ROWS_A_DAY[: 1 if days < REFERENCE_DAYS else None]:
            for is_half in (True, False):
                say(f"{share:.0%} positive, {rows} rows a day")
                breached = _days_breached(share, rows, days, is_half=is_half)
                cut = "half" if is_half else "top"
                name = f"verdicts_rare_class_breach_days_share_{share * 100:.0f}_{rows}_{cut}"
                yield name, breached / days
                largest = max(largest, breached / days)
    yield "verdicts_rare_class_breach_days_share_largest", largest


def _days_breached(share: float, rows: int, days: int, *, is_half: bool) -> int:
    import pyarrow.parquet as pq  # noqa: PLC0415 - listing the parts stays quick

    from monitoring.signals.model_performance.files import Asked, measure_files  # noqa: PLC0415

    rng = np.random.default_rng([SEED, 4, rows, int(share * 100)])
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder) / "reference.parquet", Path(folder) / "data.parquet"
        sizes = (REFERENCE_DAYS, REFERENCE_ROWS), (days, rows)
        for path, (many, each) in zip(paths, sizes, strict=True):
            pq.write_table(_rare(rng, share, many, each, is_half=is_half), path)
        asked = Asked("label", "prediction", ("score",), time="time")
        found = measure_files(paths[1], asked, reference=paths[0])
    breached = {
        result.window for of, result in found.rows() if of != "all" and result.status == "breached"
    }
    return len(breached)


def _rare(
    rng: np.random.Generator, share: float, days: int, rows: int, *, is_half: bool
) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415

    n = days * rows
    logit = rng.normal(np.log(share) - 1.0, 1.6, n)
    score = 1 / (1 + np.exp(-logit))
    score *= share / score.mean()
    score = np.minimum(score, 0.99)
    cut = 0.5 if is_half else float(np.quantile(score, 1 - share))
    start = np.datetime64("2026-01-01T00:00:00", "ms")
    return pa.table(
        {
            "label": (rng.random(n) < score).astype(np.int64),
            "prediction": (score > cut).astype(np.int64),
            "score": score,
            "time": start + np.repeat(np.arange(days), rows) * np.timedelta64(1, "D"),
        }
    )


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
