"""Did a course change, and when? One change at most, by likelihood ratio, as a probability.

The course up to a moment is fitted as one piece and as two pieces that meet nowhere, at every
possible place; errors are normal and of one size. The gain of two pieces is weighed against their
further parameters by Schwarz's criterion, whose difference is twice the logarithm of a Bayes factor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from monitoring.arrays import Floats

#: A piece is a constant level, or a straight line (what fills up slowly changes its slope).
Piece = Literal["level", "line"]
#: Steps that a piece needs at least.
LEAST: dict[Piece, int] = {"level": 2, "line": 4}
#: Steps that must be known at all.
LEAST_STEPS = 8
#: Further parameters of two pieces: the place, and level or level and slope of the second.
_FURTHER: dict[Piece, int] = {"level": 2, "line": 3}
#: Noise is not taken for less than this share of the spread of the course: rounded or constant
#: numbers would make every change certain.
LEAST_NOISE = 0.02


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """The likeliest change of a course.

    index: first step after it. probability: that there was one, 0 to 1, if both were as likely
    before. before, after: mean level on either side. effect: their difference by the noise.
    """

    index: int
    probability: float
    before: float
    after: float
    effect: float


def change_point(values: Floats, piece: Piece = "level") -> ChangePoint | None:
    """Return the likeliest change of a course; None if it is too short to tell.

    Args:
        values: Shape (n,), in time order; nan where nothing was measured, and left out.

    Returns:
        Its index counts the values as given, gaps included.

    Source:
        Yao (1988), Statistics and Probability Letters 6, 181; Kass and Raftery (1995), JASA 90, 773
        for the criterion as a Bayes factor.

    >>> found = change_point(np.array([1.0, 1, 1, 1, 1, 3, 3, 3, 3, 3]))
    >>> found.index, found.before, found.after, found.probability > 0.999
    (5, 1.0, 3.0, True)
    >>> change_point(np.array([1.0, 2, 1, 2, 1, 2, 1, 2, 1, 2])).probability < 0.2
    True
    """
    known = np.flatnonzero(~np.isnan(values))
    course = values[known]
    n, least = len(course), LEAST[piece]
    if n < max(LEAST_STEPS, 2 * least):
        return None
    noise = LEAST_NOISE * float(np.ptp(course)) or 1e-9
    floor = n * noise**2
    left = _residuals(course, piece)
    right = _residuals(course[::-1], piece)[::-1]
    # Two pieces: the first `at` steps and the rest.
    places = np.arange(least, n - least + 1)
    split = left[places - 1] + right[places]
    best = int(np.argmin(split))
    at, whole, two = int(places[best]), left[n - 1] + floor, float(split[best]) + floor
    gain = n * math.log(whole / two) - _FURTHER[piece] * math.log(n)
    before, after = float(course[:at].mean()), float(course[at:].mean())
    return ChangePoint(
        index=int(known[at]),
        probability=1 / (1 + math.exp(-min(max(gain / 2, -700.0), 700.0))),
        before=before,
        after=after,
        effect=(after - before) / math.sqrt(two / n),
    )


def _residuals(course: Floats, piece: Piece) -> Floats:
    """Return the squared errors of the best piece over the first 1, 2, ... n steps, shape (n,).

    >>> _residuals(np.array([1.0, 3.0, 2.0]), "level").tolist()
    [0.0, 2.0, 2.0]
    """
    y = course - course.mean()
    n = np.arange(1, len(y) + 1)
    total, squares = np.cumsum(y), np.cumsum(y**2)
    of_level = squares - total**2 / n
    if piece == "level":
        level: Floats = np.maximum(of_level, 0.0)
        return level
    x = np.arange(len(y), dtype=np.float64)
    spread = np.cumsum(x**2) - np.cumsum(x) ** 2 / n
    joint = np.cumsum(x * y) - np.cumsum(x) * total / n
    explained = np.divide(joint**2, spread, out=np.zeros_like(joint), where=spread > 0)
    line: Floats = np.maximum(of_level - explained, 0.0)
    return line


def seasonless(values: Floats, period: int) -> Floats:
    """Return a course less what it usually is at that time: the median of the same step of earlier periods.

    Steps of the first two periods have too little before them: they keep their distance from the
    first periods' own median. Only earlier steps count, so that the present cannot change the past.

    >>> seasonless(np.array([1.0, 5, 1, 5, 1, 5, 1, 9]), 2).tolist()
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 4.0]
    """
    found = np.full(len(values), np.nan)
    for at in range(len(values)):
        earlier = values[at % period : at : period][-8:]
        first = values[at % period :: period][:2]
        usual = earlier if len(earlier) > 1 else first
        usual = usual[~np.isnan(usual)]
        found[at] = values[at] - np.median(usual) if len(usual) else np.nan
    return found
