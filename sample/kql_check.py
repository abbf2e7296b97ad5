"""KQL checked as Kusto checks it, then turned into SQL for DuckDB, or refused.

`duckdb-kql` forgives what Kusto refuses (another case of a column name, DuckDB's own catalog as
tables) and ignores what it does not know (the limit of `make_set`). A query is therefore checked
before it runs: an answer is either Kusto's or an error.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

import duckdb
import duckdb_kql
from duckdb_kql import ir
from duckdb_kql.control import is_control_command, strip_leading_comments
from duckdb_kql.lower import lower
from duckdb_kql.schema import output_columns, resolve_let_refs

from sample.kusto_names import KUSTO_FAMILIES, KUSTO_FUNCTIONS, KUSTO_OPERATORS
from sample.spelling import respelled

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

#: What makes a query's SQL depend on when it is asked.
_TELLS_TIME = re.compile(r"\b(?:now|ago)\b")

Schema = Mapping[str, list[str]]


class _Bound(list[str]):
    """The columns of what a `let` names: a name that is read, and no table."""


class KqlRefusedError(Exception):
    """A query that does not run, with Kusto's class and code of error.

    Args:
        message: The innermost message, with the name that failed.
        code: SYN0002, SEM0100, SEM0260 or `UNSUPPORTED`.
        position: Line from 1 and column from 0, as Kusto counts them.
    """

    def __init__(self, message: str, *, code: str, position: tuple[int, int] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.position = position


class Translations:
    """The last queries in SQL: parsing one takes longer than running it on a small table."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._kept = functools.lru_cache(maxsize=64)(self._timeless)

    def __call__(self, kql: str, now: datetime) -> tuple[list[str], duckdb_kql.TranslationResult]:
        """Return the tables that a query reads, and its SQL, as `translated` does."""
        if _TELLS_TIME.search(kql):
            return translated(kql, self._schema, now)
        return self._kept(kql)

    def _timeless(self, kql: str) -> tuple[list[str], duckdb_kql.TranslationResult]:
        return translated(kql, self._schema, datetime(1970, 1, 1, tzinfo=UTC))


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
        raise _unparsable(".", before.count("\n") + 1, len(before.rpartition("\n")[2]))
    _check_strings(kql)
    try:
        kql = respelled(kql, _STRINGS, lambda text: output_columns(lower(text), dict(schema)) or [])
        tables: set[str] = set()
        _check(lower(kql), dict(schema), tables)
        sql = duckdb_kql.to_sql(
            kql,
            schema=dict(schema),
            query_now=now.astimezone(UTC).replace(tzinfo=None),
            allow_write=False,
        )
    except duckdb_kql.KqlSyntaxError as error:
        if operator := _unread_operator(kql):
            raise KqlRefusedError(operator, code=UNSUPPORTED) from error
        raise _refusal_of_syntax(error) from error
    except duckdb_kql.KqlUnsupportedError as error:
        raise _refusal_of_construct(error) from error
    except duckdb_kql.KqlSchemaError as error:
        raise KqlRefusedError(str(error), code=UNSUPPORTED) from error
    except RecursionError as error:
        raise KqlRefusedError("The query is nested too deeply", code=UNSUPPORTED) from error
    return sorted(tables), sql


def _unread_operator(kql: str) -> str:
    """Return the operator of Kusto that the engine's grammar does not have; empty if none."""
    for word in re.findall(r"\|\s*([a-z][a-z-]*)", _STRINGS.sub("''", kql)):
        if word in KUSTO_OPERATORS:
            return str(word)
    return ""


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
            schema = schema | {name: _Bound(output_columns(bound, schema))}
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
            if not isinstance(schema[name], _Bound):
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
            _check_names((old for old, _ in renames), columns, operator)
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
    """Say it as Kusto does, which counts lines from 1 and columns from 0."""
    return KqlRefusedError(
        f"Query could not be parsed at '{token}' on line [{line},{column}]",
        code="SYN0002",
        position=(line, column),
    )


def _refusal_of_syntax(error: duckdb_kql.KqlSyntaxError) -> KqlRefusedError:
    first = error.diagnostics[0] if error.diagnostics else None
    token = re.search(r"'([^']+)'", first.message) if first else None
    line, column = (first.span.line, first.span.column) if first else (1, 0)
    return _unparsable(token[1] if token else "", line, column)


def _refusal_of_construct(error: duckdb_kql.KqlUnsupportedError) -> KqlRefusedError:
    kind, _, name = error.construct.partition(":")
    is_kustos = name in KUSTO_FUNCTIONS or name.startswith(KUSTO_FAMILIES)
    if kind in ("function", "aggregate") and is_kustos:
        return KqlRefusedError(f"{name}()", code=UNSUPPORTED)
    if kind in ("function", "aggregate") and name:
        return KqlRefusedError(f"Unknown function: '{name}'", code="SEM0260")
    words = re.sub(r"Operator(?:Part)?$", "", name or error.construct)
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", words).lower() if words[:1].isupper() else words
    return KqlRefusedError(words, code=UNSUPPORTED)


def refusal_of_duckdb(error: duckdb.Error) -> KqlRefusedError:
    """Translate what DuckDB found when it bound or ran the query, such as a wrong type.

    Whether Kusto would have taken it is not known, so the refusal is the sample's own.
    """
    message = str(error).splitlines()[0]
    if column := re.search(r'Referenced column "([^"]+)"', message):
        return _unresolved("column or scalar expression", column[1], "")
    return KqlRefusedError(message.partition(" Error: ")[2] or message, code=UNSUPPORTED)
