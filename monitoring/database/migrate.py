"""Bringing the tables up to date, when the product starts and by hand."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from monitoring.database.engine import shown, transaction
from monitoring.errors import InputError, SourceError

if TYPE_CHECKING:
    from alembic.config import Config

#: Every revision that this code knows, oldest first; a test holds them against the files.
REVISIONS = ("0001", "0002", "0003")
HEAD = REVISIONS[-1]
FOLDER = Path(__file__).parent / "migrations"
DIALECTS = ("sqlite", "postgresql")


def revision_of(connection: Connection) -> str | None:
    """Return the revision of the tables; None while there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(found) if found else None


def bring_up_to_date(engine: Engine) -> str | None:
    """Run the migrations that are missing; returns the revision that was found.

    Several processes may start at once: the first one migrates, the others wait and find it done.

    Raises:
        SourceError: The database cannot be reached, or a newer version of the product wrote it.
    """
    with transaction(engine) as connection:
        found = _known(connection, engine)
    if found == HEAD:
        return found
    from alembic import command  # noqa: PLC0415 - a start without a migration need not load it

    with transaction(engine, writes=True) as connection:
        if _known(connection, engine) != HEAD:
            command.upgrade(_config(connection), HEAD)
    return found


def go_back(engine: Engine, revision: str) -> None:
    """Undo migrations down to a revision, `base` for all of them: what they held is lost.

    Raises:
        InputError: There is no such revision.
        SourceError: The database cannot be reached, or a newer version of the product wrote it.
    """
    if revision not in {*REVISIONS, "base"}:
        raise InputError(
            f"There is no revision {revision!r}",
            hint=f"Choose one of base, {', '.join(REVISIONS)}.",
        )
    from alembic import command  # noqa: PLC0415 - as above

    with transaction(engine, writes=True) as connection:
        _known(connection, engine)
        command.downgrade(_config(connection), revision)


def sql(dialect: str) -> str:
    """Return the statements that make the tables, for a database whose owner runs them by hand.

    Raises:
        InputError: There is no such dialect.
    """
    if dialect not in DIALECTS:
        raise InputError(
            f"There is no dialect {dialect!r}", hint=f"Choose one of {', '.join(DIALECTS)}."
        )
    from alembic import command  # noqa: PLC0415 - as above

    config = _config(None)
    config.output_buffer = io.StringIO()
    config.set_main_option("dialect", dialect)
    command.upgrade(config, HEAD, sql=True)
    return config.output_buffer.getvalue()


def _known(connection: Connection, engine: Engine) -> str | None:
    found = revision_of(connection)
    if found is not None and found not in REVISIONS:
        raise SourceError(
            f"The database {shown(engine.url)} was written by a newer version of this product:"
            f" revision {found!r}, this one knows up to {HEAD!r}",
            hint="Update this product, or name another database in DATABASE_URL.",
        )
    return found


def _config(connection: Connection | None) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
