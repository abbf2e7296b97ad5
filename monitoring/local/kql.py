"""KQL on the sample workspace's tables: what runs, what is refused, and why nothing else is reached.

`duckdb-kql` turns KQL into SQL for DuckDB. It forgives what Kusto refuses (another case of a column
name, DuckDB's own catalog as tables) and ignores what it does not know (the limit of `make_set`).
A query is therefore checked before it runs: an answer is either Kusto's or an error.

Three walls keep a query inside the tables it may read. Every table name is looked up in the
schema; the connection has no other tables by these names; and DuckDB itself is locked: no files, no
network, no extensions, no Python variables, read-only.
"""

from __future__ import annotations

import dataclasses
import re
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import duckdb_kql
from duckdb_kql import ir
from duckdb_kql.control import is_control_command, strip_leading_comments
from duckdb_kql.lower import lower
from duckdb_kql.schema import output_columns, resolve_let_refs
from duckdb_kql.types import kusto_type

if TYPE_CHECKING:
    from pathlib import Path

#: A log row can be asked for this long after it was written. Azure says 3 to 10 minutes for
#: resource logs, so the newest minutes of every log chart are empty here as they are there.
INGESTION_DELAY = timedelta(minutes=5)

#: Code of a refusal that is ours, not Azure's: the sample workspace speaks a subset of KQL.
UNSUPPORTED = "SampleWorkspaceUnsupported"

