"""A changed window on 30 features from stored profiles, at 100,000 and 10,000,000 rows.

The rows are spread over 395 days, which are profiled once. Then windows of 1 and of 365 days are asked
for in turn, each another one than before, each answered with every metric, its interval, noise floor
and adjusted p-value. Beside it in the same run: counting the rows of the window again, and
alibi-detect on the smaller number of rows.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import cast

from benchmarks import peers, process
from benchmarks.parts import Values, say
from benchmarks.places import CACHE
from benchmarks.process import CommandFailedError
from benchmarks.row_files import files, lacking, removed_after, short

LIMIT_SECONDS = 3600
RUN_LIMIT_SECONDS = 1800
DAYS = 395


def measure(*, tiny: bool) -> Values:
    """Yield the costs of each size, their ratios, and the yardsticks."""
    sizes, rounds = ((20_000, 40_000), 5) if tiny else ((100_000, 10_000_000), 200)
    few, many = sizes
    if why := lacking(many, copies=3):
        yield f"windows_{short(many)}", why
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    keep = tiny or bool(os.environ.get("KEEP"))
    with tempfile.TemporaryDirectory(dir=CACHE) as folder, removed_after(many, keep=keep):
        found = _measured(Path(folder), sizes, rounds)
    for rows in sizes:
        for name, value in found[str(rows)].items():
            yield f"windows_{short(rows)}_{name}", value
    yield from _ratios(found, few, many)
    if not tiny:
        yield from _peer(few, found[str(few)]["window_365d_cpu_milliseconds"])


def _measured(folder: Path, sizes: tuple[int, ...], rounds: int) -> dict[str, dict[str, float]]:
    specs = []
    for rows in sizes:
        reference, production = files(rows)
        say(f"cutting {rows:,} rows into {DAYS} days")
        days = folder / f"days_{rows}"
        script = [sys.executable, "-m", "benchmarks.measured.split_days"]
        process.measure(
            [*script, production, str(days), str(DAYS)], limit_seconds=RUN_LIMIT_SECONDS
        )
        specs.append(f"{rows}:{reference}:{days}")
    say("profiling each day once, then asking for windows")
    script = [sys.executable, "-m", "benchmarks.measured.leeway_windows", str(rounds)]
    usage = process.measure(
        [*script, str(folder / "stores"), *specs], limit_seconds=RUN_LIMIT_SECONDS
    )
    return cast("dict[str, dict[str, float]]", usage.answer())


def _ratios(found: dict[str, dict[str, float]], few: int, many: int) -> Values:
    for what in ("window", "report"):
        cost = {
            (rows, length): found[str(rows)][f"{what}_{length}d_cpu_milliseconds"]
            for rows in (few, many)
            for length in (1, 365)
        }
        for length in (1, 365):
            ratio = cost[many, length] / cost[few, length]
            yield f"windows_{what}_{length}d_cpu_ratio_{short(many)}_to_{short(few)}", ratio
        for rows in (few, many):
            ratio = cost[rows, 365] / cost[rows, 1]
            yield f"windows_{short(rows)}_{what}_cpu_ratio_365d_to_1d", ratio
        yield f"windows_{what}_cpu_milliseconds_largest", max(cost.values())
    again = found[str(many)]["counted_again_365d_cpu_milliseconds"]
    window = found[str(many)]["window_365d_cpu_milliseconds"]
    yield f"windows_{short(many)}_cpu_ratio_counted_again_to_stored", again / window


def _peer(rows: int, ours_milliseconds: float) -> Values:
    """One pass of alibi-detect, which is what another window costs it; its imports are left out."""
    peer = peers.ALIBI_DETECT
    name = f"windows_{short(rows)}_{peer.name}"
    say(f"{peer.distribution}: its environment if need be, then one run")
    try:
        python = str(peers.python(peer))
        usage = process.measure(
            [python, "-m", peer.script, *files(rows)], limit_seconds=RUN_LIMIT_SECONDS
        )
    except (peers.NotInstalledError, CommandFailedError) as error:
        yield name, f"not measured: {error}"
        return
    milliseconds = float(str(usage.answer()["work_cpu_seconds"])) * 1e3
    yield f"{name}_work_cpu_milliseconds", milliseconds
    yield f"windows_{short(rows)}_cpu_ratio_{peer.name}_to_ours", milliseconds / ours_milliseconds
