"""Pages in headless Chromium: how long one takes from navigation until it is complete."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.places import PROJECT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

HELD_MS, LIMIT_SECONDS = 400, 60
#: What is on a page while something is still being measured or drawn.
BUSY = (
    '[data-testid="stSkeleton"],[data-testid="stSpinner"],[data-testid="stProgress"],'
    '[data-testid="stStatusWidget"],[data-stale="true"]'
)
#: Notes since when the page has been complete. Policies forbid eval, so the condition is written in.
WATCH = """(() => {
  const main = () => document.querySelector('[data-testid="stMain"]');
  const has = (...texts) => texts.every(text => main()?.textContent.includes(text));
  const rests = () => !document.querySelector('BUSY')
    && document.querySelector('[data-testid="stApp"][data-test-script-state="notRunning"]');
  const complete = () => CONDITION;
  let since = null;
  const look = () => {
    const now = performance.now();
    since = complete() ? since ?? now : null;
    window.__complete = since === null ? null : {at: since, held: now - since};
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();"""


class NotCompleteError(Exception):
    """A page did not become complete in time."""


@dataclass(frozen=True, slots=True)
class Look:
    """A page and what makes it complete. shown: in JavaScript. rests: whether all else is done, too."""

    path: str
    shown: str
    rests: bool = True

    @property
    def script(self) -> str:
        """What watches the page."""
        condition = f"{self.shown} && rests()" if self.rests else self.shown
        return WATCH.replace("BUSY", BUSY).replace("CONDITION", condition)


def complete_seconds(browser: Browser, url: str, look: Look) -> float:
    """Return the seconds from navigation until a page is complete, in a browser that knows nothing.

    Raises:
        NotCompleteError: It was not within a minute.
    """
    context = browser.new_context(viewport={"width": 1440, "height": 900}, timezone_id="UTC")
    try:
        return _watched(context, url, look)
    finally:
        context.close()


def _watched(context: BrowserContext, url: str, look: Look) -> float:
    from playwright.sync_api import TimeoutError as TookTooLong  # noqa: PLC0415 - see timeline_paint

    context.add_init_script(look.script)
    page = context.new_page()
    page.goto(url + look.path, wait_until="commit")
    try:
        page.wait_for_function(
            "held => window.__complete && window.__complete.held >= held",
            arg=HELD_MS,
            timeout=LIMIT_SECONDS * 1e3,
        )
    except TookTooLong as error:
        raise NotCompleteError(f"{look.path} was not complete in {LIMIT_SECONDS} s") from error
    return float(page.evaluate("() => window.__complete.at")) / 1e3


@contextlib.contextmanager
def served_script(folder: Path, code: str) -> Iterator[str]:
    """Serve a Streamlit script on a free port and give its address.

    Raises:
        RuntimeError: It did not start.
    """
    script = folder / "bare.py"
    script.write_text(code)
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"]
    server = subprocess.Popen(
        [*command, "--server.address=127.0.0.1", "--server.headless=true"],
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/_stcore/health", server, 60)
        yield url
    finally:
        server.terminate()
        server.wait(20)


def free_port() -> int:
    """Return a port of this machine that nothing listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(url: str, server: subprocess.Popen[bytes], limit_seconds: float) -> None:
    """Wait until an address answers.

    Raises:
        RuntimeError: The server ended, or did not answer in time.
    """
    end = time.monotonic() + limit_seconds
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own server
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing answered at {url}")
