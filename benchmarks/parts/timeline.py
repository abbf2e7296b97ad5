"""The timeline of 30 days and all lanes drawn in a browser from cache, beside a bare Streamlit page.

The page Incidents on the sample workspace, all endpoints. Times are from navigation to the last
change that the browser painted, with the browser's cache warm and the answers of Azure kept by the app.
"""

from __future__ import annotations

import sys

from benchmarks import process
from benchmarks.parts import Values, say

LIMIT_SECONDS = 900


def measure(*, tiny: bool) -> Values:
    """Yield the times of both pages and what was drawn."""
    say("starting the app, a bare page and a browser")
    usage = process.measure(
        [sys.executable, "-m", "benchmarks.measured.timeline_paint", "1" if tiny else "9"],
        limit_seconds=LIMIT_SECONDS - 30,
    )
    for name, value in usage.answer().items():
        yield f"timeline_{name}", float(str(value))
