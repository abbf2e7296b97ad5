"""A real PostgreSQL server for tests: the one of TEST_POSTGRESQL_URL, or one started for the run."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

#: Fast rather than safe: nothing outlives the run.
OPTIONS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB")


def binaries() -> Path | None:
    """Folder of the newest server that is installed; None where there is none."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    newest = max(versions, key=lambda file: float(file.parts[-3]), default=None)
    program = newest or shutil.which("postgres")
    return Path(program).resolve().parent if program else None


def owner() -> str | None:
    """Who the server runs as: it refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running(programs: Path) -> Iterator[str]:
    """Start a server on an empty folder; yields the URL of an empty database."""
    user, port = owner(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="leeway-postgres-"))
    if user:
        shutil.chown(folder, user)
    data = str(folder / "data")
    create = [programs / "initdb", "-D", data, "-U", "leeway", "-A", "trust", "-E", "UTF8", "-N"]
    subprocess.run(create, user=user, check=True, capture_output=True, cwd=folder)
    settings = [part for option in OPTIONS for part in ("-c", option)]
    address = ["-c", "listen_addresses=127.0.0.1", "-p", str(port), "-k", str(folder)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, *address, *settings],
            user=user, cwd=folder, stdout=log, stderr=log,
        )  # fmt: skip
    url = f"postgresql://leeway@127.0.0.1:{port}/postgres"
    try:
        wait([programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port)], server)
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def wait(ready: list[str | Path], server: subprocess.Popen[bytes]) -> None:
    """Return once it answers."""
    for _ in range(600):
        if subprocess.run(ready, check=False, capture_output=True).returncode == 0:
            return
        assert server.poll() is None, "PostgreSQL ended"
        time.sleep(0.05)
    pytest.fail("PostgreSQL does not answer")


def empty(url: str) -> None:
    from sqlalchemy import text  # noqa: PLC0415 - few tests need a database

    from monitoring.database.engine import engine_of, transaction  # noqa: PLC0415

    engine = engine_of(url)
    with transaction(engine, writes=True) as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a database that the tests may fill and empty."""
    if given := os.environ.get("TEST_POSTGRESQL_URL", ""):
        yield given
        return
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    with running(programs) as url:
        yield url


@pytest.fixture
def postgres(postgres_server: str) -> Iterator[str]:
    """URL of a database without tables."""
    empty(postgres_server)
    yield postgres_server
    empty(postgres_server)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database without tables, of both kinds in turn."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres"))
    return f"sqlite:///{tmp_path / 'kept' / 'leeway.sqlite'}"
