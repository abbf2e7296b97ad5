"""What was wrong with collected lines and ids, in plain words, with what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitoring.metrics.quality_metric import TableFacts
from monitoring.sources.cloud_events import BAD_VALUE
from monitoring.statistics.rates import Share

#: Both collections must lack so large a share of the other's ids to look sampled.
SAMPLED_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault. loses: whether no row can be read from such a line."""

    words: str
    fix: str
    loses: bool = False


@dataclass(frozen=True, slots=True)
class FaultCount:
    """How often a fault occurred. `of` is what it is counted among; 0 where nothing fits."""

    name: str
    count: int
    of: int
    unit: str
    words: str
    fix: str


FAULTS: Mapping[str, Fault] = {
    "unfinished last line": Fault(
        "The last line of a file is cut off: it was being written, or the writing broke off.",
        "Nothing if it is today's file. Else the container was stopped hard; its last rows are lost.",
        loses=True,
    ),
    "not JSON": Fault(
        "A line is no JSON.",
        "Look for another process that writes into the folder, or a broken upload.",
        loses=True,
    ),
    "not an event": Fault(
        "A line is JSON, but no CloudEvent.",
        "Only the model data collector should write into its folder.",
        loses=True,
    ),
    "binary payload": Fault(
        "A line says that its payload is a binary file (datainblob).",
        "Collect tables, not bytes: pass a pandas DataFrame to collect().",
        loses=True,
    ),
    "payload file not readable": Fault(
        "A payload above 4 MB lies in a file beside its line (dataref) that is gone or not JSON.",
        "Keep payload files as long as the lines, or send smaller batches.",
        loses=True,
    ),
    "payload is text": Fault(
        "The payload is a text that is no JSON.",
        "Pass a pandas DataFrame to collect(), not a string.",
        loses=True,
    ),
    "no payload": Fault(
        "A line has neither data nor a reference to it.",
        "Look at what the scoring script passes to collect().",
        loses=True,
    ),
    "not a record": Fault(
        "A row of a payload is no record of named values.",
        "Pass a pandas DataFrame with column names to collect().",
        loses=True,
    ),
    "no correlation id": Fault(
        "A line has no correlation id; its event id stands in, and labels cannot join by it.",
        "Pass the context of collect(inputs) on to collect(outputs).",
    ),
    "no time": Fault(
        "A line has no time; its day is that of its folder.",
        "Update the package azureml-ai-monitoring in the image.",
    ),
}
_OTHER = Fault("A line could not be used.", "Look at the line in the storage account.", loses=True)
_BAD = Fault(
    "{} values of {!r} are not of the type that the training data has.",
    "See its type error rate above; the value counts as a type error, not as a null.",
)


def lost(faults: Mapping[str, int], lines: int) -> Share:
    """Return the lines that no row could be read from, among all lines.

    >>> lost({"not JSON": 2, "no time": 5, "bad value: x": 9}, 100)
    Share(hits=2, rows=100)
    """
    counts = (n for name, n in faults.items() if _fault(name).loses)
    return Share(min(sum(counts), lines), lines)


def _fault(name: str) -> Fault:
    return _BAD if name.startswith(BAD_VALUE) else FAULTS.get(name, _OTHER)


def named(faults: Mapping[str, int], lines: int, rows: int) -> list[FaultCount]:
    """Return each fault of the lines by name, most frequent first."""
    found = []
    for name, count in Counter(faults).most_common():
        fault = _fault(name)
        words = fault.words
        among, unit = lines, "lines"
        if name.startswith(BAD_VALUE):
            words = words.format(f"{count:,}", name.removeprefix(BAD_VALUE))
            among, unit = rows, "values"
        found.append(FaultCount(name, count, among, unit, words, fault.fix))
    return found


def of_rows(days: Iterable[TableFacts], merged: int) -> list[FaultCount]:
    """Return the faults that only rows show: repeated ids, lines with several rows, ids without match."""
    facts = list(days)
    rows = sum(each.rows for each in facts)
    found = []
    if merged:
        found.append(
            FaultCount(
                "several rows in one line",
                merged,
                rows,
                "rows",
                "The collector wrote near-simultaneous calls into one line, under the first one's id.",
                "Nothing: each row keeps its place in the line as part of its id.",
            )
        )
    if repeated := total(each.duplicate_ids for each in facts):
        found.append(
            FaultCount(
                "duplicate id",
                round(repeated.hits),
                round(repeated.rows),
                "rows",
                "Another row of the same day has the same correlation id.",
                "Give each call its own x-request-id; a label joins to all rows of its id.",
            )
        )
    return [each for each in [*found, *_apart(facts)] if each.count]


def _apart(facts: list[TableFacts]) -> list[FaultCount]:
    inputs = total(each.inputs_alone for each in facts) or Share(0, 0)
    outputs = total(each.outputs_alone for each in facts) or Share(0, 0)
    found = [
        FaultCount(
            "prediction without inputs",
            round(outputs.hits),
            round(outputs.rows),
            "predictions",
            "A prediction was collected, but not the inputs it was made of.",
            "Pass the context of collect(inputs) on to collect(outputs), and collect all of both.",
        ),
        FaultCount(
            "inputs without prediction",
            round(inputs.hits),
            round(inputs.rows),
            "inputs",
            "Inputs were collected, but no prediction for them: the request failed, or it was not"
            " sampled.",
            "Compare with the errors of the deployment on the overview.",
        ),
    ]
    if min(inputs.rate, outputs.rate) >= SAMPLED_SHARE:
        found.append(
            FaultCount(
                "sampled collector",
                round(inputs.hits + outputs.hits),
                round(inputs.rows + outputs.rows),
                "rows",
                f"Inputs and predictions seem to be sampled apart, at about {1 - outputs.rate:.0%} and"
                f" {1 - inputs.rate:.0%}: the collector draws anew for each of the two.",
                "Set the sampling rate of both collections to 100 %, or sample requests yourself.",
            )
        )
    return found


def total(shares: Iterable[Share | None]) -> Share | None:
    """Return the sum of shares that are known; None if none is.

    >>> total([None, Share(1, 2), Share(0, 3)])
    Share(hits=1, rows=5)
    """
    known = [share for share in shares if share is not None]
    return sum(known, Share(0, 0)) if known else None
