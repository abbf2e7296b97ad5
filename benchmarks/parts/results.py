"""What 80 deployments with 90 days of results cost to look at, against 4: SQLite and PostgreSQL.

The overview's query is timed as the app asks it, again and again, and as its first reader asks it;
`status` as a process of its own.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks import process
from benchmarks.parts import Values, say

LIMIT_SECONDS = 3600
RUN_LIMIT_SECONDS = 120
FEW, MANY = 2, 40
RUNS, PROCESSES = 50, 5
WORKSPACE = (
    "/subscriptions/0000/resourcegroups/ml/providers"
    "/microsoft.machinelearningservices/workspaces/fleet"
)


def measure(*, tiny: bool) -> Values:
    """Yield what each costs with few and many deployments, and the ratios."""
    many, days, signals = (4, 5, 20) if tiny else (MANY, 90, 20)
    for name, server in (("sqlite", _files), ("postgresql", _server)):
        with server() as url:
            if url is None:
                say(f"{name} is not installed")
                continue
            costs = [_costs(url(n), n, days, signals) for n in (FEW, many)]
        for what in costs[0]:
            few, more = (cost[what] for cost in costs)
            yield f"results_{name}_{what}_{2 * FEW}", few
            yield f"results_{name}_{what}_{2 * many}", more
            yield f"results_{name}_{what}_ratio", more / few


@contextmanager
def _files() -> Iterator[Callable[[int], str]]:
    with tempfile.TemporaryDirectory() as folder:
        yield lambda endpoints: f"sqlite:///{Path(folder) / f'{endpoints}.sqlite'}"


@contextmanager
def _server() -> Iterator[Callable[[int], str] | None]:
    """Serve one database, which each fleet finds empty."""
    from tests import postgres  # noqa: PLC0415 - needs pytest

    programs = postgres.binaries()
    if programs is None:
        yield None
        return
    with postgres.running(programs) as url:

        def emptied(_: int) -> str:
            postgres.empty(url)
            return url

        yield emptied


def _costs(url: str, endpoints: int, days: int, signals: int) -> dict[str, float]:
    """Return milliseconds of the queries, and CPU seconds of the command and of telling all states."""
    from benchmarks.fleet import Fleet  # noqa: PLC0415 - a second
    from monitoring.overview import state  # noqa: PLC0415 - same

    fleet = Fleet(url, WORKSPACE, endpoints, signals)
    say(f"{endpoints} endpoints: {fleet.fill(days):,} evaluations")
    began = time.process_time()
    fleet.tell()
    tell = time.process_time() - began
    reader = state.Reader(fleet.snapshots)
    command = [sys.executable, "-m", "benchmarks.measured.fleet_status", url, WORKSPACE]
    command.append(str(signals))
    status = [process.measure(command, limit_seconds=RUN_LIMIT_SECONDS) for _ in range(PROCESSES)]
    costs = {
        "overview_query_milliseconds": _milliseconds(reader.everywhere),
        "first_overview_query_milliseconds": _milliseconds(lambda: state.fleet(fleet.snapshots)),
        "status_cpu_seconds": median(each.process_cpu_seconds for each in status),
        "telling_all_cpu_seconds": tell,
    }
    fleet.database.close()
    return costs


def _milliseconds(ask: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        ask()
        times.append(time.perf_counter() - began)
    return median(times) * 1e3
