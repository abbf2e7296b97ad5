"""Dashboard and evaluator on an empty cache: when the first numbers are there, and a week, and a month.

Times count from the moment at which the server says that it is ready; before that the sample workspace is
built. While the evaluator works another page is run again and again.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.browser import Look, complete_seconds, free_port, wait_for
from benchmarks.measured.first_look_pages import BLUE, ENVIRONMENT, WARM
from benchmarks.places import CACHE, PROJECT
from benchmarks.tab import Tab
from docs.make_shots import CHROMIUM, FLAGS

if TYPE_CHECKING:
    from monitoring.monitor import Monitor

BUILD_SECONDS, LIMIT_SECONDS = 300, 600
#: A number in the row of a deployment.
NUMBER = """[...(main()?.querySelectorAll('[data-testid="stMetric"]') ?? [])]
    .some(cell => /^(Model|Data|Infrastructure)/.test(cell.textContent) && /\\d/.test(cell.textContent))"""
REACHES = {"seven_days": timedelta(days=7), "thirty_days": timedelta(days=30)}
PAUSE_SECONDS = 0.5


def main() -> dict[str, float | str]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        folder = Path(name)
        environment = ENVIRONMENT | {
            "LEEWAY_CACHE": str(folder / "cache"),
            "DATABASE_URL": f"sqlite:///{folder / 'leeway.sqlite'}",
        }
        with _running(folder, environment) as app:
            ready = time.perf_counter()
            first: list[float] = []
            looking = threading.Thread(target=lambda: first.append(_first_rows(app, ready)))
            looking.start()
            seconds, reruns = _until_evaluated(app, environment, ready)
            looking.join()
    return {
        "first_rows_seconds": first[0] if first else "no row had a number",
        **seconds,
        "busy_rerun_p95_seconds": statistics.quantiles(reruns, n=20)[-1],
        "busy_reruns": len(reruns),
    }


@contextmanager
def _running(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "monitoring", "run", "--address=127.0.0.1", f"--port={port}"]
    with (folder / "run.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=os.environ | environment, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/readyz", process, BUILD_SECONDS)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _first_rows(app: str, ready: float) -> float:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - see timeline_paint

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        began = time.perf_counter()
        seconds = complete_seconds(browser, app, Look("/overview", NUMBER, rests=False))
        browser.close()
    return began - ready + seconds


def _until_evaluated(
    app: str, environment: dict[str, str], ready: float
) -> tuple[dict[str, float], list[float]]:
    """Return when each reach had been evaluated, and how long reruns took meanwhile.

    Raises:
        TimeoutError: Not everything was evaluated within ten minutes.
    """
    from monitoring.evaluator.build import monitor  # noqa: PLC0415 - seconds, not to be timed
    from monitoring.settings import from_environment  # noqa: PLC0415 - same

    watched = monitor(from_environment(environment))
    seconds: dict[str, float] = {}
    reruns: list[float] = []
    with Tab(app, "baselines", BLUE) as tab:
        while len(seconds) < len(REACHES):
            reruns.append(tab.rerun_seconds())
            passed = time.perf_counter() - ready
            for name, reach in REACHES.items():
                if name not in seconds and is_evaluated(watched, reach):
                    seconds[name] = passed
            if passed > LIMIT_SECONDS:
                raise TimeoutError(f"not all of 30 days was evaluated after {LIMIT_SECONDS} s")
            time.sleep(PAUSE_SECONDS)
    return {f"{name}_seconds": each for name, each in seconds.items()}, reruns[WARM:]


def is_evaluated(watched: Monitor, reach: timedelta) -> bool:
    """Return whether every step that is over is kept, as far back as that, of what is quick.

    What takes long is evaluated afterwards, one piece a round, so that nothing waits for it.
    """
    from monitoring.evaluator.plan import steps_of  # noqa: PLC0415 - as above
    from monitoring.signals import SIGNALS  # noqa: PLC0415 - same

    deployments = [
        watched.place(deployment)
        for endpoint in watched.endpoints()
        for deployment in endpoint.deployments
    ]
    now = watched.clock()
    for signal in (each for each in SIGNALS.values() if not each.slow):
        places = deployments if signal.scope == "deployment" else [watched.workspace]
        for grid in signal.grids:
            starts = [step.start for step in steps_of(grid, now, reach, timedelta())]
            if not _are_kept(watched, signal.name, grid.step, places, starts):
                return False
    return True


def _are_kept(
    watched: Monitor,
    signal: str,
    step: timedelta,
    places: Iterable[object],
    starts: list[datetime],
) -> bool:
    from monitoring.window import Window  # noqa: PLC0415 - as above

    if not starts or watched.results is None:
        return True
    done = watched.results.done(signal, step, Window(starts[0], starts[-1] + step))
    return all((place, start) in done for place in places for start in starts)


if __name__ == "__main__":
    print(json.dumps(main()))
