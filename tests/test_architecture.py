"""Who may import whom, and who may read the clock: stated once, checked on the source itself."""

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
CODE = ("app.py", "monitoring", "pages", "ui")

#: Imported module -> where alone it may be imported. The longest matching name decides.
ONLY_IN: dict[str, tuple[str, ...]] = {
    "streamlit": ("app", "ui", "pages"),
    "plotly": ("monitoring.charts",),
    "azure": ("monitoring.sources", "sample"),
    "duckdb_kql": ("sample",),
    "sqlalchemy": ("monitoring.database", "monitoring.commands.database"),
    "alembic": ("monitoring.database",),
    "ui": ("app", "ui", "pages"),
    "pages": (),
    "monitoring.sources": ("monitoring", "ui.loaders"),
    "sample": ("monitoring.sources", "sample", "monitoring.commands", "ui.loaders"),
}  # fmt: skip

METRICS = (
    "monitoring.metrics.drift",
    "monitoring.metrics.quality",
    "monitoring.metrics.performance",
    "monitoring.metrics.fairness",
    "monitoring.methods.multivariate",
    "monitoring.methods.outliers",
    "monitoring.methods.attribution",
    "monitoring.methods.root_cause",
    "monitoring.methods.estimation",
)

#: Where -> what must not be imported there.
NEVER: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        METRICS,
        (
            "azure",
            "pandas",
            "duckdb",
            "monitoring.sources",
            "sample",
            "monitoring.counting.engine",
        ),
    ),
    **dict.fromkeys(
        ("monitoring.counting.totals", "monitoring.statistics"),
        (
            "azure",
            "pandas",
            "duckdb",
            "monitoring.sources",
            "monitoring.counting.engine",
            "monitoring.signals",
            *METRICS,
        ),
    ),
    "monitoring.charts": ("pandas", "monitoring.sources", "sample", "monitoring.counting.engine"),
    "monitoring.counting.engine": ("monitoring.sources", "sample", "monitoring.signals"),
    "monitoring.sources": (
        "monitoring.counting.engine",
        "monitoring.signals",
        "monitoring.charts",
        *METRICS,
    ),
    "monitoring.window": (
        "monitoring.counting.profile",
        "monitoring.metric",
        "monitoring.settings",
    ),
    "monitoring.errors": (
        "monitoring.window",
        "monitoring.counting.profile",
        "monitoring.settings",
    ),
    "pages": ("azure", "monitoring.sources", "monitoring.signals", "monitoring.counting.engine"),
}

#: This costs seconds, so it is imported inside the function that needs them.
LAZY = ("azure.ai.ml",)

#: The only readers of the clock and of the environment.
CLOCK = ("monitoring.settings", "monitoring.__main__", "app", "ui")
CLOCK_NAMES = (
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
    "os.environ",
    "os.getenv",
)
CLOCK_ENDS = {name.rpartition(".")[2] for name in CLOCK_NAMES}


class Import(NamedTuple):
    line: int
    name: str
    at_start: bool


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def module_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.Module, module: str, *, is_package: bool) -> Iterator[Import]:
    """Every import, however written: at the start, in a function, by name, relative."""
    lazy = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        at_start = id(node) not in lazy
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, alias.name, at_start)
        elif isinstance(node, ast.ImportFrom):
            package = module.split(".")
            above = len(package) - node.level + is_package
            base = ".".join([*package[:above], node.module or ""]) if node.level else node.module
            for alias in node.names:
                yield Import(node.lineno, f"{(base or '').rstrip('.')}.{alias.name}", at_start)
        elif isinstance(node, ast.Call) and node.args:
            called = ast.unparse(node.func).rpartition(".")[2]
            name = node.args[0]
            if called in {"import_module", "__import__"} and isinstance(name, ast.Constant):
                yield Import(node.lineno, str(name.value), at_start)


def import_faults(module: str, found: Import) -> Iterator[str]:
    ruled = [name for name in ONLY_IN if is_within(found.name, name)]
    if ruled:
        homes = ONLY_IN[max(ruled, key=len)]
        if not any(is_within(module, home) for home in homes):
            yield f"imports {found.name}, which only {', '.join(homes) or 'nobody'} may"
    for place, banned in NEVER.items():
        if is_within(module, place) and any(is_within(found.name, name) for name in banned):
            yield f"imports {found.name}, which {place} must not"
    if found.at_start and any(is_within(found.name, name) for name in LAZY):
        yield f"imports {found.name} at its start, which takes seconds"


