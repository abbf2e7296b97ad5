"""The DuckDB connection that the builder writes with, and its few SQL macros."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd

from sample.builder import names

SCHEMAS = Path(__file__).parents[1] / "azure_tables.json"

#: A name of the Kusto type system -> DuckDB's.
TYPES = {
    "datetime": "TIMESTAMP",
    "string": "VARCHAR",
    "int": "INTEGER",
    "long": "BIGINT",
    "real": "DOUBLE",
    "bool": "BOOLEAN",
    "dynamic": "JSON",
}


def schemas() -> dict[str, dict[str, str]]:
    """Return the Log Analytics tables: table -> column -> Kusto type."""
    tables: dict[str, dict[str, str]] = json.loads(SCHEMAS.read_text(encoding="utf-8"))
    return tables


#: What every Log Analytics row has, unless the query says otherwise.
_USUAL = {
    "TenantId": f"'{names.LOG_ANALYTICS_GUID}'",
    "SourceSystem": "'Azure'",
    "_IsBillable": "'true'",
    "_BilledSize": "700.0",
    "_ResourceId": f"'{names.WORKSPACE_ID.lower()}'",
    "_SubscriptionId": f"'{names.SUBSCRIPTION}'",
}
#: Deprecated since 2022: a workspace created later has never heard of it.
UNKNOWN_TABLES = frozenset({"AmlComputeClusterNodeEvent"})


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create every Log Analytics table, empty."""
    for table, columns in schemas().items():
        if table not in UNKNOWN_TABLES:
            types = ", ".join(f'"{name}" {TYPES[kind]}' for name, kind in columns.items())
            connection.execute(f'CREATE TABLE workspace."{table}" ({types})')


def fill(connection: duckdb.DuckDBPyConnection, table: str, query: str) -> None:
    """Append a query's rows; a column it does not name gets its usual value, text is never null."""
    given = {name.lower() for name in connection.sql(query).columns}
    columns = []
    for name, kind in schemas()[table].items():
        if name.lower() in given:
            value = f"coalesce(\"{name}\", '')" if kind == "string" else f'"{name}"'
        elif name == "Type":
            value = f"'{table}'"
        else:
            value = _USUAL.get(name, "''" if kind == "string" else "NULL")
        columns.append(f'{value}::{TYPES[kind]} AS "{name}"')
    connection.execute(
        f'INSERT INTO workspace."{table}" SELECT {", ".join(columns)} FROM ({query})'
    )


def fill_rows(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, object]]
) -> None:
    """Append rows given as dictionaries with equal keys; times are aware datetimes."""
    if not rows:
        return
    frame = pd.DataFrame(rows)
    for name, kind in schemas()[table].items():
        if name in frame and kind == "datetime":
            frame[name] = pd.to_datetime(frame[name], utc=True).dt.tz_localize(None)
    connection.register("given", frame)
    fill(connection, table, "SELECT * FROM given ORDER BY TimeGenerated")
    connection.unregister("given")


@contextmanager
def open_database(folder: Path, seed: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open `workspace.duckdb` and `metrics.duckdb` in the folder for writing."""
    connection = duckdb.connect(config={"threads": 2, "python_enable_replacements": False})
    try:
        connection.execute("SET TimeZone = 'UTC'")
        for name in ("workspace", "metrics"):
            connection.execute(f"ATTACH '{_quoted(folder / f'{name}.duckdb')}' AS {name}")
        connection.execute(f"""
            CREATE MACRO dashed(h) AS substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-4'
                || substr(h, 14, 3) || '-a' || substr(h, 18, 3) || '-' || substr(h, 21, 12);
            CREATE MACRO uuid_of(text) AS dashed(md5('{seed}/' || text));
            CREATE MACRO request_id(endpoint, number) AS uuid_of(endpoint || '/' || number);
        """)
        yield connection
    finally:
        connection.close()


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
