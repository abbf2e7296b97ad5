"""`quality`: check one file against another."""

from __future__ import annotations

import argparse
from typing import Any

from monitoring.commands import BREACHED, OK
from monitoring.commands.output import WRITERS, clear, progress


def add(commands: Any) -> None:
    """Add the command."""
    quality = commands.add_parser(
        "quality",
        help="check nulls, types, bounds, categories, duplicates and schema against a reference",
        description="Check the rows of a file or folder against its reference."
        " Reads Parquet, CSV and JSON lines.",
    )
    quality.add_argument("--data", required=True, metavar="PATH")
    quality.add_argument("--reference", required=True, metavar="PATH")
    quality.add_argument("--mode", choices=("robust", "azureml"), default="robust")
    quality.add_argument("--features", metavar="a,b", help="only these columns")
    quality.add_argument("--format", choices=("table", "json", "csv"), default="table")
    quality.add_argument(
        "--threshold",
        action="append",
        default=[],
        metavar="metric=value",
        help="or metric:feature=value; may be given several times",
    )
    quality.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from monitoring.signals.data_quality.files import compare_files  # noqa: PLC0415
    from monitoring.signals.data_quality.judging import parse_thresholds  # noqa: PLC0415 - only this needs it
    from monitoring.signals.data_quality.report import Rules  # noqa: PLC0415

    names = [name.strip() for name in (options.features or "").split(",") if name.strip()]
    report = compare_files(
        options.reference,
        options.data,
        rules=Rules(options.mode, thresholds=parse_thresholds(options.threshold)),
        features=names or None,
        progress=progress(),
    )
    clear()
    WRITERS[options.format](report.results)
    return BREACHED if any(result.status == "breached" for result in report.results) else OK
