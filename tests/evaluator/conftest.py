"""A small workspace, on SQLite or on both kinds of database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitoring.signals import SIGNALS
from tests.postgres import url

from .toys import BACK, DAY, NOW, Bench, Window, bench, toys

__all__ = ["url"]  # a fixture


@pytest.fixture(autouse=True)
def _signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the toys known; the product's own signals are not evaluated here."""
    for name, toy in toys().items():
        if name != "toy_activity":
            monkeypatch.setitem(SIGNALS, name, toy)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Bench]:
    """Three days of files, on SQLite."""
    with bench(f"sqlite:///{tmp_path / 'kept.sqlite'}", tmp_path / "small") as made:
        made.small.fill(Window(NOW - BACK - DAY / 2, NOW))
        yield made
