"""How the tests of the sample workspace look into its files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

HOUR = timedelta(hours=1)


@contextmanager
def opened(store: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name in ("workspace", "metrics"):
            connection.execute(f"ATTACH '{store / f'{name}.duckdb'}' AS {name} (READ_ONLY)")
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, query: str, **values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(query, values).fetchall()


def one(connection: duckdb.DuckDBPyConnection, query: str, **values: Any) -> Any:
    return rows(connection, query, **values)[0][0]


def hours(start: datetime, end: datetime) -> Iterator[datetime]:
    hour = start.replace(minute=0, second=0, microsecond=0)
    while hour < end:
        yield hour
        hour += HOUR


def files(
    store: Path,
    endpoint: str,
    collection: str,
    start: datetime,
    end: datetime,
    deployment: str = "*",
) -> list[str]:
    root = store / "storage" / "modelDataCollector" / endpoint
    return sorted(
        str(path)
        for hour in hours(start, end)
        for path in root.glob(f"{deployment}/{collection}/{hour:%Y/%m/%d/%H}/*.jsonl")
    )


def lines(
    connection: duckdb.DuckDBPyConnection,
    store: Path,
    endpoint: str,
    collection: str,
    start: datetime,
    end: datetime,
) -> None:
    """Create the view `line`: time, source, correlationid and data (JSON) of what was collected."""
    found = files(store, endpoint, collection, start, end)
    assert found, f"nothing collected by {endpoint} between {start} and {end}"
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE line AS
        SELECT * FROM read_json({found!r}, format = 'newline_delimited', ignore_errors = true,
            columns = {{time: 'TIMESTAMP', source: 'VARCHAR', correlationid: 'VARCHAR', data: 'JSON'}})
        WHERE time >= '{start:%Y-%m-%d %H:%M:%S}' AND time < '{end:%Y-%m-%d %H:%M:%S}'"""
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE collected AS
        SELECT time, source, correlationid || '_' || (generate_subscripts(part, 1) - 1) AS key,
            unnest(part) AS row
        FROM (SELECT *, CASE json_type(data) WHEN 'ARRAY' THEN from_json(data, '["JSON"]')
            WHEN 'VARCHAR' THEN from_json((data->>'$')::JSON, '["JSON"]')
            WHEN 'OBJECT' THEN [data] ELSE [] END AS part FROM line)"""
    )


def document(store: Path, name: str) -> Any:
    return json.loads((store / name).read_text())


def time(text: str) -> datetime:
    return datetime.fromisoformat(text)
