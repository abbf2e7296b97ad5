"""Drift of 30 features in two Parquet files: ours, decoding alone, Evidently and alibi-detect.

Every run is a process of its own. Process CPU is user and system time of the whole process, imports
included; work CPU leaves the imports out. Figures of ours and of the decoding are medians.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import dataclass
from statistics import median

from benchmarks import peers, process
from benchmarks.parts import Values, say
from benchmarks.process import CommandFailedError, Usage
from benchmarks.row_files import Files, files, lacking, removed_after, short

LIMIT_SECONDS = 3600
RUN_LIMIT_SECONDS = 900
FEW_ROWS = 10_000
KS = "two_sample_kolmogorov_smirnov_test"
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took; `work_cpu_seconds` leaves imports out."""

    process_cpu_seconds: float
    work_cpu_seconds: float
    wall_seconds: float
    peak_megabytes: float
    features: float

    @classmethod
    def of(cls, usage: Usage, answer: dict[str, object]) -> Cost:
        """Join what was seen from outside and what the process said of itself."""
        return cls(
            process_cpu_seconds=usage.process_cpu_seconds,
            work_cpu_seconds=float(str(answer["work_cpu_seconds"])),
            wall_seconds=usage.wall_seconds,
            peak_megabytes=usage.peak_bytes / 1e6,
            features=float(str(answer["features"])),
        )

    @classmethod
    def typical(cls, runs: list[Cost]) -> Cost:
        """Return the median of each figure."""
        return cls(*(median(getattr(run, name) for run in runs) for name in cls.__slots__))

    def values(self, name: str) -> Values:
        """Yield each figure under the name of what was run."""
        for figure in self.__slots__:
            yield f"{name}_{figure}", getattr(self, figure)


def measure(*, tiny: bool) -> Values:
    """Yield costs, ratios and the certified Kolmogorov-Smirnov bounds."""
    rows, more_rows, runs = (5_000, 20_000, 1) if tiny else (1_000_000, 10_000_000, 5)
    name, found = f"drift_{short(rows)}", files(rows)
    costs = _ours_and_decoding(found, runs)
    for what, cost in costs.items():
        yield from cost.values(f"{name}_{what}")
    yield from _over_decoding(costs, name)
    yield from _certified(found, name)
    if not tiny:
        for peer in peers.PEERS:
            yield from _peer(peer, found, name, costs["ours"])
        yield from _few_rows(FEW_ROWS, 3)
    keep = tiny or bool(os.environ.get("KEEP"))
    yield from _at_scale((rows, more_rows), 1 if tiny else 3, costs["ours"], keep=keep)


def _ours_and_decoding(files: Files, runs: int) -> dict[str, Cost]:
    """Take turns, so that a busy minute of the machine falls on all of them.

    The first round does not count: it leaves Python's bytecode behind, which pip compiled for the
    peers when it installed them.
    """
    all_runs: dict[str, list[Cost]] = {"ours": [], "decode_duckdb": [], "decode_arrow": []}
    for run in range(runs + 1):
        say(f"ours and decoding, run {run} of {runs}" if run else "one run that does not count")
        all_runs["ours"].append(_ours(files))
        for what in ("decode_duckdb", "decode_arrow"):
            all_runs[what].append(_script(sys.executable, f"benchmarks.measured.{what}", files))
    return {what: Cost.typical(costs[1:]) for what, costs in all_runs.items()}


def _ours(files: Files) -> Cost:
    """Measure the product's command line; its work is timed by a second process, inside."""
    command = _command_line(files)
    work = _script(sys.executable, "benchmarks.measured.leeway_drift", files)
    return Cost.of(command, {"work_cpu_seconds": work.work_cpu_seconds, "features": work.features})


def _command_line(files: Files) -> Usage:
    command = [sys.executable, "-m", "monitoring", "drift", "--format", "json"]
    # An empty cache each time: nothing may be remembered from the run before.
    with tempfile.TemporaryDirectory() as cache:
        return process.measure(
            [*command, "--reference", files[0], "--production", files[1]],
            limit_seconds=RUN_LIMIT_SECONDS,
            variables={"LEEWAY_CACHE": cache},
            accepted=(0, 2),  # 2: something drifted, which it did
        )


