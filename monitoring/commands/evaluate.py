"""`evaluate`: judge a deployment now, whatever is kept of it."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from monitoring.commands import headlines
from monitoring.commands.output import clear, print_rows, progress
from monitoring.errors import InputError, MonitoringError
from monitoring.window import DAY, Window

if TYPE_CHECKING:
    from monitoring.metric import MetricResult
    from monitoring.monitor import Monitor
    from monitoring.place import Place
    from monitoring.report import Report
    from monitoring.signal import Findings, Signal

COLUMNS = ("step (UTC)", "signal", "of", "number", "value", "limit", "n", "status")
#: Windows of so much and longer begin at midnight, as on the screen.
WEEK = 7 * DAY


def add(commands: Any) -> None:
    """Add the command."""
    evaluate = commands.add_parser(
        "evaluate",
        help="judge a deployment now",
        description="Evaluate signals of a deployment over a window and print every step. Nothing is"
        " kept. Exit code 0 when all is well, 2 with an open breach, 3 when nothing could be judged,"
        " 1 on an error.",
    )
    evaluate.add_argument("place", metavar="ENDPOINT/DEPLOYMENT")
    evaluate.add_argument(
        "--signal", action="append", default=[], metavar="NAME", help="may be given several times"
    )
    evaluate.add_argument("--window", default="7d", help="such as 24h or 30d, default 7d")
    evaluate.add_argument("--format", choices=("table", "json"), default="table")
    evaluate.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from monitoring.evaluator.build import monitor  # noqa: PLC0415 - seconds
    from monitoring.settings import from_environment  # noqa: PLC0415

    settings = from_environment()
    window = window_of(options.window, settings.clock())
    signals = _signals(options.signal)
    watched = monitor(settings)
    reports = list(_reports(watched, _place(watched, options.place), signals, window))
    clear()
    shown = [report.headline for report in reports]
    steps = [result for report in reports for result in report.steps]
    if options.format == "json":
        headlines.write_json(shown, window=str(window), steps=[each.as_record() for each in steps])
    else:
        print_rows([COLUMNS, *map(_row, steps)])
        print()
        headlines.write_table(shown)
    return headlines.exit_code(shown)


def window_of(text: str, now: datetime) -> Window:
    """Return the window that ends now.

    >>> from datetime import UTC
    >>> str(window_of("7d", datetime(2026, 1, 8, 12, tzinfo=UTC)))
    '2026-01-01 00:00 to 2026-01-08 12:00 UTC'

    Raises:
        InputError: It is not a number of hours or days.
    """
    found = re.fullmatch(r"([1-9]\d{0,3})([hd])", text)
    if found is None:
        raise InputError(f"Cannot read the window {text!r}", hint="Write it as 24h or 7d.")
    length = int(found[1]) * (DAY if found[2] == "d" else timedelta(hours=1))
    window = Window.last(length, until=now)
    return window.whole_days() if length >= WEEK else window


def _signals(names: Iterable[str]) -> list[Signal]:
    from monitoring.signals import SIGNALS  # noqa: PLC0415 - lists a package

    unknown = [name for name in names if name not in SIGNALS]
    if unknown:
        raise InputError(
            f"There is no signal {unknown[0]!r}", hint=f"Choose one of {', '.join(SIGNALS)}."
        )
    return [SIGNALS[name] for name in names] or list(SIGNALS.values())


def _place(watched: Monitor, name: str) -> Place:
    places = {
        str(place): place
        for endpoint in watched.endpoints()
        for place in map(watched.place, endpoint.deployments)
    }
    if name.lower() not in places and headlines.chosen(name, places):
        raise InputError(
            f"{name!r} is an endpoint, and one deployment is evaluated",
            hint=f"Choose one of {', '.join(headlines.chosen(name, places))}.",
        )
    return places[name.lower()]


def _reports(
    watched: Monitor, place: Place, signals: Iterable[Signal], window: Window
) -> Iterable[Report[Findings]]:
    """Yield the report of each signal; one that cannot be evaluated says why on standard error."""
    for signal in signals:
        try:
            report = watched.evaluate(signal, place, window, progress=progress())
        except MonitoringError as error:
            clear()
            print(f"{signal.name}: {error}", file=sys.stderr)
            continue
        clear()
        for missing in report.missing:
            print(f"{signal.name}: {missing}", file=sys.stderr)
        yield report


def _row(result: MetricResult) -> tuple[str, ...]:
    from monitoring.overview.line import limit, number  # noqa: PLC0415 - knows every signal
    from monitoring.signals import SIGNALS  # noqa: PLC0415

    return (
        f"{result.window.start:%Y-%m-%d %H:%M}" if result.window else "",
        result.signal,
        result.subject,
        SIGNALS[result.signal].label(result.metric),
        number(result.value, result.unit),
        limit(result),
        f"{result.rows:,}",
        f"{result.status} ({result.reason})" if result.reason else result.status,
    )
