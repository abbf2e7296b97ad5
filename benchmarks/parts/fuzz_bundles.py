"""Frozen incidents that somebody has tampered with, drawn by the page: no fault, no hang, no memory without end."""

from __future__ import annotations

import sys

from benchmarks import process
from benchmarks.parts import Values, say
from benchmarks.places import PROJECT

LIMIT_SECONDS = 3_600
#: Each in a process of its own, so that memory is that of a few hundred.
ROUNDS, IN_ROUND = 10, 200


def measure(*, tiny: bool) -> Values:
    """Yield how many were drawn, refused or wrong, the longest and the most memory."""
    rounds, count = (1, 10) if tiny else (ROUNDS, IN_ROUND)
    file = str(PROJECT / "tests" / "data" / "old_bundle.incident.zip")
    sums = dict.fromkeys(("drawn", "refused", "fault", "hang"), 0)
    longest = peak_bytes = 0.0
    for seed in range(rounds):
        say(f"bundles {seed * count} to {(seed + 1) * count}")
        usage = process.measure(
            [sys.executable, "-m", "benchmarks.measured.open_bundles", file, str(count), str(seed)],
            limit_seconds=LIMIT_SECONDS / rounds,
        )
        answer = usage.answer()
        sums = {name: total + int(str(answer[name])) for name, total in sums.items()}
        longest = max(longest, float(str(answer["longest_seconds"])))
        peak_bytes = max(peak_bytes, usage.peak_bytes)
    for name, total in sums.items():
        yield f"fuzz_bundles_{name}", total
    yield "fuzz_bundles_longest_seconds", longest
    yield "fuzz_bundles_peak_megabytes", peak_bytes / 1e6
