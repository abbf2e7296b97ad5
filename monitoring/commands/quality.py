"""`quality`: check one file against another."""

from __future__ import annotations

import argparse
from typing import Any

from monitoring.commands import output


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
    output.add_rules(quality)
    output.add_options(quality, threshold="or metric:feature=value; may be given several times")
    quality.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from monitoring.signals.data_quality.files import compare_files  # noqa: PLC0415
    from monitoring.signals.data_quality.judging import parse_thresholds  # noqa: PLC0415 - only this needs it
    from monitoring.signals.data_quality.report import Rules  # noqa: PLC0415

    report = compare_files(
        options.reference,
        options.data,
        rules=Rules(options.mode, thresholds=parse_thresholds(options.threshold)),
        features=output.features_of(options),
        progress=output.progress(),
    )
    output.clear()
    output.WRITERS[options.format](report.results)
    return output.exit_code(report.results)
