"""The served app in headless Chromium; skipped where there is none."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from docs.make_shots import CHROMIUM, FAULT, FLAGS, VIEWPORT, served, settle, watch

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
def app_url(sample: Path, settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the app on the sample workspace; its log must hold no traceback at the end."""
    log = tmp_path_factory.mktemp("app") / "server.log"
    environment = {
        "LEEWAY_NOW": f"{settings.now:%Y-%m-%dT%H:%M:%SZ}",
        "LEEWAY_CACHE": str(settings.cache),
        "LEEWAY_SEED": str(settings.seed),
        "AZURE_ML_WORKSPACE": "",
    }
    with served(log, **environment) as url:
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
