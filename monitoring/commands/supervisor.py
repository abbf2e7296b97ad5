"""Programs that run as one: an app, and a helper beside it that is started again when it ends."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Self

#: What asks for the end; SIGHUP comes when the terminal is closed.
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: What a program has from SIGTERM to SIGKILL.
GRACE_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 60.0

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Program:
    """A command with the name that log lines call it by; niceness 0 to 19, higher yields more."""

    name: str
    command: tuple[str, ...]
    niceness: int = 0


def run_together(
    app: Program,
    helper: Program,
    *,
    before: Sequence[Program] = (),
    grace_seconds: float = GRACE_SECONDS,
) -> int:
    """Run the app until it ends or a signal asks for the end, and return its exit code.

    Args:
        app: Ends everything when it ends.
        helper: Runs beside it; when it ends it is started again, after a pause that doubles.
        before: Run one after the other first; one that fails ends everything with its exit code.
        grace_seconds: From SIGTERM to SIGKILL.
    """
    with Bell() as bell, Family(bell, grace_seconds) as family:
        for program in before:
            code = family.wait_for(family.start(program))
            if code or bell.is_stopping:
                return code
        main, beside = family.start(app), Restarted(helper, family)
        while main.returncode is None and not bell.is_stopping:
            bell.wait(beside.tend())
            family.reap()
        family.stop()
        return exit_code(main.returncode)


def exit_code(returncode: int) -> int:
    """Return what a shell makes of it: a program that a signal ended has 128 and its number.

    >>> exit_code(3), exit_code(-15)
    (3, 143)
    """
    return returncode if returncode >= 0 else 128 - returncode


def pause_seconds(failures: int) -> float:
    """Return how long to wait before the next start, after that many ends in a row.

    >>> [pause_seconds(n) for n in (1, 2, 3, 6, 7, 5000)]
    [1.0, 2.0, 4.0, 32.0, 60.0, 60.0]
    """
    return min(2.0 ** min(failures - 1, 10), LONGEST_PAUSE_SECONDS)


class Bell:
    """Wakes a wait when a child has ended or a signal asks for the end."""

    def __init__(self) -> None:
        self.is_stopping = False

    def __enter__(self) -> Self:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, *STOPPING):
            signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGCHLD, *STOPPING):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        os.close(self._read)
        os.close(self._write)

    def _note(self, number: int, _: FrameType | None) -> None:
        self.is_stopping |= number in STOPPING

    def wait(self, seconds: float | None) -> None:
        """Wait until it rings, or for so many seconds."""
        if select.select([self._read], [], [], seconds)[0]:
            os.read(self._read, 4096)


class Family:
    """The children of this process; none is left when it ends, on Linux not even by SIGKILL."""

    def __init__(self, bell: Bell, grace_seconds: float) -> None:
        self.bell = bell
        self.grace_seconds = grace_seconds
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, program: Program) -> subprocess.Popen[bytes]:
        """Start a program in a session of its own, so that a signal reaches all that it started."""
        child = subprocess.Popen(  # noqa: S603 - our own commands
            program.command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            # Between fork and exec; safe, as this process has one thread.
            preexec_fn=partial(_settle, program.niceness, os.getpid()),  # noqa: PLW1509
        )
        self._children[child.pid] = child
        return child

    def reap(self) -> None:
        """Take note of all that ended: as process 1 of a container, orphans of others too."""
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                child = self._children.pop(ended[0], None)
                if child is not None:
                    child.returncode = os.waitstatus_to_exitcode(ended[1])

    def wait_for(self, child: subprocess.Popen[bytes]) -> int:
        """Wait until it has ended, ask it to when a signal came, and return its exit code."""
        while child.returncode is None and not self.bell.is_stopping:
            self.bell.wait(None)
            self.reap()
        self.stop()
        return exit_code(child.returncode)

    def stop(self) -> None:
        """Ask all to end, and end those that do not."""
        self._send(signal.SIGTERM)
        end = time.monotonic() + self.grace_seconds
        while self._children and (left := end - time.monotonic()) > 0:
            self.bell.wait(left)
            self.reap()
        self._send(signal.SIGKILL)
        while self._children:
            self.bell.wait(1.0)
            self.reap()

    def _send(self, number: signal.Signals) -> None:
        for pid in self._children:
            with suppress(ProcessLookupError):
                os.killpg(pid, number)


def _settle(niceness: int, parent: int) -> None:
    """Make a child polite, and let it die with its parent."""
    os.nice(niceness)
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before that
        os._exit(1)


@dataclass
class Restarted:
    """A program that is started again whenever it ends; the pauses grow while it does so early."""

    program: Program
    family: Family
    child: subprocess.Popen[bytes] | None = None
    failures: int = 0
    start: float = field(default_factory=time.monotonic)

    def tend(self) -> float | None:
        """Start it when it is time; return the seconds until then, None while it runs."""
        now = time.monotonic()
        if self.child is not None and self.child.returncode is not None:
            self._pause(now, exit_code(self.child.returncode))
        if self.child is None and now >= self.start:
            self.child = self.family.start(self.program)
        return None if self.child is not None else self.start - now

    def _pause(self, now: float, code: int) -> None:
        is_early = now - self.start <= LONGEST_PAUSE_SECONDS
        self.failures = self.failures + 1 if is_early else 1
        seconds = pause_seconds(self.failures)
        self.child, self.start = None, now + seconds
        print(
            f"The {self.program.name} ended with exit code {code} and starts again in {seconds:g} s.",
            file=sys.stderr,
            flush=True,
        )