#: Comments and string literals, in the order in which they hide each other.
_STRINGS = re.compile(
    r"""//[^\n]*|```.*?```|~~~.*?~~~|@"(?:[^"]|"")*"|@'(?:[^']|'')*'"""
    r"""|(?P<hidden>\b[hH](?=@?["'`~]))"""
    r"""|"(?P<double>(?:[^"\\\n]|\\.)*)"|'(?P<single>(?:[^'\\\n]|\\.)*)'""",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\.", re.DOTALL)
#: The engine drops the backslash of any other, so that \\u0041 would be read as u0041.
_KNOWN_ESCAPES = frozenset({"\\n", "\\t", "\\r", "\\\\", "\\'", '\\"', "\\0"})

Schema = Mapping[str, list[str]]


class KqlRefusedError(Exception):
    """A query that does not run, with Kusto's class and code of error.

    Args:
        message: The innermost message, with the name that failed.
        code: SYN0002, SEM0100, SEM0260 or `UNSUPPORTED`.
        position: Line and column in the text, both from 1.
    """

    def __init__(self, message: str, *, code: str, position: tuple[int, int] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.position = position


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
        tables, sql = translated(kql, self.schema, scope.until)
        with self._cursor(seconds) as cursor:
            for table in tables:
                cursor.execute(_view(table, self.schema[table], scope))
            try:
                cursor.execute(str(sql), sql.parameters)
                found = cursor.fetchmany(rows + 1)
            except duckdb.InterruptException as error:
                raise QueryTimeoutError(f"the query took more than {seconds:g} s") from error
            except duckdb.Error as error:
                raise _refusal_of_duckdb(error) from error
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


def _interrupt(cursor: duckdb.DuckDBPyConnection) -> None:
    with suppress(duckdb.Error):  # it may have ended in this very moment
        cursor.interrupt()


def _locked_connection(database: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
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


def translated(
    kql: str, schema: Schema, now: datetime
) -> tuple[list[str], duckdb_kql.TranslationResult]:
    """Check a query and turn it into SQL.

    Returns:
        The tables it reads, and the SQL with its parameters.

    Raises:
        KqlRefusedError: Kusto would refuse it, or it is outside of the subset that runs here.
    """
    if is_control_command(statement := strip_leading_comments(kql)):
        before = kql.removesuffix(statement)
        raise _unparsable(".", before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
    _check_strings(kql)
    try:
        tables: set[str] = set()
        _check(lower(kql), dict(schema), tables)
        sql = duckdb_kql.to_sql(
            kql,
            schema=dict(schema),
            query_now=now.astimezone(UTC).replace(tzinfo=None),
            allow_write=False,
        )
    except duckdb_kql.KqlSyntaxError as error:
        raise _refusal_of_syntax(error) from error
    except duckdb_kql.KqlUnsupportedError as error:
        raise _refusal_of_construct(error) from error
    except duckdb_kql.KqlSchemaError as error:
        raise KqlRefusedError(str(error), code=UNSUPPORTED) from error
    except RecursionError as error:
        raise KqlRefusedError("The query is nested too deeply", code=UNSUPPORTED) from error
    return sorted(tables), sql


def _check_strings(kql: str) -> None:
    """Refuse the string literals that the engine reads as another text than Kusto does."""
    for match in _STRINGS.finditer(kql):
        if match["hidden"]:
            raise KqlRefusedError("a hidden string (h'...')", code=UNSUPPORTED)
        for escape in _ESCAPE.findall((match["double"] or "") + (match["single"] or "")):
            if escape not in _KNOWN_ESCAPES:
                raise KqlRefusedError(f"the escape {escape} in a string", code=UNSUPPORTED)


def _check(query: ir.Query, schema: dict[str, list[str]], tables: set[str]) -> None:
    """Refuse what Kusto refuses in this query and the ones within; note the tables it reads."""
    for name, bound in query.lets:
        _check_parts(bound, None, "let", schema, tables)
        if isinstance(bound, ir.Query):
            schema = schema | {name: output_columns(bound, schema)}
    if _is_missing_but_fuzzy(query, schema):
        _check_union_of_the_rest(query, schema, tables)
        return
    _check_source(query, schema, tables)
    for n, operator in enumerate(query.operators):
        columns = output_columns(ir.Query(query.source, query.operators[:n]), schema)
        _check_parts(resolve_let_refs(operator, columns), columns, _name(operator), schema, tables)


def _check_source(query: ir.Query, schema: Mapping[str, list[str]], tables: set[str]) -> None:
    source = query.source
    first = _name(query.operators[0]) if query.operators else ""
    match source:
        case ir.TableRef(name, None, None) if name in schema:
            tables.add(name)
        case ir.TableRef():
            raise _unresolved("table or column expression", source.qualified, first)
        case ir.WildcardTableRef():
            raise KqlRefusedError("union of a wildcard", code=UNSUPPORTED)
        case _:
            _check_parts(source, None, first, dict(schema), tables)


def _is_missing_but_fuzzy(query: ir.Query, schema: Mapping[str, list[str]]) -> bool:
    """`union isfuzzy=true A, B` tolerates that A is missing; A is then the query's source."""
    return (
        isinstance(query.source, ir.TableRef)
        and query.source.qualified not in schema
        and bool(query.operators)
        and isinstance(query.operators[0], ir.Union)
        and query.operators[0].isfuzzy
    )


def _check_union_of_the_rest(
    query: ir.Query, schema: dict[str, list[str]], tables: set[str]
) -> None:
    union = query.operators[0]
    known = [b for b in getattr(union, "branches", ()) if _is_known(b, schema)]
    if not known:
        name = query.source.qualified if isinstance(query.source, ir.TableRef) else ""
        raise _unresolved("table or column expression", name, "union")
    first, *others = known
    rest = ir.Union(tuple(others), kind=union.kind, isfuzzy=True)  # type: ignore[attr-defined]  # a Union
    _check(
        ir.Query(first.source, [*first.operators, rest, *query.operators[1:]], first.lets),
        schema,
        tables,
    )


def _is_known(branch: ir.Query, schema: Mapping[str, list[str]]) -> bool:
    source = branch.source
    return not isinstance(source, ir.TableRef) or source.qualified in schema


def _check_parts(
    part: object,
    columns: list[str] | None,
    operator: str,
    schema: dict[str, list[str]],
    tables: set[str],
) -> None:
    """Walk an operator or an expression; `columns` is None where no row is in reach."""
    match part:
        case ir.Union(isfuzzy=True):
            part = dataclasses.replace(
                part, branches=tuple(b for b in part.branches if _is_known(b, schema))
            )
        case ir.Query():
            _check(part, schema, tables)
            return
        case ir.ColumnRef(name):
            _check_names([name], columns, operator)
            return
        case ir.ProjectAway(columns=names):
            _check_names((n for n in names if "*" not in n), columns, operator)
        case ir.ProjectRename(renames=renames):
            _check_names((old for _, old in renames), columns, operator)
        case ir.Join(keys=keys) | ir.Lookup(keys=keys):
            _check_names((key.left for key in keys), columns, operator)
            _check_names((key.right for key in keys), output_columns(part.right, schema), operator)
        case ir.FunctionCall(name, args) if name in ("make_set", "make_list") and len(args) > 1:
            raise KqlRefusedError(f"{name}() with a limit", code=UNSUPPORTED)
    for child in _children(part):
        _check_parts(child, columns, operator, schema, tables)


def _check_names(names: Iterable[str], columns: list[str] | None, operator: str) -> None:
    for name in names:
        if name not in (
            columns or ()
        ):  # exactly: Kusto tells upper from lower case, DuckDB does not
            raise _unresolved("column or scalar expression", name, operator)


def _children(part: object) -> Iterator[object]:
    if isinstance(part, (tuple, list)):
        yield from part
    elif dataclasses.is_dataclass(part) and not isinstance(part, type):
        yield from (getattr(part, field.name) for field in dataclasses.fields(part))


def _name(operator: ir.Operator) -> str:
    """Return an operator as KQL spells it: MvExpand is mv-expand."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(operator).__name__).lower()


def _unresolved(kind: str, name: str, operator: str) -> KqlRefusedError:
    """Say it as Kusto does."""
    return KqlRefusedError(
        f"'{operator}' operator: Failed to resolve {kind} named '{name}'", code="SEM0100"
    )


def _unparsable(token: str, line: int, column: int) -> KqlRefusedError:
    return KqlRefusedError(
        f"Query could not be parsed at '{token}' on line [{line},{column}]",
        code="SYN0002",
        position=(line, column),
    )


def _refusal_of_syntax(error: duckdb_kql.KqlSyntaxError) -> KqlRefusedError:
    first = error.diagnostics[0] if error.diagnostics else None
    token = re.search(r"'([^']+)'", first.message) if first else None
    line, column = (first.span.line, first.span.column + 1) if first else (1, 1)
    return _unparsable(token[1] if token else "", line, column)


def _refusal_of_construct(error: duckdb_kql.KqlUnsupportedError) -> KqlRefusedError:
    kind, _, name = error.construct.partition(":")
    if kind in ("function", "aggregate") and name:
        return KqlRefusedError(f"Unknown function: '{name}'", code="SEM0260")
    return KqlRefusedError(name or error.construct, code=UNSUPPORTED)


def _refusal_of_duckdb(error: duckdb.Error) -> KqlRefusedError:
    """Translate what DuckDB found when it bound or ran the query, such as a wrong type."""
    message = str(error).splitlines()[0]
    if column := re.search(r'Referenced column "([^"]+)"', message):
        return _unresolved("column or scalar expression", column[1], "")
    return KqlRefusedError(message, code="SEM0001")
