"""`performance`: how right the predictions in a file are, and are estimated to be."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from monitoring.commands import output
from monitoring.errors import InputError

if TYPE_CHECKING:
    from monitoring.metric import MetricResult
    from monitoring.signals.model_performance.files import FilesPerformance

ESTIMATED = "estimated_performance"
COLUMNS = ("of", "metric", "value", "95 % interval", "threshold", "n", "status")


def add(commands: Any) -> None:
    """Add the command."""
    performance = commands.add_parser(
        "performance",
        help="measure predictions against labels, or estimate them without",
        description="Realized performance of a file or folder, with 95 %% intervals. With a reference,"
        " what was realized there is the baseline, and performance is estimated where labels are"
        " missing. Reads Parquet, CSV and JSON lines.",
    )
    performance.add_argument("--data", required=True, metavar="PATH")
    performance.add_argument("--target", required=True, metavar="COL", help="labels; may be absent from --data if there is a --reference")  # fmt: skip
    performance.add_argument("--prediction", required=True, metavar="COL")
    performance.add_argument(
        "--probability",
        action="append",
        default=[],
        metavar="COL",
        help="of the positive class; of more classes class=COL, several times or with commas, or a"
        " prefix that ends in *",
    )
    performance.add_argument("--reference", metavar="PATH", help="predictions with labels from better days")  # fmt: skip
    performance.add_argument("--group", metavar="COL", help="also by the values of this column")
    performance.add_argument("--time", metavar="COL", help="also by day, week or month of this column")  # fmt: skip
    performance.add_argument("--period", choices=("day", "week", "month"), default="day")
    performance.add_argument(
        "--task",
        choices=("binary_classification", "multiclass_classification", "regression"),
        help="default: found out from the values",
    )
    output.add_options(performance)
    performance.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from monitoring.signals.model_performance.files import Asked, measure_files  # noqa: PLC0415 - only this needs it

    asked = Asked(
        options.target,
        options.prediction,
        tuple(options.probability),
        options.group,
        options.time,
        options.task,
    )
    found = measure_files(
        options.data,
        asked,
        reference=options.reference,
        period=options.period,
        thresholds=_thresholds(options.threshold),
        progress=output.progress(),
    )
    output.clear()
    results = found.results()
    if not results:
        raise InputError(
            f"Cannot measure performance of {options.data!r}: {found.refused}",
            hint="Give labels, or a larger reference with probabilities.",
        )
    if options.format == "table":
        _write_table(found)
    else:
        output.WRITERS[options.format](results)
    return output.exit_code(results)


def _thresholds(texts: Sequence[str]) -> dict[str, float]:
    """Read `metric=value` pairs.

    Raises:
        InputError: A pair names no metric, or its value is not a finite number.
    """
    from monitoring.metrics.performance import METRICS  # noqa: PLC0415

    found = {}
    for text in texts:
        name, _, number = (part.strip() for part in text.partition("="))
        if name not in METRICS:
            raise InputError(
                f"Cannot set the threshold {text!r}: no metric is called {name!r}",
                hint=f"Choose one of {', '.join(METRICS)}.",
            )
        try:
            found[name] = float(number)
        except ValueError:
            found[name] = math.nan
        if not math.isfinite(found[name]):
            raise InputError(
                f"Cannot set the threshold of {name!r} to {number!r}",
                hint=f"Write it as {name}=0.8.",
            )
        low, high = METRICS[name].bounds
        if not low <= found[name] <= high:
            raise InputError(
                f"Cannot set the threshold of {name!r} to {number}: it lies between {low:g} and {high:g}",
                hint=f"Write it as {name}=0.8.",
            )
    return found


def _write_table(found: FilesPerformance) -> None:
    rows = [_row(of, result) for of, result in found.rows()]
    output.print_rows([COLUMNS, *rows])
    print()
    for line in _notes(found):
        print(line)
    breached = sum(result.status == "breached" for _, result in found.rows())
    print(f"{breached} of {len(rows)} results breached a threshold.")


def _row(of: str, result: MetricResult) -> tuple[str, ...]:
    interval = result.interval
    sign = ">" if result.worse == "higher" else "<"
    return (
        of,
        result.metric + (" (estimated)" if result.signal == ESTIMATED else ""),
        _number(result.value),
        f"{interval.low:.3g} to {interval.high:.3g}" if interval else "",
        "" if math.isnan(result.threshold) else f"{sign} {_number(result.threshold)}",
        f"{result.rows:,}",
        result.status + (f" ({result.reason})" if result.reason else ""),
    )


def _number(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.4g}"


def _notes(found: FilesPerformance) -> list[str]:
    notes = list(found.notes)
    if found.realized is not None:
        notes += found.realized.about_positive
        coverage = found.realized.coverage
        if coverage is not None:
            notes.append(f"{coverage:.1%} of the predictions have a label.")
        notes += [f"Left out or lacking: {rows:,} {name}." for name, rows in found.realized.faults.items()]  # fmt: skip
    if found.refused:
        notes.append(f"Not estimated: {found.refused}")
    return [*notes, *(f"Estimate: {check.reason}" for check in found.checks)]