def _script(python: str, module: str, files: Files) -> Cost:
    with tempfile.TemporaryDirectory() as cache:
        usage = process.measure(
            [python, "-m", module, *files],
            limit_seconds=RUN_LIMIT_SECONDS,
            variables={"LEEWAY_CACHE": cache},
        )
    return Cost.of(usage, usage.answer())


def _over_decoding(costs: dict[str, Cost], name: str) -> Values:
    decoders = [what for what in costs if what != "ours"]
    fastest = min(decoders, key=lambda what: costs[what].work_cpu_seconds)
    yield f"{name}_fastest_decode", fastest.removeprefix("decode_")
    ratio = costs["ours"].work_cpu_seconds / costs[fastest].work_cpu_seconds
    yield f"{name}_work_cpu_ratio_ours_to_decode", ratio


def _certified(files: Files, name: str) -> Values:
    """Hold each binned distance and its bound to the exact distance of all values, sorted."""
    say("exact Kolmogorov-Smirnov distances, to hold the bounds to")
    exact = process.measure(
        [sys.executable, "-m", "benchmarks.measured.exact_ks", *files],
        limit_seconds=RUN_LIMIT_SECONDS,
    ).answer()
    results = {
        record["feature"]: record
        for record in json.loads(_command_line(files).output)
        if record["metric"] == KS and record["value"] is not None
    }
    above = {feature: float(str(exact[feature])) - r["value"] for feature, r in results.items()}
    outside = [
        feature
        for feature, r in results.items()
        if not -ROUNDING <= above[feature] <= r["error_bound"] + ROUNDING
    ]
    yield f"{name}_ks_features", len(results)
    yield f"{name}_ks_bound_width_largest", max(r["error_bound"] for r in results.values())
    yield f"{name}_ks_bound_width_median", median(r["error_bound"] for r in results.values())
    yield f"{name}_ks_error_largest", max(map(abs, above.values()))
    yield f"{name}_ks_features_outside_bound", len(outside)


def _peer(peer: peers.Peer, files: Files, name: str, ours: Cost, runs: int = 1) -> Values:
    say(f"{peer.distribution}: its environment if need be, then {runs} of its runs")
    try:
        version, python = peers.version(peer), str(peers.python(peer))
        cost = Cost.typical([_script(python, peer.script, files) for _ in range(runs)])
    except (peers.NotInstalledError, CommandFailedError) as error:
        yield f"{name}_{peer.name}", f"not measured: {error}"
        return
    yield f"{name}_{peer.name}_version", version
    yield from cost.values(f"{name}_{peer.name}")
    for figure in ("process_cpu_seconds", "work_cpu_seconds", "peak_megabytes"):
        short = figure.removesuffix("_seconds").removesuffix("_megabytes")
        ratio = getattr(cost, figure) / getattr(ours, figure)
        yield f"{name}_{short}_ratio_{peer.name}_to_ours", ratio


def _few_rows(rows: int, runs: int) -> Values:
    """Measure ours and the peers where starting up costs more than counting."""
    name, found = f"drift_{short(rows)}", files(rows)
    say(f"ours on {rows:,} rows a side")
    ours = Cost.typical([_ours(found) for _ in range(runs)])
    yield from ours.values(f"{name}_ours")
    for peer in peers.PEERS:
        yield from _peer(peer, found, name, ours, runs)


def _at_scale(sizes: tuple[int, int], runs: int, ours: Cost, *, keep: bool) -> Values:
    """Measure ours on the second of two sizes; its files are large."""
    rows, more_rows = sizes
    name = f"drift_{short(more_rows)}_ours"
    if why := lacking(more_rows):
        yield name, why
        return
    with removed_after(more_rows, keep=keep):
        found = files(more_rows)
        say(f"ours on {more_rows:,} rows a side")
        cost = Cost.typical([_ours(found) for _ in range(runs)])
    yield from cost.values(name)
    ratio = cost.peak_megabytes / ours.peak_megabytes
    yield f"drift_peak_memory_ratio_{short(more_rows)}_to_{short(rows)}", ratio
