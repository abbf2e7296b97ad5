"""Measure the named parts: `python -m benchmarks [PART ...]`.

Values go to standard output as `name: value` and into the results file, progress to standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import results, table
from benchmarks.machine import machine
from benchmarks.parts import Value, names, part, say
from benchmarks.places import GUIDE, PROJECT, RESULTS

STOP_SECONDS = 5


def main(arguments: list[str] | None = None) -> int:
    """Return 0 if every part that was asked for gave all its values."""
    options = _options(arguments)
    if options.list:
        for name in names():
            print(f"{name}: {(part(name).__doc__ or '').splitlines()[0]}")
        return 0
    if options.table:
        GUIDE.write_text(table.filled(GUIDE.read_text(), results.load(options.results or RESULTS)))
        return 0
    if unknown := sorted(set(options.parts) - set(names())):
        say(f"No part is called {', '.join(unknown)}. Choose from: {', '.join(names())}.")
        return 1
    file = options.results or (None if options.tiny else RESULTS)
    wanted = options.parts or names()
    failed = [name for name in wanted if not _measure(name, tiny=options.tiny, file=file)]
    return 1 if failed else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help="default: all of them")
    parser.add_argument("--list", action="store_true", help="name the parts and stop")
    parser.add_argument("--table", action="store_true", help=f"fill the tables of {GUIDE.name}")
    parser.add_argument("--tiny", action="store_true", help="small sizes, no peers, not recorded")
    parser.add_argument("--results", type=Path, help=f"default: {RESULTS.relative_to(PROJECT)}")
    return parser.parse_args(arguments)


def _measure(name: str, *, tiny: bool, file: Path | None) -> bool:
    """Measure one part in a process group of its own, so that nothing it started outlives it."""
    where, when, started = machine(), datetime.now(UTC), time.monotonic()
    limit_seconds = part(name).LIMIT_SECONDS
    command = [sys.executable, "-m", "benchmarks.one", name, *(["--tiny"] if tiny else [])]
    process = subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    timer = threading.Timer(limit_seconds, os.killpg, (process.pid, signal.SIGKILL))
    try:
        timer.start()
        values = _values(process)
        code = process.wait()
    except BaseException:
        _stop(process)
        raise
    finally:
        timer.cancel()
    if code < 0:
        late = time.monotonic() - started >= limit_seconds
        say(f"The part {name!r} was killed" + (f" after {limit_seconds} s." if late else "."))
    if file and values:
        results.record(file, name, values, machine=where, when=when, complete=code == 0)
    return code == 0


def _stop(process: subprocess.Popen[str]) -> None:
    """Ask the group to stop, so that temporary folders are removed; then insist."""
    os.killpg(process.pid, signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _values(process: subprocess.Popen[str]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for text in process.stdout or ():
        print(text, end="", flush=True)
        name, _, value = text.rstrip("\n").partition(": ")
        values[name] = results.number_or_text(value)
    return values


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("Stopped.")
        sys.exit(130)