def clock_faults(tree: ast.Module, module: str) -> Iterator[tuple[int, str]]:
    if any(is_within(module, home) for home in CLOCK):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in CLOCK_ENDS:
            read = ast.unparse(node)
            if any(read == name or read.endswith(f".{name}") for name in CLOCK_NAMES):
                yield node.lineno, f"reads {read}; take it as a parameter"


def cache_faults(tree: ast.Module, module: str) -> Iterator[tuple[int, str]]:
    if is_within(module, "ui.loaders"):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"cache_data", "cache_resource"}:
            yield node.lineno, f"uses st.{node.attr}, which only ui.loaders may"


def faults_in(path: Path, root: Path) -> list[str]:
    """Every breach of the rules in one file, as `file:line: what`."""
    module, tree = module_of(path, root), ast.parse(path.read_text("utf-8"))
    found = [
        (each.line, text)
        for each in imports(tree, module, is_package=path.name == "__init__.py")
        for text in import_faults(module, each)
    ]
    found += [*clock_faults(tree, module), *cache_faults(tree, module)]
    return [f"{path.relative_to(root)}:{line}: {text}" for line, text in found]


def faults(root: Path) -> list[str]:
    """Every breach below a folder."""
    tops = [root / name for name in CODE]
    files = [f for top in tops for f in ([top] if top.is_file() else sorted(top.rglob("*.py")))]
    return [fault for file in files for fault in faults_in(file, root)]


def test_the_code_keeps_to_the_rules() -> None:
    assert faults(ROOT) == []


STREAMLIT = (
    "import streamlit",
    "import streamlit as st",
    "from streamlit import cache_data",
    "import streamlit.runtime",
    "def late():\n    import streamlit",
    "class Late:\n    from streamlit import runtime",
    "import importlib\nst = importlib.import_module('streamlit')",
)


@pytest.mark.parametrize("statement", STREAMLIT)
def test_streamlit_anywhere_in_the_core_is_found(tmp_path: Path, statement: str) -> None:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "monitoring", tmp_path / "monitoring", ignore=ignored)
    files = list((tmp_path / "monitoring").rglob("*.py"))
    for file in files:
        file.write_text(f"{file.read_text('utf-8')}\n\n{statement}\n", "utf-8")
    found = {fault.partition(":")[0] for fault in faults(tmp_path) if "imports streamlit" in fault}
    assert found == {str(file.relative_to(tmp_path)) for file in files}


@pytest.mark.parametrize(
    ("module", "statement", "said"),
    [
        ("monitoring/metrics/drift/x.py", "import pandas as pd", "must not"),
        ("monitoring/metrics/drift/x.py", "from monitoring.sources import logs", "must not"),
        ("monitoring/metrics/drift/x.py", "from ..engine import counts", "must not"),
        (
            "monitoring/signals/x.py",
            "from azure.core import credentials",
            "only monitoring.sources",
        ),
        ("monitoring/signals/x.py", "import plotly.graph_objects as go", "only monitoring.charts"),
        ("monitoring/sources/x.py", "import duckdb_kql", "only sample"),
        ("monitoring/sources/x.py", "from azure.ai.ml import MLClient", "takes seconds"),
        (
            "monitoring/signals/x.py",
            "from datetime import datetime\nT = datetime.now()",
            "parameter",
        ),
        ("monitoring/counting/engine/x.py", "import os\nHOME = os.environ['HOME']", "parameter"),
        ("pages/x.py", "from monitoring.sources import logs", "only"),
        ("pages/x.py", "import streamlit as st\n@st.cache_data\ndef f(): ...", "only ui.loaders"),
        ("ui/x.py", "import plotly.express as px", "only monitoring.charts"),
    ],
)
def test_each_rule_bites(tmp_path: Path, module: str, statement: str, said: str) -> None:
    path = tmp_path / module
    path.parent.mkdir(parents=True)
    path.write_text(statement)
    assert any(said in fault for fault in faults(tmp_path))


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("ui/x.py", "import streamlit as st"),
        ("monitoring/sources/x.py", "def f():\n    from azure.ai.ml import MLClient"),
        ("monitoring/settings.py", "import os\nHOME = os.environ"),
        ("monitoring/signals/x.py", "import time\nbegan = time.perf_counter()"),
    ],
)
def test_what_is_allowed_passes(tmp_path: Path, module: str, statement: str) -> None:
    path = tmp_path / module
    path.parent.mkdir(parents=True)
    path.write_text(statement)
    assert faults(tmp_path) == []
