"""One identity on one database: never more than five queries in flight over all its processes."""

from __future__ import annotations

import logging
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

import pytest

from monitoring.database.database import Database
from monitoring.results.leases import Slots, is_gone, shared_slots, this_process
from monitoring.sources.budget import QueryBudget
from tests.postgres import url

__all__ = ["url"]  # a fixture

ROOT = Path(__file__).parents[2]
#: A process that asks the real client in six threads and says when each query was at the service.
WORKER = """
import sys, threading, time
sys.path[:0] = ["tests"]
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from healthy_store import Healthy
from monitoring.database.database import Database
from monitoring.results.leases import shared_slots
from monitoring.settings import time_of_day
from monitoring.sources.logs import Logs
from monitoring.window import Window
from tiny_store import NOW
url, store, number = sys.argv[1:]
began, spans = {}, []
def begin(request):
    if request.host == "api.loganalytics.io":
        began[threading.get_ident()] = time.monotonic_ns()
        time.sleep(0.05)
def end(request, reply):
    if request.host == "api.loganalytics.io":
        spans.append((began[threading.get_ident()], time.monotonic_ns()))
azure = Healthy(Path(store)).connect(faults=begin, observer=end)
azure.query_budget.shared = shared_slots(Database(url), "sample", time_of_day)
def ask(n):
    text = f"AmlOnlineEndpointTrafficLog | where TotalDurationMs > {number}{n} | count"
    return len(Logs(azure).run(text, Window.day(NOW)).rows)
with ThreadPoolExecutor(6) as pool:
    list(pool.map(ask, range(8)))
for span in spans:
    print(*span)
"""


def now() -> datetime:
    return datetime.now(UTC)


def opened(url: str) -> closing[Database]:
    return closing(Database(url))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from healthy_store import write  # noqa: PLC0415 - beside the tests

    return write(tmp_path_factory.mktemp("healthy") / "store")


def test_never_more_than_five_in_flight_over_an_app_and_two_evaluators(
    url: str, store: Path
) -> None:
    with opened(url) as database, database.reading():
        pass  # makes the tables, so that the processes begin at once
    command = [sys.executable, "-c", WORKER, url, str(store)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    workers = [
        subprocess.Popen([*command, str(n)], cwd=ROOT, text=True, **pipes) for n in range(1, 4)
    ]
    ended = [worker.communicate(timeout=240) for worker in workers]
    spans = [tuple(map(int, line.split())) for out, _ in ended for line in out.splitlines()]
    assert len(spans) == 3 * 8, ended
    moments = sorted(each for began, over in spans for each in ((began, 1), (over, -1)))
    assert max(accumulate(change for _, change in moments)) <= 5


def test_without_a_database_a_process_keeps_to_its_own_slots(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "no.sqlite"
    file.write_bytes(b"no database" * 1000)
    with (
        caplog.at_level(logging.WARNING, "leeway"),
        opened(f"sqlite:///{file}") as database,
    ):
        budget = QueryBudget(shared=shared_slots(database, "ana", now))
        assert [budget.answer(n, "q", lambda: "yes") for n in range(3)] == ["yes"] * 3
    assert [record.name for record in caplog.records].count("leeway") == 1
    assert "is damaged or no database" in caplog.text
    assert (budget.usage().in_flight, budget.usage().waiting) == (0, 0)


def test_a_question_waits_for_a_slot_of_another_process(tmp_path: Path) -> None:
    looks: list[float] = []
    with opened(f"sqlite:///{tmp_path / 'a.sqlite'}") as database:
        slots = Slots(database)
        held = [slots.take("ana", "another", now(), timedelta(minutes=1)) for _ in range(5)]

        def pause(seconds: float) -> None:
            looks.append(seconds)
            if len(looks) == 3 and held[0]:
                slots.release(held[0])

        budget = QueryBudget(pause=pause, shared=shared_slots(database, "ana", now))
        assert budget.answer("q", "q", lambda: "yes") == "yes"
        assert len(looks) == 3
        assert slots.take("ana", "third", now(), timedelta(minutes=1)) is not None  # given back


def test_holders_that_have_ended_are_gone() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host = this_process().rpartition("-")[0]
    assert is_gone(f"{host}-{ended.pid}")
    assert not is_gone(f"{host}-1")
    assert not is_gone(f"elsewhere-{ended.pid}")
    assert not is_gone("no number")
