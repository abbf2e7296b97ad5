"""Screenshots of every page in light and dark, taken from the running app: `make shots`.

Exits with 1 when a page shows an exception or asks another host for anything.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
SHOTS = ROOT / "docs" / "shots"
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: Page -> query that shows it with something on it.
QUERIES = {
    "incidents": "?window=7d",
    "baselines": "?endpoint=flight-delay&deployment=blue",
    "data_drift": "?endpoint=flight-delay&window=30d&feature=temp",
    "data_quality": "?endpoint=flight-delay&window=30d&feature=temp",
    "compare_versions": "?endpoint=flight-delay&window=30d",
    "compute": "?endpoint=flight-delay&window=30d",
    "cost": "?endpoint=flight-delay&deployment=blue",
    "fairness": "?endpoint=flight-delay&window=30d&group-flight-delay=origin",
    "performance": "?endpoint=flight-delay&deployment=blue&window=30d",
    "predictions": "?endpoint=flight-delay&window=30d&output=probability",
    "request": "?endpoint=flight-delay&window=7d",
    "traffic": "?endpoint=flight-time&window=24h",
    "your_own_files": "?own-reference-path=examples/january.parquet"
    "&own-production-path=examples/july.csv&feature=air_time",
}
VIEWPORT = {"width": 1440, "height": 900}
#: Page -> height of its picture, where more than a screen is worth seeing.
HEIGHTS = {
    "incidents": 2300,
    "baselines": 1500,
    "compare_versions": 2400,
    "compute": 3400,
    "cost": 4000,
    "data_drift": 1500,
    "data_quality": 2400,
    "fairness": 2300,
    "performance": 3000,
    "predictions": 2300,
    "request": 1300,
    "traffic": 2400,
    "your_own_files": 1900,
}
FAULT = "A fault in this app"  # how ui/parts/states.py begins to speak of an exception
LARGEST_BYTES = 500_000
START_SECONDS = 180
SETTLE_MS = 90_000


@contextmanager
def served(log: Path, **environment: str) -> Iterator[str]:
    """Run the app on a free port and give its address; stop it afterwards.

    Raises:
        RuntimeError: It did not start, or its log holds a traceback at the end.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    options = [f"--server.port={port}", "--server.address=127.0.0.1"]
    with log.open("w") as out:
        server = subprocess.Popen(
            [*command, *options],
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=os.environ | environment,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(url, server, log)
        yield url
    finally:
        server.terminate()
        server.wait(20)
    if "Traceback" in log.read_text():
        raise RuntimeError(f"the server logged a traceback:\n{log.read_text()[-4000:]}")


def _wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the app did not start:\n{log.read_text()[-4000:]}")


def settle(page: Page) -> None:
    """Wait until the script has run and all that it draws is on the page."""
    page.wait_for_selector(
        '[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=SETTLE_MS
    )
    busy = '[data-testid="stSkeleton"],[data-testid="stSpinner"],[data-stale="true"]'
    # A function, not an expression: the app's security policy forbids eval.
    page.wait_for_function(f"() => !document.querySelector('{busy}')", timeout=SETTLE_MS)
    page.wait_for_timeout(300)


def watch(page: Page, url: str) -> list[str]:
    """Collect what must not happen on a page: script errors and requests to other hosts."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(f"script error: {error}"))

    def check(address: str) -> None:
        if address.startswith("http") and not address.startswith(url):
            problems.append(f"request to another host: {address}")

    page.on("request", lambda request: check(request.url))
    return problems


def shoot(browser: Browser, url: str, name: str, scheme: str) -> list[str]:
    """Save one page in one colour scheme; return what was wrong with it."""
    context = browser.new_context(
        viewport=VIEWPORT | {"height": HEIGHTS.get(name, VIEWPORT["height"])},
        color_scheme=scheme,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )
    page = context.new_page()
    problems = watch(page, url)
    page.goto(f"{url}/{name}{QUERIES.get(name, '')}")
    settle(page)
    if page.locator('[data-testid="stException"]').count() or page.get_by_text(FAULT).count():
        problems.append("an exception on the page")
    target = SHOTS / f"{name}-{scheme}.png"
    page.screenshot(path=target)
    if target.stat().st_size > LARGEST_BYTES:
        problems.append(f"{target.name} is larger than {LARGEST_BYTES // 1000} kB")
    context.close()
    return [f"{name} ({scheme}): {problem}" for problem in problems]


def main() -> int:
    """Take all screenshots."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - tests import this module too

    from ui.shell.nav import TABLE  # noqa: PLC0415 - same

    SHOTS.mkdir(exist_ok=True)
    log = ROOT / ".cache" / "shots.log"
    log.parent.mkdir(exist_ok=True)
    problems = []
    with served(log, LEEWAY_FILES="docs") as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for row in TABLE:
            for scheme in ("light", "dark"):
                problems += shoot(browser, url, Path(row.file).stem, scheme)
                print(f"{row.title}, {scheme}")
        browser.close()
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
