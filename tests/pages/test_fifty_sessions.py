"""Fifty sessions at once: what reaches Log Analytics is counted where requests leave the app.

In flight is a request from the moment the transport takes it until its answer is ready; each is
held for a moment, so that they would pile up if nothing kept them apart. Two requests are equal if
workspace, query text and timespan are.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
import streamlit as st
from healthy_store import Healthy, write
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.runtime import Runtime
from streamlit.runtime.caching.storage.dummy_cache_storage import MemoryCacheStorageManager
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.testing.v1 import AppTest, app_test
from tiny_store import NOW

from monitoring.sources.budget import CONCURRENT_QUERIES
from monitoring.sources.logs import Logs
from monitoring.sources.query import FOLDER
from monitoring.window import Window
from sample.transport import Reply, Request
from ui.loaders import workspace as connection
from ui.shell import nav

SESSIONS = 50
WINDOWS = ("24h", "7d")
LAST_DAY = Window.day(NOW)


@dataclass
class Counted:
    """Requests to Log Analytics, counted at the transport and held for some seconds."""

    held: float
    lock: threading.Lock = field(default_factory=threading.Lock)
    inside: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    most: int = 0
    most_equal: int = 0

    def begin(self, request: Request) -> Reply | None:
        """Count a request in, and hold it."""
        if (key := self._key(request)) is not None:
            with self.lock:
                self.inside[key] += 1
                self.sent[key] += 1
                self.most = max(self.most, self.inside.total())
                self.most_equal = max(self.most_equal, self.inside[key])
            time.sleep(self.held)
        return None

    def end(self, request: Request, reply: Reply) -> None:
        """Count a request out."""
        if (key := self._key(request)) is not None:
            with self.lock:
                self.inside[key] -= 1

    def _key(self, request: Request) -> str | None:
        if request.host != "api.loganalytics.io":
            return None
        body = json.loads(request.body)
        return json.dumps([request.path, body["query"], body["timespan"]])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("healthy") / "store")


def test_fifty_threads_ask_every_named_query(store: Path) -> None:
    """Each asks all the product's queries, with the values that stand in their files."""
    counted = Counted(held=0.02)
    azure = Healthy(store).connect(faults=counted.begin, observer=counted.end)
    texts = [path.read_text() for path in sorted(FOLDER.glob("*.kql"))]

    def session(n: int) -> int:
        turned = texts[n % len(texts) :] + texts[: n % len(texts)]
        return sum(Logs(azure).run(text, LAST_DAY).window == LAST_DAY for text in turned)

    with ThreadPoolExecutor(SESSIONS) as pool:
        answered = list(pool.map(session, range(SESSIONS)))
    assert answered == [len(texts)] * SESSIONS
    assert counted.most == CONCURRENT_QUERIES  # full, and never fuller
    assert counted.most_equal == 1
    assert set(counted.sent.values()) == {1}
    assert len(counted.sent) == len(texts)
    usage = azure.query_budget.usage()
    assert usage.sent == len(texts)
    assert usage.joined + usage.cached == (SESSIONS - 1) * len(texts)
    assert (usage.in_flight, usage.waiting, usage.failed) == (0, 0, 0)


@pytest.fixture
def side_by_side(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let AppTests run at once: each would take the runtime of the others away when it ends."""
    shared = MagicMock(spec=Runtime)
    shared.media_file_mgr = MediaFileManager(MemoryMediaFileStorage("/mock/media"))
    shared.cache_storage_manager = MemoryCacheStorageManager()
    components = BidiComponentManager()
    components.discover_and_register_components(start_file_watching=False)
    shared.bidi_component_registry = components
    monkeypatch.setattr(Runtime, "_instance", shared)
    monkeypatch.setattr(app_test, "Runtime", SimpleNamespace(_instance=None))
    monkeypatch.setattr(app_test, "MagicMock", lambda **_: SimpleNamespace())
    with app_test.patch_config_options({"global.appTest": True}):
        monkeypatch.setattr(app_test, "patch_config_options", lambda _: threading.Lock())
        st.cache_data.clear()
        st.cache_resource.clear()
        yield
        st.cache_data.clear()
        st.cache_resource.clear()


@pytest.mark.slow(seconds=40)
def test_fifty_sessions_on_all_pages(
    store: Path, side_by_side: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each opens a page of the menu, all at once, over one of two windows; nothing is cached."""
    counted, healthy = Counted(held=0.5), Healthy(store)
    azure = healthy.connect(faults=counted.begin, observer=counted.end)
    connected = SimpleNamespace(azure=azure, error=None, is_done=lambda _: True)
    monkeypatch.setattr(connection, "settings", lambda: healthy.settings)
    monkeypatch.setattr(connection, "preparation", lambda: connected)
    pages = [row.file for row in nav.TABLE]
    together = threading.Barrier(SESSIONS)

    def session(n: int) -> AppTest:
        app = AppTest.from_file(
            str(nav.PAGES.parent / "ui" / "shell" / "main.py"), default_timeout=300
        )
        app.query_params["endpoint"] = "credit"
        app.query_params["window"] = WINDOWS[n // len(pages) % len(WINDOWS)]
        app.switch_page(str(nav.PAGES / pages[n % len(pages)]))
        together.wait(60)
        return app.run()

    with ThreadPoolExecutor(SESSIONS) as pool:
        apps = list(pool.map(session, range(SESSIONS)))
    fallen = [(pages[n % len(pages)], app.exception) for n, app in enumerate(apps) if app.exception]
    assert fallen == []
    titles = [[title.value for title in app.title] for app in apps]
    assert titles == [[nav.TABLE[n % len(pages)].title] for n in range(SESSIONS)]
    assert counted.most == CONCURRENT_QUERIES  # full, and never fuller
    assert counted.most_equal == 1
    assert set(counted.sent.values()) == {1}
    assert azure.query_budget.usage().sent == counted.sent.total()
