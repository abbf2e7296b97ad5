"""`database`: the tables in which users' decisions are kept, by hand."""

from __future__ import annotations

import argparse
from typing import Any

from monitoring.commands import FAILED, OK


def add(commands: Any) -> None:
    """Add the command."""
    database = commands.add_parser(
        "database",
        help="bring the database up to date, or show it",
        description="The app brings its database up to date when it starts. This does so beforehand,"
        " says what is in it, undoes migrations, or prints their SQL for another hand to run."
        " DATABASE_URL names the database.",
    )
    actions = database.add_subparsers(required=True, metavar="action", dest="action")
    actions.add_parser("show", help="say where it is, its revision and how much it holds")
    actions.add_parser("migrate", help="bring it up to date")
    back = actions.add_parser("downgrade", help="undo migrations; what they held is lost")
    back.add_argument("revision", help="the revision to go back to, or base")
    sql = actions.add_parser("sql", help="print the SQL that makes the tables")
    sql.add_argument("--dialect", default="postgresql", help="postgresql (default) or sqlite")
    database.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from monitoring.database import migrate  # noqa: PLC0415 - half a second
    from monitoring.database.engine import engine_of  # noqa: PLC0415
    from monitoring.settings import from_environment  # noqa: PLC0415

    if options.action == "sql":
        print(migrate.sql(options.dialect), end="")
        return OK
    engine = engine_of(from_environment().database)
    if options.action == "migrate":
        found = migrate.bring_up_to_date(engine)
        print(f"Was at {found or 'nothing'}, is at {migrate.HEAD}.")
        return OK
    if options.action == "downgrade":
        migrate.go_back(engine, options.revision)
        print(f"Is at {options.revision}. The app brings it up to date again when it starts.")
        return OK
    return _show(engine)


def _show(engine: Any) -> int:
    from sqlalchemy import func, select  # noqa: PLC0415 - half a second

    from monitoring.database import migrate  # noqa: PLC0415
    from monitoring.database.engine import shown, transaction  # noqa: PLC0415
    from monitoring.database.tables import Base  # noqa: PLC0415

    print(shown(engine.url))
    with transaction(engine) as connection:
        found = migrate.revision_of(connection)
        print(f"revision {found or 'none'}, this version needs {migrate.HEAD}")
        if found != migrate.HEAD:
            return FAILED
        for name, table in Base.metadata.tables.items():
            rows = connection.execute(select(func.count()).select_from(table)).scalar()
            print(f"{name:16} {rows:>8,} rows")
    return OK
