"""A database that cannot be used is one sentence and a hint, and no stack trace."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from monitoring.database import database as opened
from monitoring.database import engine, migrate
from monitoring.database.database import Database
from monitoring.decisions.baseline_rule import BaselineRule
from monitoring.decisions.baselines import Baselines
from monitoring.errors import InputError, MonitoringError, NotPermittedError, SourceError
from monitoring.settings import Settings, from_environment

from .conftest import ANA, BLUE, NOW

RULE = BaselineRule("period_before")


def create(database: Database, name: str = "mine") -> None:
    Baselines(database).create(BLUE, name, RULE, author=ANA, now=NOW)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "is not a URL"),
        ("mysql://host/name", "of the kind 'mysql'"),
        ("sqlite://", "without a file"),
        ("sqlite:///:memory:", "without a file"),
    ],
)
def test_addresses_that_cannot_be_used(url: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Database(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgres://ana:secret@db/x",
        "postgresql://ana:secret@db/x",
        "postgresql+psycopg://ana:secret@db/x",
    ],
)
def test_passwords_are_never_shown(url: str) -> None:
    shown = engine.shown(engine.address(url))
    assert shown == "postgresql://ana:***@db/x".replace("postgresql", shown.split(":")[0])
    assert "secret" not in shown


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database("postgresql://ana:secret@127.0.0.1:9/leeway")
    with pytest.raises(SourceError, match="cannot be reached") as caught:
        Baselines(database).of(BLUE)
    assert "secret" not in str(caught.value)
    asked = []
    monkeypatch.setattr(opened, "bring_up_to_date", asked.append)
    with pytest.raises(SourceError, match="cannot be reached"):
        Baselines(database).of(BLUE)
    assert asked == []  # the next page does not wait for it again
    database.close()


def test_a_locked_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.05)
    database = Database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    create(database)
    with sqlite3.connect(tmp_path / "x.sqlite", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(SourceError, match="locked by another process") as caught:
            create(database, "second")
        assert "PostgreSQL" in caught.value.hint
        assert len(Baselines(database).of(BLUE)) == 1  # readers read on
        other.execute("ROLLBACK")
    create(database, "second")
    database.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_file_that_may_not_be_written(tmp_path: Path) -> None:
    file = tmp_path / "x.sqlite"
    database = Database(f"sqlite:///{file}")
    create(database)
    database.close()
    file.chmod(stat.S_IREAD)
    tmp_path.chmod(stat.S_IREAD | stat.S_IEXEC)
    with pytest.raises(NotPermittedError):
        create(Database(f"sqlite:///{file}"), "second")
    tmp_path.chmod(stat.S_IRWXU)


@pytest.mark.parametrize(
    "content", [b"not a database, just some text" * 50, b"SQLite format 3\x00" + b"\xff" * 4096]
)
def test_a_damaged_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.sqlite").write_bytes(content)
    with pytest.raises(SourceError, match="damaged or no database"):
        Baselines(Database(f"sqlite:///{tmp_path / 'x.sqlite'}")).of(BLUE)
    assert (tmp_path / "x.sqlite").read_bytes() == content


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="Cannot make the folder"):
        Database(f"sqlite:///{tmp_path / 'file' / 'x.sqlite'}")


def test_tables_that_were_dropped_by_hand(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    create(database)
    with sqlite3.connect(tmp_path / "x.sqlite") as other:
        other.execute("DROP TABLE baselines")
    with pytest.raises(SourceError, match="has not the tables"):
        Baselines(database).of(BLUE)
    database.close()


def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    first = Database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    create(first)
    first.close()
    with sqlite3.connect(tmp_path / "x.sqlite") as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SourceError, match="newer version of this product"):
        create(Database(f"sqlite:///{tmp_path / 'x.sqlite'}"), "second")


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    create(database)

    def fail() -> None:
        with database.writing() as session:
            create_row(session)
            raise InputError("stop")

    def create_row(session: object) -> None:
        from monitoring.decisions.changes import row_of  # noqa: PLC0415

        session.add(row_of(BLUE, "baseline", "created", (1, "x"), author=ANA, now=NOW))
        session.flush()

    with pytest.raises(MonitoringError, match="stop"):
        fail()
    with database.reading() as session:
        from sqlalchemy import text  # noqa: PLC0415

        assert session.execute(text("SELECT count(*) FROM changes")).scalar() == 1
    database.close()


def test_the_file_lies_beside_the_cache_and_not_in_it(tmp_path: Path) -> None:
    settings = Settings(cache=tmp_path / ".cache")
    assert settings.database == f"sqlite:///{tmp_path}/.leeway/leeway.sqlite"
    named = from_environment({"DATABASE_URL": "postgresql://db/x"})
    assert named.database == "postgresql://db/x"


def test_a_start_without_migration_does_not_load_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.sqlite'}"
    migrate.bring_up_to_date(engine.engine_of(url))
    code = (
        "import sys; from monitoring.database.database import Database\n"
        f"with Database({url!r}).reading(): pass\n"
        "print('alembic' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
    )
    assert found.stdout == "False\n", found.stderr


def test_results_stay_for_the_days_that_are_set() -> None:
    assert from_environment({}).retention_days == 400
    assert from_environment({"LEEWAY_RETENTION_DAYS": "30"}).retention_days == 30
    for text in ("0", "-1", "a year"):
        with pytest.raises(InputError, match="LEEWAY_RETENTION_DAYS"):
            from_environment({"LEEWAY_RETENTION_DAYS": text})


SECRET = "S3cretPW"  # noqa: S105 - of nobody


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"postgresql://h/x?user=ana&password={SECRET}", ""),
        (f"postgresql://ana:{SECRET}@h/x?sslmode=require", ""),
        (f"sqlite:///x?password={SECRET}", ""),
        (f"postgresql://ana:PW@#{SECRET}@h/x", "names no user, or its host"),
        (f"postgresql://ana:{SECRET}@h:port/x", "not a URL"),
        (f"postgresql://ana:{SECRET}@h/x?bogus={SECRET}", "the option 'bogus'"),
        (f"postgresql://h/x?password={SECRET}", "names no user"),
        (f"mysql://ana:{SECRET}@h/x", "of the kind 'mysql'"),
        (f"ana:{SECRET}@h", "not a URL"),
    ],
)
def test_no_form_of_a_url_shows_its_password(url: str, said: str) -> None:
    if said:
        with pytest.raises(InputError, match=said) as caught:
            engine.engine_of(url)
        assert SECRET not in str(caught.value)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
        return
    address = engine.address(url)
    assert SECRET not in engine.shown(address)
    if address.host:
        assert (address.username, address.password) == ("ana", SECRET)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("LEEWAY_NOW", "0001-01-01"), ("LEEWAY_NOW", "9999-12-31T23:59:00-14:00"), ("LEEWAY_NOW", "x"),
        ("LEEWAY_SEED", "-1"), ("LEEWAY_SEED", "9" * 20), ("LEEWAY_SEED", "1.5"),
        ("LEEWAY_RETENTION_DAYS", "9" * 12),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_one_sentence(name: str, text: str) -> None:
    with pytest.raises(InputError, match=name) as caught:
        from_environment({name: text})
    assert caught.value.hint
