"""Pages on a filled results store beside a bare Streamlit page: ROUNDS. Prints seconds by page.

The app is up and has been looked at once; each load is that of a browser which knows nothing.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.browser import Look, NotCompleteError, complete_seconds, served_script
from benchmarks.places import CACHE, PROJECT
from benchmarks.tab import Tab
from docs.make_shots import CHROMIUM, FLAGS, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ENVIRONMENT = {
    "LEEWAY_NOW": "2026-11-21T12:00:00Z",
    "LEEWAY_CACHE": str(PROJECT / ".cache"),
    "AZURE_ML_WORKSPACE": "",
}
BARE = """import pandas as pd
import streamlit as st

st.title("Bare")
st.dataframe(pd.DataFrame({"n": range(20)}))
"""
TABLE = """main()?.querySelector('[data-testid="stDataFrame"] canvas')"""
BLUE = "endpoint=flight-delay&deployment=blue&window=30d"
#: What is looked at -> page, and what is the last of it.
LOOKS = {
    "overview": Look("/overview", "has('Open incidents')"),
    "incidents_list": Look("/incidents?window=30d", TABLE, rests=False),
    "incidents_timeline": Look(
        "/incidents?window=30d",
        "document.querySelector('.js-plotly-plot .main-svg .trace')",
        rests=False,
    ),
    "performance": Look(f"/performance?{BLUE}", "has('Accuracy over time', 'Every metric')"),
}
#: The session of a page that has just been left still runs to its end: a load must not wait for it.
PAUSE_SECONDS = 2.0
RERUNS = 60
#: Reruns that do not count: the first ones fill caches.
WARM = 3


def main(rounds: int) -> dict[str, float | str]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - see timeline_paint

    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        folder = Path(name)
        store = {"DATABASE_URL": f"sqlite:///{folder / 'leeway.sqlite'}"}
        _fill(ENVIRONMENT | store)
        with (
            served(folder / "app.log", **ENVIRONMENT, **store) as app,
            served_script(folder, BARE) as bare,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            values = _looks(browser, app, bare, rounds)
            browser.close()
            return values | {"idle_rerun_p95_seconds": rerun_p95(app)}


def _fill(environment: dict[str, str]) -> None:
    """Evaluate everything that is due, once.

    Raises:
        RuntimeError: The evaluator ended with an error.
    """
    command = [sys.executable, "-m", "monitoring", "serve", "--once"]
    process = subprocess.run(
        ["env", *(f"{name}={value}" for name, value in environment.items()), *command],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if process.returncode:
        last = (process.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"the store could not be filled: {last}")


def _looks(browser: Browser, app: str, bare: str, rounds: int) -> dict[str, float | str]:
    empty = Look("/", TABLE)
    complete_seconds(browser, bare, empty)
    values: dict[str, float | str] = {}
    seconds: dict[str, list[float]] = {"bare": []}
    for name, look in LOOKS.items():
        try:
            values[f"{name}_first_visit_seconds"] = complete_seconds(browser, app, look)
        except NotCompleteError as error:
            values[f"{name}_ratio"] = str(error)
        else:
            seconds[name] = []
    for _ in range(rounds):  # in turn, so that a busy minute of the machine is everybody's
        seconds["bare"].append(complete_seconds(browser, bare, empty))
        for name in seconds.keys() - {"bare"}:
            time.sleep(PAUSE_SECONDS)
            seconds[name].append(complete_seconds(browser, app, LOOKS[name]))
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    for name, median in medians.items():
        values[f"{name}_seconds"] = median
        if name != "bare":
            values[f"{name}_ratio"] = median / medians["bare"]
    return values


def rerun_p95(app: str) -> float:
    """Return the 95th percentile of the seconds that a page takes to run, nobody else being there."""
    with Tab(app, "baselines", BLUE) as tab:
        seconds = [tab.rerun_seconds() for _ in range(RERUNS + WARM)][WARM:]
    return statistics.quantiles(seconds, n=20)[-1]


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
