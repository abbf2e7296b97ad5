"""The command line: `python -m monitoring drift`, `python -m monitoring sample`.

Exit code 0 without a breach, 2 with one, 1 on an error.
"""

from __future__ import annotations

import os

# The engine counts column by column on its own; a thread pool under numpy only costs start-up.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import csv
import json
import math
import sys
from collections.abc import Callable, Sequence

from monitoring.errors import MonitoringError
from monitoring.metric import MetricResult, parse_thresholds

OK, FAILED, BREACHED = 0, 1, 2
BAR = 30


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except MonitoringError as error:
        _clear()
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:  # the reader, head for one, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        _clear()
        print("error: Stopped. Nothing was written.", file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m monitoring", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
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
    drift.set_defaults(run=_drift)
    sample = commands.add_parser("sample", help="build the sample workspace, once a day")
    sample.set_defaults(run=_sample)
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        """Exit with 1: 2 means a breach."""
        self.print_usage(sys.stderr)
        print(f"error: {message}", file=sys.stderr)
        raise SystemExit(FAILED)


def _drift(options: argparse.Namespace) -> int:
    from monitoring.drift import METRICS  # noqa: PLC0415 - after the thread setting above
    from monitoring.signals.data_drift import compare_files  # noqa: PLC0415

    thresholds = parse_thresholds(options.threshold, METRICS)
    names = [name.strip() for name in (options.features or "").split(",") if name.strip()]
    results = compare_files(
        options.reference,
        options.production,
        mode=options.mode,
        features=names or None,
        thresholds=thresholds,
        progress=_progress(),
    )
    _clear()
    _WRITERS[options.format](results)
    return BREACHED if any(result.status == "breached" for result in results) else OK


def _sample(_: argparse.Namespace) -> int:
    from monitoring import settings as settings_  # noqa: PLC0415
    from monitoring.local.sample import build  # noqa: PLC0415

    settings = settings_.from_environment()
    if settings.is_sample:
        show = _progress(plain=True)
        build(settings.cache, settings.clock(), settings.seed, show or (lambda _share, _text: None))
        _clear()
    return OK


def _progress(*, plain: bool = False) -> Callable[[float, str], None] | None:
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


def _clear() -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def _write_json(results: Sequence[MetricResult]) -> None:
    records = [_plain(result) for result in results]
    json.dump(records, sys.stdout, indent=1)
    print()


def _write_csv(results: Sequence[MetricResult]) -> None:
    records = [_plain(result) for result in results]
    writer = csv.DictWriter(sys.stdout, fieldnames=list(records[0]) if records else [])
    writer.writeheader()
    writer.writerows(records)


def _plain(result: MetricResult) -> dict[str, object]:
    record = result.as_record()
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in record.items()
    }


def _write_table(results: Sequence[MetricResult]) -> None:
    rows: list[tuple[str, ...]] = [
        (
            "feature",
            "metric",
            "value",
            "95 % interval",
            "threshold",
            "noise",
            "p adj.",
            "n ref.",
            "n",
            "status",
        )
    ]
    rows += [_row(result) for result in results]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print(
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        )
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


_WRITERS = {"table": _write_table, "json": _write_json, "csv": _write_csv}

if __name__ == "__main__":
    raise SystemExit(main())
