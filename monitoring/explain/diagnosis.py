"""What is going on, in words: concept, data and prediction drift and broken data told apart.

A pure function of results that other signals have judged. Each sentence carries the results that its
numbers come from. It says what goes with what, and where it cannot tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal, TypeGuard

from monitoring.metric import MetricResult
from monitoring.metrics.performance import METRICS
from monitoring.verdict import is_beyond

Verdict = Literal[
    "nothing_wrong",
    "data_fault",
    "concept_drift",
    "data_drift",
    "prediction_drift",
    "unexplained_drop",
    "cannot_tell",
]
TITLES: Mapping[Verdict, str] = {
    "nothing_wrong": "Nothing wrong was found",
    "data_fault": "The data have faults: look there first",
    "concept_drift": "The relation itself has probably moved (concept drift)",
    "data_drift": "Other rows come in (data drift)",
    "prediction_drift": "The answers changed (prediction drift)",
    "unexplained_drop": "Performance fell, and what with cannot be told",
    "cannot_tell": "Cannot tell",
}
#: Names that a sentence lists before it counts the rest.
MOST_NAMED = 4


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and the results that it rests on."""

    text: str
    results: tuple[MetricResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A verdict and one to three sentences of evidence."""

    verdict: Verdict
    sentences: tuple[Sentence, ...]

    @property
    def title(self) -> str:
        """The verdict in words."""
        return TITLES[self.verdict]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What other signals found over one window.

    inputs: the result that decides on each feature. predictions: those of prediction drift. realized:
    performance on labels. estimated: what was expected without labels, its interval the band.
    realized_steps, estimated_steps: both by day or week, matched by their windows. quality: those of
    data quality. Empty or None where a signal was not measured.
    """

    inputs: Sequence[MetricResult] = ()
    predictions: Sequence[MetricResult] = ()
    realized: MetricResult | None = None
    estimated: MetricResult | None = None
    realized_steps: Sequence[MetricResult] = ()
    estimated_steps: Sequence[MetricResult] = ()
    quality: Sequence[MetricResult] = ()

    @property
    def changed(self) -> tuple[MetricResult, ...]:
        """Inputs that breached."""
        return _breached(self.inputs)

    @property
    def has_labels(self) -> bool:
        """Whether realized performance was judged."""
        return self.realized is not None and self.realized.status in {"ok", "breached"}

    @property
    def fell(self) -> bool:
        """Whether realized performance breached."""
        return self.realized is not None and self.realized.status == "breached"

    @property
    def is_beyond_band(self) -> bool | None:
        """Whether realized performance is worse than the band of the estimate; None if unknown."""
        if not self.has_labels or self.estimated is None or self.realized is None:
            return None
        return _is_beyond(self.realized, self.estimated)


def diagnose(evidence: Evidence) -> Diagnosis:  # noqa: PLR0911 - one way out for each pattern
    """Tell what goes with the state of a model.

    >>> found = diagnose(Evidence())
    >>> found.title, found.sentences[0].text
    ('Cannot tell', 'Neither inputs nor performance could be judged in this window.')
    """
    if not _judged(evidence.inputs) and not evidence.has_labels:
        text = "Neither inputs nor performance could be judged in this window."
        return Diagnosis("cannot_tell", (Sentence(text), *_faults(evidence)))
    if faults := _faults(evidence):
        return Diagnosis("data_fault", (*faults, _state(evidence), _after_repair(evidence)))
    if not evidence.has_labels:
        return _without_labels(evidence)
    inputs, held = _inputs(evidence), _state(evidence)
    if evidence.is_beyond_band:
        return Diagnosis("concept_drift", (inputs, _band(evidence), held))
    if evidence.fell:
        return _fallen(evidence, inputs)
    if evidence.changed:
        return Diagnosis("data_drift", (inputs, held, *_answers(evidence)))
    if answers := _answers(evidence):
        return Diagnosis("prediction_drift", (*answers, inputs, held))
    return Diagnosis("nothing_wrong", (held, inputs))


def _fallen(evidence: Evidence, inputs: Sentence) -> Diagnosis:
    """Performance breached, and is not known to lie beyond what was expected."""
    if evidence.is_beyond_band is False:
        if evidence.changed:
            return Diagnosis("data_drift", (inputs, _band(evidence), _state(evidence)))
        text = (
            "The estimate expected as much, though no input breached: see which segments changed."
        )
        return Diagnosis("unexplained_drop", (_state(evidence), inputs, Sentence(text)))
    if evidence.changed:
        text = (
            "Without an estimate it cannot be told whether other rows alone explain it: see what "
            "the change goes with."
        )
        return Diagnosis("unexplained_drop", (_state(evidence), inputs, Sentence(text)))
    text = "With inputs as before, a fall points to the relation between inputs and outcome."
    return Diagnosis("concept_drift", (_state(evidence), inputs, Sentence(text)))


def _without_labels(evidence: Evidence) -> Diagnosis:
    """No outcome has arrived: the relation cannot be judged, and that is said."""
    blind = Sentence(
        "Whether the relation moved (concept drift) cannot be told: no labels yet.",
        (evidence.realized,) if evidence.realized else (),
    )
    expected = _expected(evidence)
    if evidence.changed:
        return Diagnosis("data_drift", (_inputs(evidence), *expected, blind))
    if answers := _answers(evidence):
        return Diagnosis("prediction_drift", (*answers, _inputs(evidence), blind))
    return Diagnosis("cannot_tell", (_inputs(evidence), *expected, blind))


def _inputs(evidence: Evidence) -> Sentence:
    changed, judged = evidence.changed, _judged(evidence.inputs)
    if not judged:
        return Sentence("Whether the inputs changed was not judged.")
    if not changed:
        return Sentence(f"None of {_count(len(judged), 'feature')} breached.", tuple(judged))
    names = _named([each.subject for each in changed])
    return Sentence(f"Inputs changed: {len(changed)} of {len(judged)} features ({names}).", changed)


def _state(evidence: Evidence) -> Sentence:
    """Realized performance against its threshold."""
    result = evidence.realized
    if result is None or not evidence.has_labels or result.value is None:
        return Sentence("How right the model was is not known: no labels yet.")
    is_lower = result.worse == "lower"
    breached = result.status == "breached"
    limit = (("below" if is_lower else "above") if breached else ("not below" if is_lower else "not above"))  # fmt: skip
    return Sentence(
        f"{_label(result)} {'is' if breached else 'held:'} {_number(result.value)}{_interval(result)}, "
        f"{limit} its threshold {_number(result.threshold)}, on {result.rows:,} labels.",
        (result,),
    )


def _band(evidence: Evidence) -> Sentence:
    """Realized performance against the estimate's band, and on how many steps it lay beyond."""
    realized, estimated = evidence.realized, evidence.estimated
    if not _has_value(realized) or not _has_value(estimated):
        return Sentence("There is no estimate to compare with.")
    text = f"The estimate expected {_number(estimated.value)}, realized {_number(realized.value)}"
    if band := estimated.interval:
        place = "outside" if evidence.is_beyond_band else "inside"
        text += f", {place} its band {_number(band.low)} to {_number(band.high)}"
    steps = _steps(evidence)
    if steps:
        beyond = [pair for pair in steps if _is_beyond(*pair)]
        text += f", outside on {len(beyond)} of {len(steps)} days"
    return Sentence(f"{text}.", (realized, estimated, *chain.from_iterable(steps)))


def _has_value(result: MetricResult | None) -> TypeGuard[MetricResult]:
    return result is not None and result.value is not None


def _expected(evidence: Evidence) -> tuple[Sentence, ...]:
    result = evidence.estimated
    if result is None or result.value is None:
        return ()
    text = (
        f"The estimate expects {_label(result).lower()} {_number(result.value)}{_interval(result)}"
    )
    if result.status == "breached":
        text += f", beyond its threshold {_number(result.threshold)}"
    return (Sentence(f"{text}: an estimate, not a measurement.", (result,)),)


def _answers(evidence: Evidence) -> tuple[Sentence, ...]:
    breached = _breached(evidence.predictions)
    if not breached:
        return ()
    worst = breached[0]
    what = _named(list(dict.fromkeys(each.subject for each in breached)))
    text = f"The model's answers changed ({what}"
    if worst.value is not None:
        text += f"; {_label(worst).lower()} {_number(worst.value)}, threshold {_number(worst.threshold)}"
    return (Sentence(f"{text}).", breached),)


def _faults(evidence: Evidence) -> tuple[Sentence, ...]:
    breached = _breached(evidence.quality)
    if not breached:
        return ()
    listed = "; ".join(
        f"{each.subject}: {_label(each).lower()} {_number(each.value)}, threshold "
        f"{_number(each.threshold)}"
        for each in breached[:MOST_NAMED]
    )
    more = len(breached) - MOST_NAMED
    text = f"Data quality breached ({listed}{f'; {more} more' if more > 0 else ''})."
    return (Sentence(text, breached),)


def _after_repair(evidence: Evidence) -> Sentence:
    changed = evidence.changed
    if not changed:
        text = "No input changed its distribution beyond that: repair the data, then look again."
        return Sentence(text)
    faulty = {each.subject for each in _breached(evidence.quality)}
    own = tuple(each for each in changed if each.subject not in faulty)
    if not own:
        text = "All inputs that changed are among these: repair them before blaming the model."
        return Sentence(text, changed)
    text = (
        f"{_count(len(own), 'other input')} changed too ({_named([e.subject for e in own])}): look "
        "again once the data are repaired."
    )
    return Sentence(text, own)


def _steps(evidence: Evidence) -> list[tuple[MetricResult, MetricResult]]:
    expected = {each.window: each for each in evidence.estimated_steps if each.interval}
    return [
        (each, expected[each.window])
        for each in evidence.realized_steps
        if each.value is not None and each.window in expected and each.status in {"ok", "breached"}
    ]


def _is_beyond(realized: MetricResult, estimated: MetricResult) -> bool:
    """Whether a realized value is worse than the whole band."""
    if realized.value is None or estimated.interval is None:
        return False
    band = estimated.interval
    end = band.low if realized.worse == "lower" else band.high
    return is_beyond(realized.value, end, realized.worse)


def _judged(results: Sequence[MetricResult]) -> list[MetricResult]:
    return [each for each in results if each.status in {"ok", "breached"}]


def _breached(results: Sequence[MetricResult]) -> tuple[MetricResult, ...]:
    return tuple(each for each in results if each.status == "breached")


def _label(result: MetricResult) -> str:
    metric = METRICS.get(result.metric)
    return metric.label if metric else result.metric.replace("_", " ").capitalize()


def _interval(result: MetricResult) -> str:
    if result.interval is None:
        return ""
    return f" (95 % {_number(result.interval.low)} to {_number(result.interval.high)})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _named(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
