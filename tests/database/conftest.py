"""A database to test on: a file, and a PostgreSQL server where one is given."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitoring.database.database import Database
from monitoring.decisions.stored import Author, Place

#: Address of an empty PostgreSQL database that the tests may fill and empty.
SERVER = os.environ.get("TEST_POSTGRESQL_URL", "")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANA = Author("Ana Lopez", "signed in")
BLUE = Place("flights", "flight-delay", "blue")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'kept' / 'leeway.sqlite'}"
        return
    if not SERVER:
        pytest.skip("TEST_POSTGRESQL_URL names no server")
    empty(SERVER)
    yield SERVER
    empty(SERVER)


def empty(url: str) -> None:
    from sqlalchemy import text  # noqa: PLC0415

    from monitoring.database.engine import engine_of, transaction  # noqa: PLC0415

    engine = engine_of(url)
    with transaction(engine, writes=True) as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = Database(url)
    yield made
    made.close()
