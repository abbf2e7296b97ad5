"""Microsoft's analyzer of KQL, inside this process: what Azure would say to a query."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import quickjs

_VENDORED = Path(__file__).parent / "data" / "kusto"
#: The library expects a browser; these few names are all it touches.
_BROWSER = """
var window = globalThis, global = globalThis, self = globalThis;
var document = {readyState: "complete", addEventListener() {}};
globalThis.console ??= {log() {}, error() {}, warn() {}};
globalThis.addEventListener = function () {};
globalThis.setTimeout ??= function () {};
0
"""
_ANALYZE = """
function declareTables(text) {
  const symbols = Kusto.Language.Symbols;
  const tables = Object.entries(JSON.parse(text)).map(([table, columns]) => {
    const described = Object.entries(columns).map(([name, type]) => "['" + name + "']:" + type);
    return symbols.TableSymbol.From("(" + described.join(", ") + ")").WithName(table);
  });
  const database = new symbols.DatabaseSymbol.$ctor1("Workspace", tables);
  globalThis.state = Kusto.Language.GlobalState.Default.WithDatabase(database);
}
function analyze(kql) {
  const code = Kusto.Language.KustoCode.ParseAndAnalyze(kql, globalThis.state);
  const found = code.GetDiagnostics(), columns = [], problems = [];
  for (let i = 0; i < found.Count; i++)
    problems.push(found.getItem(i).Code + " " + found.getItem(i).Message);
  const result = code.ResultType && code.ResultType.Columns;
  for (let i = 0; result && i < result.Count; i++)
    columns.push([result.getItem(i).Name, result.getItem(i).Type.Name]);
  return JSON.stringify([problems, columns]);
}
0
"""


@dataclass(frozen=True)
class Analysis:
    """What is wrong with a query, and the columns (name, type) it returns."""

    problems: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]


class Analyzer:
    """Knows the tables that it is given."""

    def __init__(self, schema: Mapping[str, Mapping[str, str]]) -> None:
        self._known: dict[str, Analysis] = {}
        self._context = quickjs.Context()
        self._context.eval(_BROWSER)
        for name in ("bridge.min.js.gz", "Kusto.Language.Bridge.min.js.gz"):
            script = gzip.decompress((_VENDORED / name).read_bytes()).decode("utf-8-sig")
            self._context.eval(script + "\n;0")
        self._context.eval(_ANALYZE)
        self._context.eval(f"declareTables({json.dumps(json.dumps(schema))})")

    def check(self, kql: str) -> Analysis:
        """Parse and bind one query."""
        if kql not in self._known:
            problems, columns = json.loads(self._context.eval(f"analyze({json.dumps(kql)})"))
            described = tuple((name, kind) for name, kind in columns)
            self._known[kql] = Analysis(tuple(problems), described)
        return self._known[kql]
