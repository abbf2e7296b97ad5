"""What every command prints: progress on standard error, results on standard output."""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from monitoring.commands import BLIND, BREACHED, FAILED, OK
from monitoring.errors import InputError
from monitoring.metric import MetricResult, Status
from monitoring.spreadsheet import cell

BAR = 30
COLUMNS = (
    "feature", "metric", "value", "95 % interval", "threshold", "noise", "p adj.", "n ref.", "n",
    "status",
)  # fmt: skip


def progress(*, plain: bool = False) -> Callable[[float, str], None] | None:
    """Return a progress bar on a terminal; elsewhere lines if `plain`, else nothing."""
    if sys.stderr.isatty():
        return _bar
    return _line if plain else None


def _bar(share: float, text: str) -> None:
    full = round(min(max(share, 0.0), 1.0) * BAR)
    bar = "#" * full + "." * (BAR - full)
    print(f"\r\033[K[{bar}] {share:4.0%} {text[:60]}", end="", file=sys.stderr, flush=True)


def _line(share: float, text: str) -> None:
    print(f"{share:4.0%} {text}", file=sys.stderr, flush=True)


def clear() -> None:
    """Take the progress bar off the terminal."""
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def print_rows(rows: Sequence[Sequence[str]]) -> None:
    """Print rows whose columns stand below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        print("  ".join(padded).rstrip())


def add_options(parser: Any, *, threshold: str = "may be given several times") -> None:
    """Add the options that every comparison of files has. threshold: what is said of that one."""
    parser.add_argument(
        "--threshold", action="append", default=[], metavar="metric=value", help=threshold
    )
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table")


def add_rules(parser: Any) -> None:
    """Add the options of what is compared feature by feature."""
    parser.add_argument("--mode", choices=("robust", "azureml"), default="robust")
    parser.add_argument("--features", metavar="a,b", help="only these columns")


def features_of(options: argparse.Namespace) -> list[str] | None:
    """Return the features that were named; None for all.

    Raises:
        InputError: The option is given and names none: that is not taken to mean all.
    """
    if options.features is None:
        return None
    names = [name for each in options.features.split(",") if (name := each.strip())]
    if not names:
        raise InputError(
            f"Cannot choose features by {options.features!r}: it names none",
            hint="Write --features a,b or leave the option out for all.",
        )
    return names


def exit_code(results: Iterable[MetricResult]) -> int:
    """Return 2 with a breach, else 1, 3 or 0: not compared is not passed.

    1 where a feature could not be compared, 3 where one has too few rows to judge, 0 when every
    feature was judged and none breached.

    A feature that one metric judged is judged: that another metric is undefined on it is no failure.
    So is a number that was measured without a threshold: nothing was asked of it.
    """
    statuses: dict[str, set[Status]] = {}
    for result in results:
        is_measured = math.isnan(result.threshold) and math.isfinite(result.value or math.nan)
        status = "ok" if is_measured and result.status != "breached" else result.status
        statuses.setdefault(result.subject, set()).add(status)
    if any("breached" in found for found in statuses.values()):
        return BREACHED
    unjudged = [found for found in statuses.values() if "ok" not in found]
    if any("error" in found for found in unjudged):
        return FAILED
    return BLIND if unjudged or not statuses else OK


def _write_json(results: Sequence[MetricResult]) -> None:
    records = [_plain(result) for result in results]
    json.dump(records, sys.stdout, indent=1)
    print()


def _write_csv(results: Sequence[MetricResult]) -> None:
    records = [_plain(result) for result in results]
    writer = csv.DictWriter(sys.stdout, fieldnames=list(records[0]) if records else [])
    writer.writeheader()
    writer.writerows({key: cell(value) for key, value in each.items()} for each in records)


def _plain(result: MetricResult) -> dict[str, object]:
    record = result.as_record()
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in record.items()
    }


def _write_table(results: Sequence[MetricResult]) -> None:
    print_rows([COLUMNS, *map(_row, results)])
    features = {result.subject for result in results}
    breached = {result.subject for result in results if result.status == "breached"}
    print(f"\n{len(breached)} of {len(features)} features breached a threshold.")


def _row(result: MetricResult) -> tuple[str, ...]:
    low_high = f"{result.interval.low:.3g} to {result.interval.high:.3g}" if result.interval else ""
    return (
        result.subject,
        result.metric,
        _number(result.value),
        low_high,
        f"{'>' if result.worse == 'higher' else '<'} {_number(result.threshold)}"
        if result.metric
        else "",
        _number(result.noise_floor),
        _number(result.adjusted_pvalue),
        f"{result.reference_rows:,}",
        f"{result.rows:,}",
        result.status + (f" ({result.reason})" if result.reason else ""),
    )


def _number(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.3g}"


#: By the value of `--format`.
WRITERS = {"table": _write_table, "json": _write_json, "csv": _write_csv}
