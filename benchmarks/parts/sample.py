"""Time and memory of building the sample workspace from an empty cache."""

from __future__ import annotations

import re
import sys
import tempfile

from benchmarks import process
from benchmarks.parts import Values, say

LIMIT_SECONDS = 900


def measure(*, tiny: bool) -> Values:  # noqa: ARG001 - there is one sample, of one size
    """Yield seconds and memory of the build, then of its steps."""
    say("building the sample workspace in an empty folder")
    with tempfile.TemporaryDirectory() as cache:
        usage = process.measure(
            [sys.executable, "-m", "benchmarks.measured.build_sample", cache],
            limit_seconds=LIMIT_SECONDS,
        )
    answer = usage.answer()
    yield "sample_build_wall_seconds", usage.wall_seconds
    yield "sample_build_process_cpu_seconds", usage.process_cpu_seconds
    yield "sample_build_peak_megabytes", usage.peak_bytes / 1e6
    yield "sample_disk_megabytes", float(str(answer.pop("bytes"))) / 1e6
    for step, seconds in answer.items():
        name = re.sub(r"\W+", "_", step.lower())
        yield f"sample_step_{name}_seconds", float(str(seconds))
