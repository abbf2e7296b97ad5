"""Which rows of a class a metric of a classifier rests on, and whether there are enough of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from monitoring.arrays import Floats
from monitoring.counting.totals.outcomes import ClassOutcomes, Outcomes

#: What a metric is made of: of each class, the rows that are labelled so, or predicted so; or the order
#: and the probabilities of the rows of two classes.
RestsOn = Literal["labelled", "predicted", "scores"]

#: An average over classes is as uncertain as if so many rows lay evenly among them, at least. Of two
#: classes, one of them common, that is 20 rows of the other: from there on intervals hold.
LEAST_EVEN_ROWS = 80
#: The same for what rests on the scores of two classes: rows of the rarer one.
LEAST_RANKED_ROWS = 30
#: Fewer rows than this are expected to be none.
NOTHING = 1e-6


@dataclass(frozen=True, slots=True)
class ClassRows:
    """Rows of each class: `labelled` so and `predicted` so, seen or expected, in the order of `names`."""

    names: tuple[str, ...]
    labelled: tuple[float, ...]
    predicted: tuple[float, ...]

    @classmethod
    def of(cls, outcomes: Outcomes) -> ClassRows | None:
        """Return those of a classifier's labelled rows; None of a regression."""
        if not isinstance(outcomes, ClassOutcomes):
            return None
        matrix = outcomes.matrix
        labelled, predicted = matrix.sum(axis=1).tolist(), matrix.sum(axis=0).tolist()
        return cls(outcomes.classes, tuple(labelled), tuple(predicted))

    def lacking(self, rests_on: RestsOn | None) -> str:
        """Return which rows a metric lacks for a verdict; empty where there are enough.

        >>> ClassRows(("0", "1"), (990, 10), (995, 5)).lacking("labelled")
        "11 more positives needed (rows labelled '1')"
        >>> ClassRows(("a", "b", "c"), (50, 50, 0), (40, 40, 20)).lacking("labelled")
        "no row is labelled 'c'"
        """
        if rests_on is None:
            return ""
        if rests_on == "scores":
            return self._too_few_to_rank()
        # A class that does not occur is no fault of the model: all that is predicted so is wrong.
        for kind, rows in (("labelled", self.labelled), (rests_on, self._rows(rests_on))):
            if min(rows) < NOTHING:
                return f"no row is {kind} {self.names[int(np.argmin(rows))]!r}"
        rows = self._rows(rests_on)
        rarest = int(np.argmin(rows))
        return self._needed(rarest, _more(np.array(rows, np.float64), rarest), rests_on)

    def _rows(self, rests_on: RestsOn) -> tuple[float, ...]:
        return self.predicted if rests_on == "predicted" else self.labelled

    def _too_few_to_rank(self) -> str:
        if len(self.names) != 2:  # noqa: PLR2004 - of more, each counts as often as it is labelled
            return ""
        rarest = int(np.argmin(self.labelled))
        return self._needed(
            rarest, LEAST_RANKED_ROWS - math.floor(self.labelled[rarest]), "labelled"
        )

    def _needed(self, at: int, more: int, kind: str) -> str:
        if more <= 0:
            return ""
        many = "" if more == 1 else "s"
        rows = f"row{many} {kind} {self.names[at]!r}"
        is_positive = len(self.names) == 2 and at == 1 and kind == "labelled"  # noqa: PLR2004
        if is_positive:
            return f"{more:,} more positive{many} needed ({rows})"
        return f"{more:,} more {rows} needed"


def _more(rows: Floats, rarest: int) -> int:
    """Return how many rows more of the rarest class make the average certain enough; 0 if it is.

    The variance of an average over k classes is that of one row times the sum of 1 / rows over k^2.
    """
    most = len(rows) ** 2 / LEAST_EVEN_ROWS
    inverse = 1 / np.maximum(rows, 1e-9)
    if float(inverse.sum()) <= most:
        return 0
    room = most - float(np.delete(inverse, rarest).sum())
    needed = 1 / room if room > 0 else LEAST_EVEN_ROWS / len(rows)
    return max(math.ceil(needed - NOTHING) - math.floor(float(rows[rarest])), 1)
