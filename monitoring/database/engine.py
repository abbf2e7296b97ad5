"""The connection: how it is opened, and its faults in words."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError

from monitoring.errors import InputError, MonitoringError, NotPermittedError, SourceError

#: How long a writer waits for another one, and how long a server may take to answer.
BUSY_SECONDS = 5
CONNECT_SECONDS = 5
#: One writer at a time on PostgreSQL too: any number that no one else uses.
WRITER_LOCK = 7_204_113
SCHEMES = ("sqlite", "postgresql", "postgres")
#: What may stand behind the question mark of a server's URL.
OPTIONS = ("password", "sslmode", "user")


def address(text_: str) -> URL:
    """Read a database URL.

    Raises:
        InputError: It is not one of a kind that is known.
    """
    try:
        url = make_url(text_)
    except (ArgumentError, ValueError):  # the second one of a port
        raise InputError(
            "Cannot read DATABASE_URL: it is not a URL",
            hint="Write it as sqlite:///file or postgresql://user:password@host/name.",
        ) from None  # the text of the other holds the URL, and that the password
    scheme = url.drivername.split("+")[0]
    if scheme not in SCHEMES:
        raise InputError(
            f"Cannot use a database of the kind {scheme!r}",
            hint=f"DATABASE_URL begins with {' or '.join(SCHEMES[:2])}.",
        )
    if scheme == "sqlite":
        return url.set(drivername="sqlite+pysqlite")
    return _server(url)


def _server(url: URL) -> URL:
    """Return the URL of a server with its user and password in their place, and known options alone."""
    given = {name: value for name, value in url.query.items() if isinstance(value, str)}
    user, password = url.username or given.get("user"), url.password or given.get("password")
    if unknown := sorted(set(url.query) - set(OPTIONS)):
        raise InputError(
            f"Cannot use the option {unknown[0][:40]!r} of DATABASE_URL",
            hint=f"Known are {', '.join(OPTIONS)}.",
        )
    if not user or not re.fullmatch(r"[\w.:-]*", url.host or "") or "@" in (url.database or ""):
        raise InputError(
            "Cannot read DATABASE_URL: it names no user, or its host or database has a character "
            "that none has",
            hint="Write @ # / ? : of a password as %40 %23 %2F %3F %3A.",
        )
    url = url.set(drivername="postgresql+pg8000", username=user, password=password)
    return url.difference_update_query(["user", "password"])


def shown(url: URL) -> str:
    """Return a URL fit to be shown: no password, no options, no driver.

    >>> shown(address("postgresql://ana:secret@db.example/leeway"))
    'postgresql://ana:***@db.example/leeway'
    """
    plain = url.set(drivername=url.drivername.split("+")[0], query={})
    return plain.render_as_string(hide_password=True)


def engine_of(text_: str) -> Engine:
    """Return an engine; nothing is connected yet.

    Raises:
        InputError: The URL cannot be used.
        SourceError: The folder of the file cannot be made.
    """
    url = address(text_)
    if url.drivername.startswith("sqlite"):
        return _sqlite(url)
    return _postgresql(url)


def _sqlite(url: URL) -> Engine:
    file = url.database
    if not file or file == ":memory:":
        raise InputError(
            "Cannot keep anything in a database without a file",
            hint="Write DATABASE_URL as sqlite:///folder/file.sqlite.",
        )
    try:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SourceError(
            f"Cannot make the folder of the database {file!r}: {error.strerror or error}",
            hint="Set DATABASE_URL to a file in a folder that this app may write to.",
        ) from error
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        # The driver's own transactions leave out changes of tables; ours begin with BEGIN below.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        # A reader that turns into a writer would fail at once instead of waiting its turn.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def file_of(url: URL) -> tuple[int, int] | None:
    """Return what tells the file of a database from one that takes its place; None without a file."""
    if not url.drivername.startswith("sqlite"):
        return None
    try:
        stat = Path(url.database or "").stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _postgresql(url: URL) -> Engine:
    arguments: dict[str, Any] = {"timeout": CONNECT_SECONDS, "application_name": "leeway"}
    wanted = str(url.query.get("sslmode", "disable" if _is_local(url.host) else "verify-full"))
    if wanted != "disable":
        context = ssl.create_default_context()
        if wanted not in {"verify-ca", "verify-full"}:  # encrypted, to whomever, as libpq has it
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        arguments["ssl_context"] = context
    url = url.difference_update_query(["sslmode"])
    return create_engine(url, connect_args=arguments, pool_pre_ping=True, pool_size=2)


def _is_local(host: str | None) -> bool:
    return not host or host in {"localhost", "127.0.0.1", "::1"}


@contextmanager
def transaction(engine: Engine, *, writes: bool = False) -> Iterator[Connection]:
    """Run a transaction; writers wait for one another.

    Raises:
        SourceError: The database is locked, cannot be reached, or its file is damaged.
        NotPermittedError: It may not be read, or not be written to.
        InputError: What was to be written is there already.
    """
    with (
        in_words(engine.url),
        engine.execution_options(writes=writes).begin() as connection,
    ):
        if writes and connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})"))
        yield connection


@contextmanager
def in_words(url: URL) -> Iterator[None]:
    """Turn what the driver raises into one sentence and a hint."""
    try:
        yield
    except IntegrityError as error:
        raise InputError(
            "Somebody else has just written the same",
            hint="Look at what is there now, and try again.",
        ) from error
    except (DBAPIError, SQLAlchemyError, OSError) as error:
        raise _fault(str(getattr(error, "orig", None) or error), shown(url)) from error


#: What the driver's text holds -> the error, what to say and what to do; the first that fits.
_FAULTS: tuple[tuple[tuple[str, ...], type[MonitoringError], str, str], ...] = (
    (
        ("locked", "busy"),
        SourceError,
        "is locked by another process",
        "Try again in a moment; for several servers use PostgreSQL.",
    ),
    (
        ("readonly", "read-only", "permission denied"),
        NotPermittedError,
        "may not be written to",
        "Give this app's identity the right to write to it.",
    ),
    (
        ("28P01", "28000", "password authentication"),
        NotPermittedError,
        "refused this user or password",
        "Correct DATABASE_URL.",
    ),
    (
        ("3D000",),
        SourceError,
        "does not exist on that server",
        "Create it, or correct DATABASE_URL.",
    ),
    (
        ("not a database", "malformed", "corrupt"),
        SourceError,
        "is damaged or no database",
        "Restore it from a backup, or move it away: a new one is made.",
    ),
    (
        ("unable to open",),
        SourceError,
        "cannot be opened",
        "Set DATABASE_URL to a file in a folder that this app may write to.",
    ),
    (
        ("no such table", "no such column", "42P01", "42703"),
        SourceError,
        "has not the tables it should have",
        "Run `python -m monitoring database migrate`.",
    ),
    (("disk", "full"), SourceError, "has no room left", "Make room on its disk."),
)


def _fault(said: str, where: str) -> MonitoringError:
    for words, kind, what, hint in _FAULTS:
        if any(word in said for word in words):
            return kind(f"The database {where} {what}", hint=hint)
    return SourceError(
        f"The database {where} cannot be reached",
        hint="Check that it runs, that this host may reach it, and DATABASE_URL.",
    )
