"""Which definitions of fairness cannot hold together, told from the labels that have arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitoring.errors import NotEnoughData
from monitoring.metrics.fairness_metric import OneClass, share_of
from monitoring.statistics import spread
from monitoring.statistics.performance import Performance

#: Below this p-value the groups' shares of positive labels are taken to differ.
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Conflict:
    """What the base rates of the groups say.

    rates: share of positive labels by group, of those large enough. pvalue: of equal base rates; None
    where they cannot be compared. sentences: in plain words.
    """

    rates: Mapping[str, Performance]
    pvalue: float | None
    sentences: tuple[str, ...]


def conflicts(groups: Mapping[str, OneClass], least_rows: int) -> Conflict:
    """Say which definitions exclude each other, given how common the positive class is by group.

    Where base rates differ, a classifier that is not perfect cannot have equal precision and equal
    false positive and false negative rates at once: FPR = p / (1 - p) * (1 - PPV) / PPV * (1 - FNR).
    Equal selection rates then need unequal error rates even of a perfect model.

    Args:
        least_rows: Labelled rows below which a group is left out.

    Source:
        Chouldechova (2017), doi:10.1089/big.2016.0047; Kleinberg, Mullainathan and Raghavan (2017),
        arXiv:1609.05807; Barocas, Hardt and Narayanan (2023), Fairness and Machine Learning, chapter 3.

    >>> equal = OneClass(30, 10, 20, 40, 40, 60, 70)
    >>> conflicts({"a": equal, "b": equal}, 30).sentences[0]
    'The groups do not differ detectably in how common the positive class is (p = 1).'
    """
    rates = {
        name: share_of(counts.positives, counts.labelled, "the base rate", "labelled rows")
        for name, counts in groups.items()
        if counts.labelled >= max(least_rows, 1)
    }
    try:
        found = spread.difference(list(rates.values()))
    except NotEnoughData:
        return Conflict(rates, None, ("Too few labels have arrived to compare base rates.",))
    if found.pvalue > LEVEL:
        return Conflict(rates, found.pvalue, (_SAME.format(found.pvalue), _NO_CONFLICT))
    low, high = (list(rates)[at] for at in found.ends)
    sentence = (
        f"The positive class is not equally common: {rates[low].value:.1%} of labels in {low}, "
        f"{rates[high].value:.1%} in {high}."
    )
    perfect = all(c.right == c.labelled for c in groups.values())
    return Conflict(rates, found.pvalue, (sentence, *((_PERFECT,) if perfect else _CONFLICTS)))


_SAME = "The groups do not differ detectably in how common the positive class is (p = {:.2g})."
_NO_CONFLICT = "So no definition is ruled out by another here; each can still fail on its own."
_CONFLICTS = (
    (
        "So equal precision (predictive parity) and equal error rates (equalized odds) cannot both "
        "hold while the model makes mistakes."
    ),
    (
        "Equal selection rates (demographic parity) cannot hold together with equalized odds, unless "
        "the answers say nothing about the truth."
    ),
    (
        "Choose the definition that fits the harm that matters, and accept that the others will show "
        "gaps."
    ),
)
_PERFECT = "Without a single wrong answer, only equal selection rates are ruled out."
