"""Time from navigation to the last paint of pages in headless Chromium: ROUNDS.

The page Incidents over 30 days of all endpoints of the sample workspace, its answers cached by a
first visit, and a bare Streamlit page, in turn in one browser with a warm cache. A page has been painted when
nothing in its document changes for a second and a half; what is reported is when the last change was.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.browser import served_script
from benchmarks.places import CACHE, PROJECT
from docs.make_shots import CHROMIUM, FLAGS, served

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

QUIET_MS, LIMIT_MS = 1_500, 240_000
BARE = "import streamlit as st\nst.title('Bare')\nst.text('Nothing else.')\n"
#: Notes when the document last changed; blinking carets and timers are no changes of the document.
WATCH = """
window.__last = 0; window.__plot = 0;
const begin = () => new MutationObserver(changes => {
  window.__last = performance.now();
  if (changes.some(c => c.target.closest && c.target.closest('.js-plotly-plot')))
    window.__plot = performance.now();
}).observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
begin();
"""
#: The app runs no script, waits for nothing, and has been still for a while.
DONE = """quiet => {
  const app = document.querySelector('[data-testid="stApp"]');
  return app && app.getAttribute('data-test-script-state') === 'notRunning'
    && !document.querySelector('[data-testid="stSkeleton"],[data-stale="true"]')
    && document.querySelector('h1') && performance.now() - window.__last > quiet;
}"""


def main(rounds: int) -> dict[str, float]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where it is measured

    environment = {"LEEWAY_NOW": "2026-11-21T12:00:00Z", "LEEWAY_CACHE": str(PROJECT / ".cache")}
    CACHE.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=CACHE) as folder,
        served(Path(folder) / "app.log", **environment, AZURE_ML_WORKSPACE="") as app,
        served_script(Path(folder), BARE) as bare,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 1440, "height": 1400}, timezone_id="UTC")
        context.add_init_script(WATCH)
        page = context.new_page()
        incidents = f"{app}/incidents?window=30d"
        first = _visit(page, incidents)
        _visit(page, bare)
        found = [(_visit(page, bare), _visit(page, incidents)) for _ in range(rounds)]
        lanes, points = _drawn(page)
        browser.close()
    pages = [each["page"] for _, each in found]
    plots = [each["plot"] for _, each in found]
    empty = [each["page"] for each, _ in found]
    return {
        "first_visit_seconds": first["page"],
        "incidents_page_seconds": statistics.median(pages),
        "incidents_page_slowest_seconds": max(pages),
        "drawn_seconds": statistics.median(plots),
        "drawn_slowest_seconds": max(plots),
        "incidents_page_cpu_seconds": statistics.median(each["cpu"] for _, each in found),
        "bare_page_cpu_seconds": statistics.median(each["cpu"] for each, _ in found),
        "bare_page_seconds": statistics.median(empty),
        "drawn_beyond_bare_page_seconds": statistics.median(plots) - statistics.median(empty),
        "lanes": lanes,
        "points": points,
        "rounds": rounds,
    }


def _visit(page: Page, url: str) -> dict[str, float]:
    """Return seconds from navigation to the last change of the page and of its chart."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = _busy(devtools)
    page.goto(url, wait_until="commit")
    page.wait_for_function(DONE, arg=QUIET_MS, timeout=LIMIT_MS)
    last: dict[str, Any] = page.evaluate("() => ({page: window.__last, plot: window.__plot})")
    found = {name: float(value) / 1e3 for name, value in last.items()} | {
        "cpu": _busy(devtools) - before
    }
    devtools.detach()
    return found


def _busy(devtools: CDPSession) -> float:
    """Return CPU seconds of the page's main thread."""
    metrics = devtools.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


def _drawn(page: Page) -> tuple[int, int]:
    """Return how many rows and points the timeline has."""
    return tuple(
        page.evaluate(
            """() => {
              const plot = document.querySelector('.js-plotly-plot');
              const axes = new Set(plot._fullData.map(t => t.yaxis));
              return [axes.size - 1, plot._fullData.reduce((n, t) => n + t.x.length, 0)];
            }"""
        )
    )


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
