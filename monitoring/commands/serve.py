"""`python -m monitoring serve`: evaluate what is due, over and over, until it is told to stop."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from monitoring.commands import OK
from monitoring.errors import MonitoringError
from monitoring.settings import from_environment

#: Rounds begin on whole multiples of this; a decision or a late file waits no longer.
EVERY = timedelta(minutes=5)
#: After a round that failed as a whole the next one comes so much later.
AFTER_FAILURE_SECONDS = 20.0

log = logging.getLogger("leeway.evaluator")


def add(commands: Any) -> None:
    """Add the command."""
    serve = commands.add_parser("serve", help="evaluate what is due and keep it, until stopped")
    serve.add_argument("--once", action="store_true", help="one round, then end")
    serve.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; a step that is being evaluated is left to the next start."""
    from monitoring.evaluator.build import evaluator  # noqa: PLC0415 - seconds

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    log.setLevel(logging.INFO)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    make = partial(evaluator, from_environment(), f"{socket.gethostname()}-{os.getpid()}")
    day, at_work = None, None
    while not stop.is_set():
        try:
            today = datetime.now(UTC).date()
            if at_work is None or day != today:  # the sample workspace is another one every day
                day, at_work = today, make()
            progressed = at_work.round(stop.is_set)
            log.info("a round: %d evaluated, %d left", progressed.evaluated, progressed.left)
            pause = _until_next(datetime.now(UTC))
        except MonitoringError as error:
            log.warning("a round failed: %s", error)
            pause = AFTER_FAILURE_SECONDS
        if options.once:
            break
        stop.wait(pause)
    return OK


def _until_next(now: datetime) -> float:
    """Return the seconds until the next round.

    >>> _until_next(datetime(2026, 1, 1, 12, 4, tzinfo=UTC))
    60.0
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return (EVERY - (now - midnight) % EVERY).total_seconds()
