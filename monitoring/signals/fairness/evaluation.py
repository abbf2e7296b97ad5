"""Fairness of a deployment, by the groups of its categorical features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from monitoring.baselines.baseline import Baseline
from monitoring.baselines.served import AS_IN_FORCE, Options, Served
from monitoring.counting.totals.groups import Cut, Grouping, cut_of
from monitoring.counting.totals.outcomes import Columns
from monitoring.metric import MetricResult
from monitoring.signal import Findings, Question
from monitoring.signals.fairness import group_counts
from monitoring.signals.fairness.group_counts import CountedGroups
from monitoring.signals.fairness.report import SIGNAL, Rule, judge
from monitoring.verdict import UNFINISHED, withhold
from monitoring.window import Window

#: So many categorical features are judged, the first of the model's.
LIKELY = 4


def of_deployment(
    question: Question, options: Options = AS_IN_FORCE, *, features: Sequence[str] = ()
) -> tuple[CountedGroups, ...]:
    """Return outcomes by group and day: first of the features together, then of each likely one.

    Args:
        options: What a reader chose; the groups are those of the baseline, whatever the segment.
        features: Whose groups are asked for together.

    Raises:
        SourceError: The predictions or the baseline cannot be reached.
        InputError: A feature cannot form groups, or was not collected.
    """
    here = Served(question, SIGNAL, options)
    rows, baseline = here.rows(), here.baseline
    asked = [Grouping(tuple(cut(baseline, n, rows.columns) for n in features))] if features else []
    # Readers go from one category to the next: they are counted in the same pass and kept.
    each = [Grouping((cut(baseline, name, rows.columns),)) for name in likely(baseline)]
    groupings = list(dict.fromkeys([*asked, *each]))
    return group_counts.count_each(rows, groupings, here.store, here.progress(0.5, 1.0))


def evaluate(question: Question) -> Findings:
    """Return how far apart the groups of each likely feature are, by day."""
    here = Served(question, SIGNAL)
    if not here.rows().tables:
        return Findings()
    rule = Rule(limits=tuple(sorted(here.thresholds.items())))
    counted = of_deployment(question)
    return Findings(here.by_step(r for each in counted for r in _daily(each, rule, question)))


def _daily(counted: CountedGroups, rule: Rule, question: Question) -> Iterator[MetricResult]:
    feature = " and ".join(cut.feature for cut in counted.grouping.cuts)
    for day in sorted(counted.days):
        window = Window.day(day)
        for disparity in judge(counted, window, rule).disparities:
            result = replace(disparity.result, place=question.place.of(feature))
            yield result if window.end <= question.taken else withhold(result, UNFINISHED)


def cut(baseline: Baseline, name: str, columns: Columns) -> Cut:
    """Return how a feature of the baseline is cut into groups."""
    own, beside = cut_of(baseline.profiles[name]), f"{name}_input"
    # An input is so named where an output's column has its name.
    return replace(own, feature=beside) if beside in columns.features else own


def likely(baseline: Baseline) -> list[str]:
    """Return the first few categorical features of a baseline that form groups."""
    names = [
        n for n, p in baseline.profiles.items() if p.kind == "categorical" and len(p.labels) > 1
    ]
    return names[:LIKELY]
