"""Metrics by three features of three groups each, from one Parquet file: ours and fairlearn's.

Ours counts group x score cell x prediction x label of all three in one pass and judges every metric
and disparity with intervals; fairlearn's MetricFrame computes seven metrics of each group, its
bootstrap off. Every run is a process of its own; work CPU leaves the imports out. Both must agree.
"""

from __future__ import annotations

import os
import sys
import zlib
from statistics import median

from benchmarks import peers, process
from benchmarks.parts import Values, say
from benchmarks.places import CACHE, PROJECT
from benchmarks.process import CommandFailedError

LIMIT_SECONDS = 1800
RUN_LIMIT_SECONDS = 900
#: The same counts divided in another order differ by the last digits at most.
ROUNDING = 1e-9
FAIRLEARN = peers.Peer("fairlearn", "fairlearn", "benchmarks.measured.fairlearn_groups")


def measure(*, tiny: bool) -> Values:
    """Yield costs, their ratio and the largest difference between the two."""
    rows, runs = (20_000, 1) if tiny else (1_000_000, 7)
    name = f"fairness_{'20k' if tiny else '1m'}"
    file = _file(rows)
    say("ours, and one run that does not count")
    ours = [_run(sys.executable, "leeway_groups", file) for _ in range(runs + 1)][1:]
    work = median(float(str(answer["work_cpu_seconds"])) for answer, _ in ours)
    yield f"{name}_ours_work_cpu_seconds", work
    yield f"{name}_ours_process_cpu_seconds", median(usage for _, usage in ours)
    yield f"{name}_ours_values", float(str(ours[0][0]["features"]))
    if not tiny or os.environ.get("PEERS"):
        yield from _peer(name, file, ours[0][0], work)


def _peer(name: str, file: str, ours: dict[str, object], work: float) -> Values:
    say("fairlearn: its environment if need be, then its run")
    try:
        version, python = peers.version(FAIRLEARN), str(peers.python(FAIRLEARN))
        answer, usage = _run(python, "fairlearn_groups", file)
    except (peers.NotInstalledError, CommandFailedError) as error:
        yield f"{name}_fairlearn", f"not measured: {error}"
        return
    seconds = float(str(answer["work_cpu_seconds"]))
    yield f"{name}_fairlearn_version", version
    yield f"{name}_fairlearn_work_cpu_seconds", seconds
    yield f"{name}_fairlearn_process_cpu_seconds", usage
    yield f"{name}_work_cpu_ratio_fairlearn_to_ours", seconds / work
    yield f"{name}_values_compared", float(len(dict(_values(answer))))
    yield f"{name}_largest_difference", _difference(_values(answer), _values(ours))


def _values(answer: dict[str, object]) -> dict[str, float]:
    values = answer["values"]
    if not isinstance(values, dict):
        raise TypeError(f"values are by name, got {values!r}")
    return values


def _difference(theirs: dict[str, float], ours: dict[str, float]) -> float:
    """Return the largest difference; more than rounding is a fault.

    Raises:
        CommandFailedError: They disagree, or ours lacks a value.
    """
    if missing := theirs.keys() - ours.keys():
        raise CommandFailedError(f"ours has no {', '.join(sorted(missing))}")
    gaps = {name: abs(value - ours[name]) for name, value in theirs.items()}
    name = max(gaps, key=lambda name: gaps[name])
    if gaps[name] > ROUNDING:
        raise CommandFailedError(
            f"{name} is {ours[name]!r} by ours and {theirs[name]!r} by fairlearn"
        )
    return gaps[name]


def _run(python: str, script: str, file: str) -> tuple[dict[str, object], float]:
    usage = process.measure(
        [python, "-m", f"benchmarks.measured.{script}", file], limit_seconds=RUN_LIMIT_SECONDS
    )
    return usage.answer(), usage.process_cpu_seconds


def _file(rows: int) -> str:
    """Return where the rows lie; those of an older generator are not taken for today's."""
    script = PROJECT / "benchmarks" / "measured" / "write_groups.py"
    path = CACHE / f"groups-{zlib.crc32(script.read_bytes()):08x}-{rows}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        say(f"writing {rows:,} rows")
        command = [sys.executable, "-m", "benchmarks.measured.write_groups", str(path), str(rows)]
        process.measure(command, limit_seconds=RUN_LIMIT_SECONDS)
    with path.open("rb", buffering=0) as file:  # into the page cache
        while file.read(1 << 24):
            pass
    return str(path)
