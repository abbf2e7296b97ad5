"""The order of the packages, and the few rules that an order cannot say. CONTRIBUTING's table is made from it."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
TOPS = ("app.py", "monitoring", "pages", "sample", "ui")

#: What stands where; a package imports only what stands before it. -> what it holds.
PACKAGES: dict[str, str] = {
    "errors arrays window segment settings openable spreadsheet plugins progress place severity event metric "
    "verdict incident": "the nouns, a file each",
    "kept": "what was computed, kept in memory and on disk",
    "sample": "the sample workspace: a stand-in for Azure below its SDK",
    "statistics": "how sure a number is: intervals, p-values, differences",
    "azureml": "the rules of Azure ML's own monitor, quirks included",
    "counting": "profiles, and totals that add up",
    "metrics": "drift, quality, performance, fairness: a metric a file",
    "methods": "what looks at rows together: estimates, outliers, attribution, causes",
    "counting.engine": "rows into profiles and totals",
    "database": "the product's own database",
    "decisions": "what users put in force, and who when",
    "results": "the store of evaluations",
    "workspace": "the nouns of Azure ML, without its SDK",
    "sources": "Azure's SDKs, and `queries/*.kql`",
    "signal report limits": "what a monitoring question is, what it says of a place, and what it is held to",
    "baselines": "what production is compared with",
    "capacity": "how many instances a load needs, and what they cost",
    "signals": "one monitoring question a file or folder",
    "requests": "one request seen through",
    "explain": "why a number moved",
    "compare": "two deployments or versions side by side",
    "monitor": "answers for every signal, place and window, and keeps them",
    "incidents": "breaches and events folded into stories, with suspects",
    "overview": "the fleet as numbers",
    "evaluator": "what is due on each signal's grid, evaluated, kept and folded into incidents",
    "charts": "figures of results",
    "commands": "the command line, a command a file",
    "__main__": "its entry",
    "ui": "the screen: `shell/`, `parts/`, `views/`, `loaders/`",
    "pages": "one question a page, thin",
    "app": "the entry of the app",
}
BESIDE = ("sample", "ui", "pages", "app")
NAMES = [
    name if name in BESIDE else f"monitoring.{name}" for names in PACKAGES for name in names.split()
]
ORDER = {name: at for at, name in enumerate(NAMES)}

SCREEN = ("ui", "pages", "app")
#: What is imported -> where alone it may be.
ONLY_IN: dict[str, tuple[str, ...]] = {
    "streamlit": SCREEN,
    "plotly": ("monitoring.charts",),
    "pandas": ("sample", "monitoring.workspace", "ui"),
    "duckdb": ("sample", "monitoring.counting.engine", "monitoring.sources"),
    "duckdb_kql": ("sample",),
    "azure": ("monitoring.sources", "sample"),
    "sqlalchemy": (
        "monitoring.database",
        "monitoring.decisions",
        "monitoring.results",
        "monitoring.commands",
    ),
    "alembic": ("monitoring.database",),
    "sample": ("sample", "monitoring.sources", "monitoring.commands", "ui.loaders"),
    "monitoring.sources": ("monitoring", "ui.loaders"),
}
#: This takes seconds, so it is imported inside the function that needs it.
LAZY = "azure.ai.ml"

#: The only readers of the clock and of the environment.
CLOCK = ("monitoring.settings", "monitoring.__main__", "monitoring.commands", "ui", "app")
CLOCK_NAMES = (
    ".datetime.now",
    ".datetime.utcnow",
    ".datetime.today",
    ".date.today",
    ".time.time",
    ".time.time_ns",
    ".os.environ",
    ".os.getenv",
)
CLOCK_ENDS = {name.rpartition(".")[2] for name in CLOCK_NAMES}
CACHES = ("cache_data", "cache_resource")


class Import(NamedTuple):
    """lazy: whether it waits for a call, or is for type checkers alone."""

    line: int
    name: str
    lazy: bool


class Module(NamedTuple):
    """A file of the code. path: from the root."""

    path: Path
    name: str
    tree: ast.Module

    @classmethod
    def read(cls, path: Path, root: Path) -> Module:
        here = path.relative_to(root)
        parts = here.parent.parts if here.name == "__init__.py" else here.with_suffix("").parts
        return cls(here, ".".join(parts), ast.parse(path.read_text("utf-8")))

    def imports(self) -> Iterator[Import]:
        """Every import, however written: at the start, in a function, by name, relative."""
        lazy = {
            id(inner) for node in ast.walk(self.tree) if waits(node) for inner in ast.walk(node)
        }
        for node in ast.walk(self.tree):
            for name in imported(node, self.name, is_package=self.path.name == "__init__.py"):
                yield Import(node.lineno, name, id(node) in lazy)


def waits(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.unparse(node.test)
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def imported(node: ast.AST, module: str, *, is_package: bool) -> list[str]:
    """Return the full names that a node imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        above = module.split(".")[: len(module.split(".")) - node.level + is_package]
        base = [*(above if node.level else ()), *filter(None, [node.module])]
        return [".".join([*base, alias.name]) for alias in node.names]
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = ast.unparse(node.func).rpartition(".")[2]
        return [str(node.args[0].value)] if called in {"import_module", "__import__"} else []
    return []


