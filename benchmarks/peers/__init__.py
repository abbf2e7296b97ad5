"""Other tools that are measured, each in an environment of its own made from its pins here."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.places import CACHE

INSTALL_LIMIT_SECONDS = 900
PINS = Path(__file__).parent


class NotInstalledError(Exception):
    """A peer cannot be had on this machine."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One other tool: its name in values, its distribution, and the script that runs it."""

    name: str
    distribution: str
    script: str

    @property
    def pins(self) -> Path:
        """The requirements that its environment is made from."""
        return PINS / f"{self.name}.txt"


EVIDENTLY = Peer("evidently", "evidently", "benchmarks.measured.evidently_drift")
ALIBI_DETECT = Peer("alibi_detect", "alibi-detect", "benchmarks.measured.alibi_detect_drift")
PEERS = (EVIDENTLY, ALIBI_DETECT)


def python(peer: Peer) -> Path:
    """Return the Python of the peer's environment, which is made at first use and when pins change.

    Raises:
        NotInstalledError: It cannot be made, and why.
    """
    folder = CACHE / "peers" / peer.name
    made_from = folder / "made_from.txt"
    wanted = f"{sys.version_info[:2]}\n{peer.pins.read_text()}"
    if not (made_from.exists() and made_from.read_text() == wanted):
        shutil.rmtree(folder, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(folder)])
        _run([str(_python(folder)), "-m", "pip", "install", "--quiet", "-r", str(peer.pins)])
        made_from.write_text(wanted)
    return _python(folder)


def version(peer: Peer) -> str:
    """Return the version that the peer's environment holds."""
    code = f"import importlib.metadata as m; print(m.version({peer.distribution!r}))"
    return _run([str(python(peer)), "-c", code]).strip()


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=INSTALL_LIMIT_SECONDS
        )
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if "ERROR" in line]
        reason = (lines or error.stderr.splitlines() or ["no message"])[-1]
        raise NotInstalledError(reason.strip()) from error
    except (subprocess.TimeoutExpired, OSError) as error:
        raise NotInstalledError(json.dumps(str(error))) from error
    return done.stdout
