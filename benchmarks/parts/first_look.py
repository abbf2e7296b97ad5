"""From navigation to a complete page beside a bare Streamlit page, and from an empty cache to 30 days.

In one run on the sample workspace: pages on a filled results store, in browsers that know nothing; then
the dashboard and its evaluator on an empty cache, while another page is run again and again.
"""

from __future__ import annotations

import sys

from benchmarks import process
from benchmarks.parts import Values, say

LIMIT_SECONDS = 2_400
PAGES_SECONDS, FRESH_SECONDS = 1_400, 960


def measure(*, tiny: bool) -> Values:
    """Yield the seconds of each page, their ratios to the bare page, and what a fresh start takes."""
    say("filling the results store, then loading pages")
    pages = _answer("first_look_pages", "1" if tiny else "7", limit_seconds=PAGES_SECONDS)
    yield from pages.items()
    if tiny:
        return
    say("starting on an empty cache")
    fresh = _answer("first_look_fresh", limit_seconds=FRESH_SECONDS)
    yield from fresh.items()
    busy, idle = (
        fresh["first_look_busy_rerun_p95_seconds"],
        pages["first_look_idle_rerun_p95_seconds"],
    )
    yield "first_look_busy_rerun_ratio", float(busy) / float(idle)


def _answer(script: str, *arguments: str, limit_seconds: float) -> dict[str, float | str]:
    command = [sys.executable, "-m", f"benchmarks.measured.{script}", *arguments]
    values = process.measure(command, limit_seconds=limit_seconds).answer()
    return {
        f"first_look_{name}": value if isinstance(value, float | str) else float(str(value))
        for name, value in values.items()
    }
