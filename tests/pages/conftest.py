"""The app without a browser, on the real clients over a store of a few endpoints."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from tiny_store import Tiny, tiny

from ui.loaders import monitor
from ui.loaders import workspace as connection

ROOT = Path(__file__).parents[2]


class Connected:
    """A finished preparation."""

    error = None

    def __init__(self, workspace: Tiny) -> None:
        self.azure = workspace.azure

    def is_done(self, wait_seconds: float) -> bool:
        return True


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[None]:
    """Nothing cached before, nothing left behind."""

    def clear() -> None:
        st.cache_data.clear()
        st.cache_resource.clear()
        connection.settings.cache_clear()

    clear()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(monitor, "folder", lambda: tmp_path / "answers")
        yield
    clear()


@pytest.fixture
def workspace(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """The workspace that the app is connected to; set its `faults` to break it."""
    made = tiny(tmp_path)
    monkeypatch.setattr(connection, "settings", lambda: made.settings)
    monkeypatch.setattr(connection, "preparation", lambda: Connected(made))
    return made


@pytest.fixture
def shell(workspace: Tiny) -> Callable[..., AppTest]:
    """shell("data_drift.py", endpoint="credit") -> that page, run, from a link with this query."""
    return open_page


def open_page(page: str | None = None, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "ui" / "shell" / "main.py"), default_timeout=240)
    for name, value in query.items():
        app.query_params[name] = value
    if page is not None:  # before the first run: the overview need not be measured on the way
        app.switch_page(str(ROOT / "pages" / page))
    return app.run()


@pytest.fixture
def words() -> Callable[[AppTest], str]:
    """words(app) -> all that is written on the page and beside it."""
    return lambda app: "\n".join(
        str(getattr(part, "value", "")) for part in [*app.main, *app.sidebar]
    )
