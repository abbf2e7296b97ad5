"""A database to test on: a file, and a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from monitoring.database.database import Database
from monitoring.decisions.stored import Author
from monitoring.place import Place
from tests.postgres import url

__all__ = ["url"]  # a fixture

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANA = Author("Ana Lopez", "signed in")
BLUE = Place(workspace="flights", endpoint="flight-delay", deployment="blue")


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = Database(url)
    yield made
    made.close()
