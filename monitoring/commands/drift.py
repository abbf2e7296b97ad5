"""`drift`: compare two files."""

from __future__ import annotations

import argparse
from typing import Any

from monitoring.commands import BREACHED, OK
from monitoring.commands.output import WRITERS, clear, progress
from monitoring.metrics.drift_metric import parse_thresholds


def add(commands: Any) -> None:
    """Add the command."""
    drift = commands.add_parser(
        "drift",
        help="compare the distribution of every feature in two files or folders",
        description="Compare every feature of a production file or folder with its reference."
        " Reads Parquet, CSV and JSON lines.",
    )
    drift.add_argument("--reference", required=True, metavar="PATH")
    drift.add_argument("--production", required=True, metavar="PATH")
    drift.add_argument("--mode", choices=("robust", "azureml"), default="robust")
    drift.add_argument("--features", metavar="a,b", help="only these columns")
    drift.add_argument("--format", choices=("table", "json", "csv"), default="table")
    drift.add_argument(
        "--threshold",
        action="append",
        default=[],
        metavar="metric=value",
        help="may be given several times",
    )
    drift.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from monitoring.metrics.drift import METRICS  # noqa: PLC0415 - only this command needs them
    from monitoring.signals.data_drift.comparison import compare_files  # noqa: PLC0415

    thresholds = parse_thresholds(options.threshold, METRICS)
    names = [name.strip() for name in (options.features or "").split(",") if name.strip()]
    results = compare_files(
        options.reference,
        options.production,
        mode=options.mode,
        features=names or None,
        thresholds=thresholds,
        progress=progress(),
    )
    clear()
    WRITERS[options.format](results)
    return BREACHED if any(result.status == "breached" for result in results) else OK
