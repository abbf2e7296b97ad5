"""`python -m monitoring serve`: evaluate what is due, over and over, until it is told to stop."""

from __future__ import annotations

import argparse
import logging
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from monitoring.commands import OK
from monitoring.errors import MonitoringError
from monitoring.settings import from_environment

if TYPE_CHECKING:
    from monitoring.evaluator.rounds import Evaluator

#: Rounds begin on whole multiples of this; a decision or a late file waits no longer.
EVERY = timedelta(minutes=5)
#: After a round that failed as a whole the next one comes so much later.
AFTER_FAILURE_SECONDS = 20.0

log = logging.getLogger("leeway.evaluator")


def add(commands: Any) -> None:
    """Add the command."""
    serve = commands.add_parser("serve", help="evaluate what is due and keep it, until stopped")
    serve.add_argument(
        "--once", action="store_true", help="one round of all but what takes long, then end"
    )
    serve.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; a step that is being evaluated is left to the next start."""
    from monitoring.evaluator.build import evaluator  # noqa: PLC0415 - seconds
    from monitoring.kept.disk import remove_foreign  # noqa: PLC0415 - same
    from monitoring.results.leases import this_process  # noqa: PLC0415 - same

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    log.setLevel(logging.INFO)
    settings, stop = from_environment(), threading.Event()
    remove_foreign(settings.cache)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    serve(partial(evaluator, settings, this_process()), stop, once=options.once)
    return OK


def serve(
    make: Callable[[], Evaluator],
    stop: threading.Event,
    *,
    once: bool = False,
    after_failure: float = AFTER_FAILURE_SECONDS,
) -> None:
    """Run one round after another; one that fails costs a sentence in the log, and the next comes soon.

    Args:
        make: Returns an evaluator. It is made anew every day, when the sample workspace is another
            one, and after a failure, since what it knows of a database may be of one that is gone.
        stop: Ends it, a running round before its next task.
        after_failure: Seconds from a failure to the next round.
    """
    day, at_work = None, None
    while not stop.is_set():
        try:
            today = datetime.now(UTC).date()
            if at_work is None or day != today:
                day, at_work = today, make()
            progressed = at_work.round(stop.is_set)
            log.info("a round: %d evaluated, %d left", progressed.evaluated, progressed.left)
            next_round = datetime.now(UTC) + timedelta(seconds=_until_next(datetime.now(UTC)))
            if not once:
                at_work.spare(partial(_has_to_end, stop, next_round))
            pause = max((next_round - datetime.now(UTC)).total_seconds(), 0.0)
        except MonitoringError as error:
            log.warning("a round failed: %s", error)
            at_work, pause = None, after_failure
        if once:
            break
        stop.wait(pause)


def _until_next(now: datetime) -> float:
    """Return the seconds until the next round.

    >>> _until_next(datetime(2026, 1, 1, 12, 4, tzinfo=UTC))
    60.0
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return (EVERY - (now - midnight) % EVERY).total_seconds()


def _has_to_end(stop: threading.Event, until: datetime) -> bool:
    return stop.is_set() or datetime.now(UTC) >= until
