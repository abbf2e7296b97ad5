"""Every start finds the tables of this version, or says why not."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_mock_engine, inspect, text

from monitoring.database import migrate
from monitoring.database.database import Database
from monitoring.database.engine import engine_of, transaction
from monitoring.database.tables import KEPT, Base
from monitoring.decisions.adoption import adopt
from monitoring.decisions.baseline_rule import BaselineRule
from monitoring.decisions.baselines import Baselines
from monitoring.decisions.benchmarks import Benchmarks
from monitoring.decisions.changes import Changes
from monitoring.decisions.threshold_sets import ThresholdSets
from monitoring.errors import InputError, SourceError

from .conftest import ANA, BLUE, NOW

ROOT = Path(__file__).parents[2]
WORKSPACE = "/subscriptions/0000/resourcegroups/ml/providers/microsoft.machinelearningservices/workspaces/flights"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = engine_of(url)
    yield made
    made.dispose()


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, Base.metadata)


def test_an_empty_database_gets_every_table(engine: Engine) -> None:
    assert migrate.bring_up_to_date(engine) is None
    assert tables(engine) == set(Base.metadata.tables)
    assert migrate.bring_up_to_date(engine) == migrate.HEAD


def test_the_migrations_make_what_the_models_say(engine: Engine) -> None:
    migrate.bring_up_to_date(engine)
    assert differences(engine) == []
    with transaction(engine, writes=True) as connection:
        connection.execute(text("ALTER TABLE changes ADD COLUMN extra INTEGER"))
    assert differences(engine)  # so that a model without its migration would be seen


@pytest.mark.parametrize("before", ["base", *migrate.REVISIONS[:-1]])
def test_rows_of_an_older_version_stay(engine: Engine, before: str) -> None:
    migrate.bring_up_to_date(engine)
    migrate.go_back(engine, before)
    if before != "base":
        with transaction(engine, writes=True) as connection:
            connection.execute(
                text(
                    "INSERT INTO baselines (workspace, endpoint, deployment, name, version, kind,"
                    " parameters, note, created, created_by, known_from) VALUES ('w', 'e', '', 'n',"
                    " 1, 'period_before', '{}', '', '2026-11-21 12:00:00', 'a', 'typed')"
                )
            )
    assert differences(engine)
    migrate.bring_up_to_date(engine)
    assert differences(engine) == []
    with transaction(engine) as connection:
        found = connection.execute(text("SELECT count(*) FROM baselines")).scalar()
    assert found == (before != "base")


def test_going_back_leaves_nothing_behind(engine: Engine) -> None:
    migrate.bring_up_to_date(engine)
    migrate.go_back(engine, "base")
    assert tables(engine) == set()
    migrate.bring_up_to_date(engine)  # triggers and functions are gone too, or this fails
    with pytest.raises(InputError, match="There is no revision '9999'"):
        migrate.go_back(engine, "9999")


def test_the_revisions_are_those_of_the_files() -> None:
    script = ScriptDirectory(str(migrate.FOLDER))
    found = [revision.revision for revision in script.walk_revisions()]
    assert tuple(reversed(found)) == migrate.REVISIONS
    assert script.get_current_head() == migrate.HEAD


def test_a_newer_database_is_left_alone(engine: Engine) -> None:
    migrate.bring_up_to_date(engine)
    with transaction(engine, writes=True) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for action in (migrate.bring_up_to_date, lambda e: migrate.go_back(e, "base")):
        with pytest.raises(SourceError, match="newer version of this product") as caught:
            action(engine)
        assert "Update this product" in caught.value.hint
    assert tables(engine) == set(Base.metadata.tables)


def test_a_failed_migration_leaves_no_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_of(f"sqlite:///{tmp_path / 'x.sqlite'}")
    with sqlite3.connect(tmp_path / "x.sqlite") as blocker:
        blocker.execute("CREATE TABLE benchmarks (mine INTEGER)")  # stands in the way of 0002
    with pytest.raises(SourceError):
        migrate.bring_up_to_date(engine)
    assert tables(engine) == {"benchmarks"}
    engine.dispose()


@pytest.mark.slow
def test_processes_that_start_at_once_migrate_once(url: str) -> None:
    code = (
        "import sys; from monitoring.database.engine import engine_of;"
        "from monitoring.database.migrate import bring_up_to_date;"
        "bring_up_to_date(engine_of(sys.argv[1])); print('done')"
    )
    command = [sys.executable, "-c", code, url]
    started = [
        subprocess.Popen(
            command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(4)
    ]
    ended = [process.communicate(timeout=60) for process in started]
    assert [out for out, _ in ended] == ["done\n"] * 4, ended
    engine = engine_of(url)
    assert differences(engine) == []
    engine.dispose()


@pytest.mark.parametrize("dialect", migrate.DIALECTS)
def test_the_statements_can_be_printed_for_another_hand(dialect: str) -> None:
    printed = migrate.sql(dialect)
    for table in Base.metadata.tables:
        assert f"CREATE TABLE {table} (" in printed
    assert "%%" not in printed
    assert ("plpgsql" in printed) == (dialect == "postgresql")
    with pytest.raises(InputError, match="no dialect"):
        migrate.sql("oracle")


def test_the_printed_statements_make_the_same_tables(tmp_path: Path) -> None:
    file = tmp_path / "by-hand.sqlite"
    with sqlite3.connect(file) as connection:
        connection.executescript(migrate.sql("sqlite"))
    engine = engine_of(f"sqlite:///{file}")
    assert migrate.bring_up_to_date(engine) == migrate.HEAD
    assert differences(engine) == []
    engine.dispose()


def test_the_models_compile_for_postgresql() -> None:
    statements: list[str] = []
    mock = create_mock_engine(
        "postgresql+pg8000://", lambda each, *_: statements.append(str(each.compile(dialect=mock.dialect)))
    )  # fmt: skip
    Base.metadata.create_all(mock, checkfirst=False)
    written = "\n".join(statements)
    assert "TIMESTAMP WITH TIME ZONE" in written
    assert "SERIAL" in written


def test_decisions_of_an_older_version_move_to_the_resource_id(url: str, engine: Engine) -> None:
    database = Database(url)
    rule = BaselineRule("same_weekdays", weeks=6)
    mixed = replace(BLUE, endpoint="Flight-Delay")
    baseline = Baselines(database).create(mixed, "Quiet weeks", rule, author=ANA, now=NOW)
    Baselines(database).switch(
        mixed, "data_drift", baseline, seen=None, default="Training data", author=ANA, now=NOW
    )
    sets = ThresholdSets(database, "flights")
    strict = sets.create("data_drift", "strict", {"hellinger_distance": 0.1}, author=ANA, now=NOW)
    sets.switch(BLUE, "data_drift", strict, seen=None, author=ANA, now=NOW)
    Benchmarks(database, "flights").set("m", "1", "accuracy", 0.9, author=ANA, now=NOW)
    history = Changes(database, "flights").all()
    database.close()

    migrate.go_back(engine, "0002")
    database = Database(url)
    assert adopt(database, "flights", WORKSPACE.upper()) == 8
    here = replace(BLUE, workspace=WORKSPACE)
    active = Baselines(database).active(here, "data_drift")
    assert active == replace(baseline, place=here)
    thresholds = ThresholdSets(database, WORKSPACE).active(here, "data_drift")
    assert thresholds == replace(strict, workspace=WORKSPACE)
    assert [each.value for each in Benchmarks(database, WORKSPACE).of("m", "1")] == [0.9]
    moved = Changes(database, WORKSPACE).all()
    assert [(c.at, c.author, c.what) for c in moved] == [(c.at, c.author, c.what) for c in history]
    assert Changes(database, "flights").all() == ()
    database.close()


def test_adopting_is_done_once_and_protects_as_before(url: str) -> None:
    database = Database(url)
    Benchmarks(database, "flights").set("m", "1", "accuracy", 0.9, author=ANA, now=NOW)
    assert [adopt(database, "flights", WORKSPACE) for _ in range(2)] == [2, 0]
    for table in KEPT:
        for statement in ("UPDATE {} SET created_by = 'x'", "DELETE FROM {}"):
            if table in {"benchmarks", "changes"}:
                with pytest.raises((SourceError, InputError)), database.writing() as session:
                    session.execute(text(statement.format(table)))
    Benchmarks(database, "flights").set("m", "1", "accuracy", 0.7, author=ANA, now=NOW)
    assert adopt(database, "flights", WORKSPACE) == 0  # it has decisions of its own by now
    assert [each.value for each in Benchmarks(database, WORKSPACE).of("m", "1")] == [0.9]
    database.close()
