"""KQL on the sample workspace's tables, and why nothing else is reached.

Three walls keep a query inside the tables it may read. Every table name is looked up in the
schema (kql_check.py); the connection has no other tables by these names; and DuckDB itself is
locked: no files, no network, no extensions, no Python variables, read-only.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
from duckdb_kql.types import kusto_type

from sample.bounds import bounded
from sample.kql_check import (
    UNSUPPORTED,
    KqlRefusedError,
    Schema,
    Translations,
    refusal_of_duckdb,
    translated,
)
from sample.rewriting import rewritten

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb_kql

__all__ = [
    "INGESTION_DELAY",
    "UNSUPPORTED",
    "KqlRefusedError",
    "QueryTimeoutError",
    "Result",
    "Scope",
    "Tables",
    "translated",
]

#: What DuckDB may hold for all queries together; its own default is four fifths of the machine.
MEMORY_LIMIT = "2GB"

#: A log row can be asked for this long after it was written. Azure says 3 to 10 minutes for
#: resource logs, so the newest minutes of every log chart are empty here as they are there.
INGESTION_DELAY = timedelta(minutes=5)


class QueryTimeoutError(Exception):
    """The query took longer than the caller wanted to wait."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What part of the tables a query sees: both bounds included, as in Kusto's datetime scope."""

    until: datetime
    start: datetime | None = None
    end: datetime | None = None
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Columns as (name, KQL type), DuckDB's values, and whether rows were left out."""

    columns: tuple[tuple[str, str], ...]
    rows: list[tuple[Any, ...]]
    is_truncated: bool


class Tables:
    """The Log Analytics tables of one sample workspace, asked in KQL. Safe to use from threads."""

    def __init__(self, database: Path) -> None:
        self._lock = threading.Lock()
        self._connection = _locked_connection(database)
        self.schema: Schema = _schema(self._connection)
        self._translated = Translations(self.schema)
        # At exit too: DuckDB complains on stderr about connections that are still open.
        weakref.finalize(self, self._connection.close)

    def ask(self, kql: str, scope: Scope, *, rows: int, seconds: float) -> Result:
        """Run one query.

        Args:
            kql: The query.
            scope: What it sees. `scope.until` is also its `now()`.
            rows: The most rows to return.
            seconds: The longest it may take.

        Raises:
            KqlRefusedError: Kusto would refuse it, or it is outside of the subset that runs here.
            QueryTimeoutError: It took too long.
        """
        tables, sql = self._translated(kql, scope.until)
        with self._cursor(seconds) as cursor:
            for table in tables:
                cursor.execute(_view(table, self.schema[table], scope))
            try:
                _run(cursor, sql)
                found = cursor.fetchmany(rows + 1)
            except duckdb.InterruptException as error:
                raise QueryTimeoutError(f"the query took more than {seconds:g} s") from error
            except duckdb.OutOfMemoryException as error:
                message = f"it needs more memory than the {MEMORY_LIMIT} that all queries share"
                raise KqlRefusedError(message, code=UNSUPPORTED) from error
            except duckdb.Error as error:
                raise refusal_of_duckdb(error) from error
            except OverflowError as error:
                message = "a time or timespan that is out of range"
                raise KqlRefusedError(message, code=UNSUPPORTED) from error
            columns = tuple((column[0], kusto_type(column[1])) for column in cursor.description)
        return Result(columns, found[:rows], is_truncated=len(found) > rows)

    @contextmanager
    def _cursor(self, seconds: float) -> Iterator[duckdb.DuckDBPyConnection]:
        """Lend a session of its own (its views are seen by nobody else), interrupted when late."""
        with self._lock:
            cursor = self._connection.cursor()
        timer = threading.Timer(seconds, _interrupt, [cursor])
        timer.daemon = True
        timer.start()
        try:
            yield cursor
        finally:
            timer.cancel()
            cursor.close()


def _run(cursor: duckdb.DuckDBPyConnection, sql: duckdb_kql.TranslationResult) -> None:
    """Run the cheaper text; where DuckDB cannot bind it, the translator's own decides.

    A text that failed while it ran is not run again.
    """
    text = bounded(str(sql))
    try:
        cursor.execute(rewritten(text), sql.parameters)
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException):
        cursor.execute(text, sql.parameters)


def _interrupt(cursor: duckdb.DuckDBPyConnection) -> None:
    with suppress(duckdb.Error):  # it may have ended in this very moment
        cursor.interrupt()


def _locked_connection(database: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": "",  # nothing of a query goes to the disk
            # Here and not by SET, which would hold for one session: each cursor has its own.
            "python_enable_replacements": False,
        },
    )
    path = str(database).replace("'", "''")
    connection.execute(f"ATTACH '{path}' AS workspace (READ_ONLY)")
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _schema(connection: duckdb.DuckDBPyConnection) -> Schema:
    schema: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() "
        "WHERE database_name = 'workspace' AND schema_name = 'main' ORDER BY table_name, column_index"
    ).fetchall():
        schema.setdefault(table, []).append(column)
    return schema


def _view(table: str, columns: list[str], scope: Scope) -> str:
    """Write the view that stands for a table: what is ingested, in scope, of this resource."""
    bounds = [f'"TimeGenerated" <= {_timestamp(scope.until - INGESTION_DELAY)}']
    if scope.start:
        bounds.append(f'"TimeGenerated" >= {_timestamp(scope.start)}')
    if scope.end:
        bounds.append(f'"TimeGenerated" <= {_timestamp(scope.end)}')
    if scope.resource is not None:
        # A table that knows no resource has no rows in a resource's context.
        resource = scope.resource.rstrip("/").lower().replace("'", "''")
        is_below = f"starts_with(lower(\"_ResourceId\") || '/', '{resource}/')"
        bounds.append(is_below if "_ResourceId" in columns else "false")
    return (
        f'CREATE TEMP VIEW "{table}" AS SELECT * FROM workspace.main."{table}" '
        f"WHERE {' AND '.join(bounds)}"
    )


def _timestamp(time: datetime) -> str:
    return f"TIMESTAMP '{time.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'"
