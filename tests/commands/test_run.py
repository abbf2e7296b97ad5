"""`python -m monitoring run`: app and evaluator start together and end together, whatever happens."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import NOW, ROOT, SEED

pytestmark = pytest.mark.slow  # each test starts programs

SLEEP = "import time; time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
#: Longer than anything here takes on a busy machine; what never comes still fails.
PATIENCE_SECONDS = 60

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """start(app, evaluator) -> the supervisor of two programs, given as Python code."""
    started: list[subprocess.Popen[str]] = []

    def go(
        app: str, evaluator: str, *, before: str = "", grace: float = 10
    ) -> subprocess.Popen[str]:
        code = f"""
import sys
from monitoring.commands.supervisor import Program, run_together
def python(name, code, niceness=0):
    return Program(name, (sys.executable, "-c", code), niceness)
before = [python("sample", {before!r})] if {before!r} else []
app, helper = python("app", {app!r}), python("evaluator", {evaluator!r}, 5)
sys.exit(run_together(app, helper, before=before, grace_seconds={grace}))
"""
        command = [sys.executable, "-c", code]
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield go
    for process in started:
        process.kill()
        process.communicate()


def until(is_true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def children(process: subprocess.Popen[str], count: int = 2) -> list[psutil.Process]:
    """The children once they are there, the app first."""
    parent = psutil.Process(process.pid)
    until(lambda: len(parent.children()) == count)
    return sorted(parent.children(), key=lambda child: child.pid)


def are_gone(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def test_the_exit_code_is_the_apps_and_the_evaluator_goes_with_it(
    start: Start, tmp_path: Path
) -> None:
    flag = tmp_path / "flag"
    waits = f"import pathlib, sys, time\nwhile not pathlib.Path({str(flag)!r}).exists(): time.sleep(0.02)\nsys.exit(7)"
    running = start(waits, SLEEP)
    both = children(running)
    flag.touch()
    assert running.wait(PATIENCE_SECONDS) == 7
    assert are_gone(both)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_both(start: Start, number: signal.Signals) -> None:
    running = start(SLEEP, SLEEP)
    both = children(running)
    running.send_signal(number)
    assert running.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM
    assert are_gone(both)
    assert running.stderr is not None
    assert running.stderr.read() == ""


def test_who_does_not_end_when_asked_is_killed(start: Start, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    stubborn = STUBBORN.replace("import time", f"open({str(ready)!r}, 'w').close(); import time")
    running = start(stubborn, SLEEP, grace=0.2)
    both = children(running)
    until(ready.exists)
    running.terminate()
    assert running.wait(PATIENCE_SECONDS) == 128 + signal.SIGKILL
    assert are_gone(both)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_children_do_not_outlive_a_supervisor_that_was_killed(start: Start) -> None:
    running = start(STUBBORN, STUBBORN)
    both = children(running)
    running.kill()
    until(lambda: are_gone(both))


def test_an_evaluator_that_ends_is_started_again_after_growing_pauses(start: Start) -> None:
    running = start(SLEEP, "raise SystemExit(3)")
    assert running.stderr is not None
    lines = [running.stderr.readline() for _ in range(2)]
    assert lines == [
        f"The evaluator ended with exit code 3 and starts again in {seconds} s.\n"
        for seconds in (1, 2)
    ]
    (app,) = children(running, count=1)
    assert app.is_running()


def test_an_evaluator_that_was_killed_comes_back_and_the_app_stays(start: Start) -> None:
    running = start(SLEEP, SLEEP)
    app, evaluator = children(running)
    evaluator.kill()
    until(lambda: not evaluator.is_running())
    same, another = children(running)
    assert same == app
    assert another != evaluator


def test_the_evaluator_yields_to_the_app(start: Start) -> None:
    app, evaluator = children(start(SLEEP, SLEEP))
    assert evaluator.nice() == min(app.nice() + 5, 19)


def test_nothing_is_served_when_what_comes_before_fails(start: Start) -> None:
    running = start(SLEEP, SLEEP, before="raise SystemExit(1)")
    assert running.wait(PATIENCE_SECONDS) == 1


def test_what_comes_before_can_be_stopped(start: Start) -> None:
    running = start("", "", before=SLEEP)
    (first,) = children(running, count=1)
    running.terminate()
    assert running.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM
    assert are_gone([first])


def test_the_dashboard_is_served_and_stops_when_asked(sample: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "AZURE_ML_WORKSPACE": "",
        "LEEWAY_CACHE": str(sample.parents[1]),
        "LEEWAY_NOW": NOW.isoformat(),
        "LEEWAY_SEED": str(SEED),
    }
    command = [sys.executable, "-m", "monitoring", "run", f"--port={port}", "--address=127.0.0.1"]
    running = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL
    )
    try:
        until(lambda: is_ready(f"http://127.0.0.1:{port}/readyz"))
        left = psutil.Process(running.pid).children(recursive=True)
        assert any("streamlit" in child.cmdline() for child in left)
        running.terminate()
        assert running.wait(PATIENCE_SECONDS) in {0, 128 + signal.SIGTERM}
        assert are_gone(left)
    finally:
        running.kill()
        running.wait()


def is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own server
            return bool(answer.status == 200)
    except OSError:
        return False
