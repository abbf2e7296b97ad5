"""What all tests share: their lanes, and the sample workspace at a fixed time, kept in .cache."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitoring.settings import Settings
from monitoring.sources.azure import Azure
from tests.postgres import postgres, postgres_server

__all__ = ["postgres", "postgres_server"]  # fixtures for all tests

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SEED = 2013

#: Folder -> lane of all that is in it; elsewhere fixtures and markers say it.
LANES = {ROOT / "tests/browser": "browser", ROOT / "tests/pages": "sample"}
#: Lane -> about what a test of it takes. Whoever draws the longest file last makes the others wait.
SECONDS = {"browser": 5.0, "slow": 5.0, "sample": 1.0}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    for item in items:  # before -m looks at the markers
        for lane in lanes(item):
            item.add_marker(lane)
    yield
    seconds: Counter[Path] = Counter()
    for item in items:
        seconds[item.path] += max(map(cost, item.iter_markers()), default=0.0)
    items.sort(key=lambda item: -seconds[item.path])  # stable: a file keeps its order


def cost(mark: pytest.Mark) -> float:
    """About what a test with this marker takes, in seconds."""
    return float(mark.kwargs.get("seconds", SECONDS.get(mark.name, 0.0)))


def lanes(item: pytest.Item) -> Iterator[str]:
    """What a test needs beyond the source tree."""
    yield from (LANES[folder] for folder in item.path.parents if folder in LANES)
    fixtures = getattr(item, "fixturenames", ())
    if "sample" in fixtures:
        yield "sample"
    params = getattr(getattr(item, "callspec", None), "params", {})
    if params.get("url") == "postgresql" or any("postgres" in name for name in fixtures):
        yield "postgres"


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    kept = tmp_path_factory.mktemp("database") / "leeway.sqlite"
    return Settings(cache=ROOT / ".cache", now=NOW, seed=SEED, database_url=f"sqlite:///{kept}")


@pytest.fixture(scope="session")
def sample(settings: Settings) -> Path:
    from sample.builder import build  # noqa: PLC0415 - seconds, and not every test needs it

    return build(settings.cache, NOW, SEED, lambda share, text: None)


@pytest.fixture(scope="session")
def azure(sample: Path, settings: Settings) -> Azure:
    from monitoring.sources.azure import connect  # noqa: PLC0415

    return connect(settings)
