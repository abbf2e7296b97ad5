"""Who may import whom, and who may read the clock: `architecture` says it, checked on the source itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture import ROOT, Module, faults, modules, ring, table


@pytest.fixture(scope="module")
def code() -> list[Module]:
    return modules(ROOT)


def test_the_code_keeps_to_the_rules(code: list[Module]) -> None:
    assert faults(code) == []


def test_no_files_import_each_other(code: list[Module]) -> None:
    assert ring(code) == []


def test_the_table_of_packages_is_in_contributing() -> None:
    assert table() in (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def read(tmp_path: Path, files: dict[str, str]) -> list[Module]:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return modules(tmp_path)


STREAMLIT = (
    "import streamlit",
    "import streamlit as st",
    "from streamlit import cache_data",
    "import streamlit.runtime",
    "def late():\n    import streamlit",
    "class Late:\n    from streamlit import runtime",
    "import importlib\nst = importlib.import_module('streamlit')",
)


@pytest.mark.parametrize(
    ("module", "statement", "fault"),
    [
        *(("monitoring/signals/x.py", statement, "which only ui") for statement in STREAMLIT),
        ("monitoring/metrics/x.py", "import pandas as pd", "which only sample"),
        ("monitoring/metrics/x.py", "from monitoring.sources import logs", "stands after"),
        ("monitoring/metrics/drift/x.py", "from ...counting.engine import bins", "stands after"),
        ("monitoring/metrics/x.py", "from monitoring import sources", "stands after"),
        ("monitoring/arrays.py", "from monitoring.window import Window", "stands after"),
        (
            "monitoring/statistics/x.py",
            "if TYPE_CHECKING:\n    from monitoring.counting.profile import Profile",
            "stands after",
        ),
        ("monitoring/charts/x.py", "from ui.parts import cards", "stands after"),
        ("monitoring/news/x.py", "", "lies in no package"),
        ("monitoring/signals/x.py", "from azure.core import credentials", "which only"),
        ("monitoring/signals/x.py", "import plotly.graph_objects as go", "which only"),
        ("monitoring/signals/x.py", "import sqlalchemy", "which only"),
        ("monitoring/sources/x.py", "import duckdb_kql", "which only sample"),
        ("monitoring/sources/x.py", "from azure.ai.ml import MLClient", "takes seconds"),
        ("monitoring/signals/x.py", "import sample", "which only sample"),
        (
            "monitoring/signals/x.py",
            "from datetime import datetime\nT = datetime.now()",
            "parameter",
        ),
        ("monitoring/signals/x.py", "import datetime\nT = datetime.date.today()", "parameter"),
        ("monitoring/counting/engine/x.py", "import os\nHOME = os.environ['HOME']", "parameter"),
        ("pages/x.py", "from monitoring.sources import logs", "which only"),
        ("pages/x.py", "import streamlit as st\n@st.cache_data\ndef f(): ...", "only ui.loaders"),
    ],
)
def test_each_rule_bites(tmp_path: Path, module: str, statement: str, fault: str) -> None:
    assert any(fault in each for each in faults(read(tmp_path, {module: statement})))


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("ui/x.py", "import streamlit as st"),
        ("ui/x.py", "import requests, statistics"),
        ("monitoring/sources/x.py", "def f():\n    from azure.ai.ml import MLClient"),
        ("monitoring/settings.py", "import os\nHOME = os.environ"),
        ("monitoring/signals/x.py", "import time\nbegan = time.perf_counter()"),
    ],
)
def test_what_is_allowed_passes(tmp_path: Path, module: str, statement: str) -> None:
    assert faults(read(tmp_path, {module: statement})) == []


def test_a_ring_shows_through_calls_and_types(tmp_path: Path) -> None:
    files = {
        "ui/a.py": "def f():\n    from ui import b",
        "ui/b.py": "if TYPE_CHECKING:\n    from ui.c import C",
        "ui/c.py": "import ui.a",
        "ui/d.py": "import ui.a",
    }
    assert set(ring(read(tmp_path, files))) == {"ui.a", "ui.b", "ui.c"}
