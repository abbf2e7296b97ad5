"""Run a command in a process of its own and measure that process from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from benchmarks.places import PROJECT

if TYPE_CHECKING:
    import resource
    from collections.abc import Collection, Mapping

#: ru_maxrss counts kibibytes on Linux, bytes on macOS.
MAXRSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024
#: The first leaks our packages into a peer; the second makes Python compile all that it imports anew.
NOT_INHERITED = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}


class CommandFailedError(Exception):
    """A measured command gave no answer."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process took from its start to its exit, imports and worker threads included."""

    process_cpu_seconds: float
    wall_seconds: float
    peak_bytes: int
    output: str

    def answer(self) -> dict[str, object]:
        """Return the JSON object that a script of `benchmarks.measured` prints last."""
        return dict(json.loads(self.output.strip().splitlines()[-1]))


def measure(
    command: list[str],
    *,
    limit_seconds: float,
    variables: Mapping[str, str] | None = None,
    accepted: Collection[int] = (0,),
) -> Usage:
    """Run `command` from the project's folder and wait for it.

    The peak counts what the starting process held when it forked, so parts that call this import
    nothing heavy.

    Args:
        command: Program and arguments.
        limit_seconds: Then it is killed.
        variables: Environment variables on top of this process's.
        accepted: Exit codes that mean it worked.

    Raises:
        CommandFailedError: It cannot be started, was killed or ended with another exit code.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        status, usage = _wait(_start(command, variables or {}, out, err), limit_seconds)
        wall_seconds = time.perf_counter() - started
        code = os.waitstatus_to_exitcode(status)
        if code not in accepted:
            raise CommandFailedError(_why(command, code, _text(err), limit_seconds, wall_seconds))
        return Usage(
            process_cpu_seconds=usage.ru_utime + usage.ru_stime,
            wall_seconds=wall_seconds,
            peak_bytes=usage.ru_maxrss * MAXRSS_UNIT_BYTES,
            output=_text(out),
        )


def _start(
    command: list[str], variables: Mapping[str, str], out: IO[bytes], err: IO[bytes]
) -> subprocess.Popen[bytes]:
    # DO_NOT_TRACK: Evidently reports usage otherwise.
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    environment = {**inherited, "DO_NOT_TRACK": "1", **variables}
    try:
        return subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=out, stderr=err)
    except OSError as error:
        raise CommandFailedError(f"{Path(command[0]).name} did not start: {error}") from error


def _wait(
    process: subprocess.Popen[bytes], limit_seconds: float
) -> tuple[int, resource.struct_rusage]:
    timer = threading.Timer(limit_seconds, os.kill, (process.pid, signal.SIGKILL))
    timer.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return status, usage


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _why(
    command: list[str], code: int, errors: str, limit_seconds: float, wall_seconds: float
) -> str:
    what = " ".join([Path(command[0]).name, *command[1:3]])
    if code == -signal.SIGKILL:
        late = wall_seconds >= limit_seconds
        return f"{what} was killed " + (
            f"after {limit_seconds:.0f} s" if late else "from outside, perhaps for lack of memory"
        )
    last = (errors.strip().splitlines() or ["no message"])[-1]
    return f"{what} ended with exit code {code}: {last}"
