"""Tables whose rows the database itself neither changes nor removes."""

from __future__ import annotations

_FUNCTION = "refuse_change"
_KEPT = "are kept as they are"

_NO_UPDATE = """CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, 'rows of {table} {kept}'); END"""
_NO_DELETE = """CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, 'rows of {table} {kept}'); END"""
_REFUSE = """CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION USING MESSAGE = 'rows of ' || TG_TABLE_NAME || ' {kept}'; END $$"""
_NO_CHANGE = """CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION {function}()"""
_STATEMENTS = {"sqlite": (_NO_UPDATE, _NO_DELETE), "postgresql": (_REFUSE, _NO_CHANGE)}


def protect(table: str, dialect: str) -> tuple[str, ...]:
    """Return the statements that make a table append-only."""
    words = {"table": table, "function": _FUNCTION, "kept": _KEPT}
    return tuple(statement.format(**words) for statement in _STATEMENTS[dialect])


def unprotect(table: str, dialect: str) -> tuple[str, ...]:
    """Return the statements after which rows can be changed, for a migration."""
    if dialect == "sqlite":
        return tuple(f"DROP TRIGGER {table}_no_{change}" for change in ("update", "delete"))
    return (f"DROP TRIGGER {table}_no_change ON {table}",)


def forget(dialect: str) -> tuple[str, ...]:
    """Return the statements to run once no table is append-only any more."""
    return () if dialect == "sqlite" else (f"DROP FUNCTION IF EXISTS {_FUNCTION}()",)
