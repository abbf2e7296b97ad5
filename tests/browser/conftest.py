"""The served app in headless Chromium; skipped where there is none."""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from docs.make_shots import CHROMIUM, FAULT, FLAGS, VIEWPORT, served, settle, watch
from monitoring.settings import Settings

ROOT = Path(__file__).parents[2]
#: Machines are slow when they are busy; what never comes still fails.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict) -> dict:
    return {
        **browser_context_args,
        "viewport": VIEWPORT,
        "locale": "en-GB",
        "timezone_id": "UTC",
        "reduced_motion": "reduce",
    }


@pytest.fixture(scope="session")
def base_url() -> None:
    """Takes the place of pytest-base-url's fixture, which pytest 9 warns of."""


@pytest.fixture(scope="session")
def environment(sample: Path, settings: Settings) -> dict[str, str]:
    """What app and evaluator are variables, and a results store that is filled already.

    Filling takes minutes, so that the store is kept until the product changes, and these tests run
    where `LEEWAY_BROWSER_TESTS` is set.
    """
    if not os.environ.get("LEEWAY_BROWSER_TESTS"):
        pytest.skip("filling a store takes minutes: set LEEWAY_BROWSER_TESTS=1")
    folder = settings.cache / "browser-tests"
    folder.mkdir(exist_ok=True)
    file = folder / f"{_source_digest()}.sqlite"
    variables = {
        "LEEWAY_NOW": f"{settings.now:%Y-%m-%dT%H:%M:%SZ}",
        "LEEWAY_CACHE": str(settings.cache),
        "LEEWAY_SEED": str(settings.seed),
        "AZURE_ML_WORKSPACE": "",
        "DATABASE_URL": f"sqlite:///{file}",
    }
    with (folder / "lock").open("w") as lock:  # several processes run these tests
        fcntl.flock(lock, fcntl.LOCK_EX)
        for other in set(folder.glob("*.sqlite*")) - set(folder.glob(f"{file.name}*")):
            other.unlink()
        command = [sys.executable, "-m", "monitoring", "serve", "--once"]
        subprocess.run(
            command, cwd=ROOT, env=os.environ | variables, check=True, capture_output=True
        )
    return variables


def _source_digest() -> str:
    """Return what changes with any line that the evaluator runs."""
    files = sorted(file for name in ("monitoring", "sample") for file in (ROOT / name).rglob("*.*"))
    texts = (file.read_bytes() for file in files if file.suffix in {".py", ".kql"})
    return hashlib.blake2b(b"\0".join(texts), digest_size=8).hexdigest()


@pytest.fixture(scope="session")
def app_url(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the app on the sample workspace; its log must hold no traceback at the end."""
    with served(tmp_path_factory.mktemp("app") / "server.log", **environment) as url:
        yield url


@pytest.fixture
def visit(page: Page, app_url: str) -> Iterator[Callable[[str], Page]]:
    """visit("/data_drift?window=30d") -> the page once all is drawn; it must have stayed healthy."""
    problems = watch(page, app_url)

    def go(path: str) -> Page:
        page.goto(app_url + path)
        settle(page)
        assert page.get_by_text(FAULT).count() == 0, f"{path} shows a fault"
        return page

    yield go
    assert page.locator('[data-testid="stException"]').count() == 0
    assert problems == []
