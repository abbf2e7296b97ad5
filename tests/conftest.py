"""What all tests share: the sample workspace at a fixed time, built once and kept in .cache."""

from __future__ import annotations

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