def within(name: str, packages: Container[str]) -> str | None:
    """Return the innermost of the packages that holds a name."""
    while name and name not in packages:
        name = name.rpartition(".")[0]
    return name or None


def import_faults(module: Module) -> Iterator[tuple[int, str]]:
    home = within(module.name, ORDER)
    if home is None and module.name != "monitoring":
        yield 1, "lies in no package of PACKAGES"
    for line, name, lazy in module.imports():
        package, ruled = within(name, ORDER), within(name, ONLY_IN)
        if home and package and ORDER[package] > ORDER[home]:
            yield line, f"imports {name}, which stands after {home}"
        if ruled and not within(module.name, ONLY_IN[ruled]):
            yield line, f"imports {name}, which only {', '.join(ONLY_IN[ruled])} may"
        if within(name, [LAZY]) and not lazy:
            yield line, f"imports {name} at its start, which takes seconds"


def use_faults(module: Module) -> Iterator[tuple[int, str]]:
    """Yield reads of the clock and of the environment, and caches of Streamlit, out of place."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Attribute):
            continue
        if node.attr in CACHES and not within(module.name, ["ui.loaders"]):
            yield node.lineno, f"uses st.{node.attr}, which only ui.loaders may"
        if node.attr in CLOCK_ENDS and not within(module.name, CLOCK):
            read = ast.unparse(node)
            if f".{read}".endswith(CLOCK_NAMES):
                yield node.lineno, f"reads {read}; take it as a parameter"


def modules(root: Path) -> list[Module]:
    tops = [root / name for name in TOPS]
    files = [f for top in tops for f in ([top] if top.is_file() else sorted(top.rglob("*.py")))]
    return [Module.read(file, root) for file in files]


def faults(code: Iterable[Module]) -> list[str]:
    """Return every breach of the rules, as `file:line: what`."""
    return [
        f"{module.path}:{line}: {text}"
        for module in code
        for line, text in [*import_faults(module), *use_faults(module)]
    ]


def ring(code: Iterable[Module]) -> list[str]:
    """Return files that import each other in a ring, or none; calls and type checkers count too."""
    known = {module.name: module for module in code}
    graph = {
        name: {file for each in module.imports() if (file := within(each.name, known))} - {name}
        for name, module in known.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [*error.args[1]]
    return []


def table(packages: Mapping[str, str] = PACKAGES) -> str:
    """Return the packages in their order, for CONTRIBUTING."""
    rows = [f"| `{'` `'.join(names.split())}` | {holds} |" for names, holds in packages.items()]
    return "\n".join(["| package | holds |", "|---|---|", *rows])
