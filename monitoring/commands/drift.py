"""`drift`: compare two files."""

from __future__ import annotations

import argparse
from typing import Any

from monitoring.commands import output
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
    output.add_rules(drift)
    output.add_options(drift)
    drift.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from monitoring.metrics.drift import METRICS  # noqa: PLC0415 - only this command needs them
    from monitoring.signals.data_drift.comparison import compare_files  # noqa: PLC0415

    thresholds = parse_thresholds(options.threshold, METRICS)
    results = compare_files(
        options.reference,
        options.production,
        mode=options.mode,
        features=output.features_of(options),
        thresholds=thresholds,
        progress=output.progress(),
    )
    output.clear()
    output.WRITERS[options.format](results)
    return output.exit_code(results)
