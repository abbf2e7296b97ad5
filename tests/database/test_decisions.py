"""What users decide is kept, with who and when, and never changed afterwards."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select, text

from monitoring.database.database import Database
from monitoring.database.tables import KEPT, ChangeRow
from monitoring.decisions.baseline_rule import BaselineRule
from monitoring.decisions.baselines import Baselines
from monitoring.decisions.benchmarks import Benchmarks
from monitoring.decisions.changes import Changes
from monitoring.decisions.stored import Author, StoredBaseline
from monitoring.decisions.threshold_sets import DEFAULT, ThresholdSets
from monitoring.errors import InputError, SourceError
from monitoring.place import Place

from .conftest import ANA, BLUE, NOW

RULES = (
    BaselineRule("training_data", asset="azureml:flights:1"),
    BaselineRule("training_data"),
    BaselineRule("same_weekdays", weeks=8),
    BaselineRule("same_season", season="quarter", weeks=4),
    BaselineRule("period_before"),
    BaselineRule("fixed_window", start=date(2026, 9, 1), end=date(2026, 9, 30)),
    BaselineRule("file", path="reference/january.parquet"),
)
BEN = Author("ben", "typed")
LATER = NOW + timedelta(hours=1)


def made(database: Database, name: str = "Quiet weeks", weeks: int = 6) -> StoredBaseline:
    rule = BaselineRule("same_weekdays", weeks=weeks)
    return Baselines(database).create(BLUE, name, rule, author=ANA, now=NOW, note="no holidays")


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_every_kind_of_baseline_comes_back_as_it_was(database: Database, rule) -> None:
    known = Baselines(database)
    kept = known.create(BLUE, "mine", rule, author=ANA, now=NOW, note="because")
    (found,) = known.of(BLUE)
    assert found == kept
    assert (found.rule, found.note, found.created, found.author) == (rule, "because", NOW, ANA)
    assert (found.version, found.label) == (1, "mine")


def test_an_edit_is_a_new_version_and_the_old_one_stays(database: Database) -> None:
    known = Baselines(database)
    first = made(database)
    second = known.create(
        BLUE, "quiet weeks", BaselineRule("same_weekdays", weeks=4), author=BEN, now=LATER
    )
    assert (second.name, second.version, second.author) == ("Quiet weeks", 2, BEN)
    assert [each.label for each in known.of(BLUE)] == ["Quiet weeks", "Quiet weeks, version 1"]
    assert known.of(BLUE)[1] == replace(first, is_latest=False)
    with pytest.raises(InputError, match="exactly that already"):
        known.create(BLUE, "Quiet weeks", second.rule, author=BEN, now=LATER)


def test_exactly_one_is_in_force_per_deployment_and_signal(database: Database) -> None:
    known, one = Baselines(database), made(database)
    other = made(database, "Other")
    assert known.active(BLUE, "data_drift") is None
    change = {"default": "Training data", "author": ANA, "now": NOW}
    known.switch(BLUE, "data_drift", one, seen=None, **change)
    assert known.active(BLUE, "data_drift") == one
    assert known.active(BLUE, "data_quality") is None
    assert known.active(replace(BLUE, deployment="green"), "data_drift") is None
    known.switch(BLUE, "data_drift", other, seen=one, **change)
    assert known.active(BLUE, "data_drift") == other
    known.switch(BLUE, "data_drift", None, seen=other, **change)
    assert known.active(BLUE, "data_drift") is None


def test_who_switches_on_old_knowledge_is_told_who_was_faster(database: Database) -> None:
    known, one, other = Baselines(database), made(database), made(database, "Other")
    change = {"default": "Training data", "now": NOW}
    known.switch(BLUE, "data_drift", one, seen=None, author=ANA, **change)
    with pytest.raises(InputError, match="Ana Lopez has meanwhile switched to 'Quiet weeks'"):
        known.switch(BLUE, "data_drift", other, seen=None, author=BEN, **change)
    with pytest.raises(InputError, match="in force already"):
        known.switch(BLUE, "data_drift", one, seen=one, author=BEN, **change)
    assert known.active(BLUE, "data_drift") == one


def test_of_many_who_switch_at_once_one_wins(database: Database) -> None:
    known = Baselines(database)
    offered = [made(database, f"number {n}") for n in range(6)]
    refused: list[InputError] = []

    def switch(chosen: StoredBaseline) -> None:
        try:
            known.switch(BLUE, "data_drift", chosen, seen=None, default="x", author=ANA, now=NOW)
        except InputError as error:
            refused.append(error)

    threads = [threading.Thread(target=switch, args=(each,)) for each in offered]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 5
    switches = [c for c in Changes(database, "flights").all() if c.action == "switched"]
    assert len(switches) == 1


def test_the_history_says_who_did_what_when_and_why(database: Database) -> None:
    known, one = Baselines(database), made(database)
    known.switch(
        BLUE, "data_drift", one, seen=None, default="Training data", author=BEN, now=LATER,
        note="too many alarms",
    )  # fmt: skip
    switched, created = Changes(database, "flights").all()
    assert (created.action, created.author, created.at) == ("created", ANA, NOW)
    assert created.what == "Quiet weeks: same weekdays of the 6 weeks before"
    assert (switched.at, switched.author, switched.note) == (LATER, BEN, "too many alarms")
    assert (switched.before, switched.what) == ("Training data", "Quiet weeks")
    assert switched.place == "flight-delay/blue"
    assert Changes(database, "flights").all(BLUE) == (switched, created)
    assert (
        Changes(database, "flights").all(
            Place(workspace="flights", endpoint="digits", deployment="blue")
        )
        == ()
    )
    assert Changes(database, "elsewhere").all() == ()


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("statement", ["UPDATE {} SET created_by = 'x'", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_what_was(
    database: Database, table: str, statement: str
) -> None:
    made(database)
    ThresholdSets(database, "flights").create(
        "data_drift", "strict", {"hellinger_distance": 0.1}, author=ANA, now=NOW
    )
    Benchmarks(database, "flights").set("m", "1", "accuracy", 0.9, author=ANA, now=NOW)
    with pytest.raises((SourceError, InputError)), database.writing() as session:
        session.execute(text(statement.format(table)))
    with database.reading() as session:
        rows = session.execute(text(f"SELECT count(*) FROM {table}")).scalar()
        assert rows
        assert all(row.created_by == ANA.name for row in session.scalars(select(ChangeRow)))


def test_endpoints_lend_their_baselines_to_their_deployments(database: Database) -> None:
    known = Baselines(database)
    everyone = replace(BLUE, deployment="")
    rule = BaselineRule("period_before")
    known.create(everyone, "for all", rule, author=ANA, now=NOW)
    known.create(replace(BLUE, deployment="green"), "for green", rule, author=ANA, now=NOW)
    assert [each.name for each in known.of(BLUE)] == ["for all"]
    assert known.of(replace(BLUE, workspace="other")) == ()


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b", "The period before"])
def test_names_that_cannot_be_used(database: Database, name: str) -> None:
    rule = BaselineRule("period_before")
    with pytest.raises(InputError):
        Baselines(database).create(
            BLUE, name, rule, author=ANA, now=NOW, taken=["the period before"]
        )
    assert Changes(database, "flights").all() == ()


def test_nobody_stays_unnamed(database: Database) -> None:
    with pytest.raises(InputError, match="without a name"):
        Baselines(database).create(
            BLUE, "x", BaselineRule("period_before"), author=Author("  ", "typed"), now=NOW
        )
    assert Baselines(database).of(BLUE) == ()


def test_thresholds_are_named_versioned_and_switched(database: Database) -> None:
    known = ThresholdSets(database, "flights")
    values = {"hellinger_distance": 0.2, "jensen_shannon_distance:temp": 0.3}
    first = known.create("data_drift", "lenient", values, author=ANA, now=NOW)
    second = known.create(
        "data_drift", "lenient", {"hellinger_distance": 0.25}, author=BEN, now=LATER
    )
    assert [each.label for each in known.of("data_drift")] == ["lenient", "lenient, version 1"]
    assert known.of("model_performance") == ()
    assert known.of("data_drift")[1].thresholds == values
    assert known.active(BLUE, "data_drift") is None
    known.switch(BLUE, "data_drift", second, seen=None, author=ANA, now=NOW)
    assert known.active(BLUE, "data_drift") == second
    known.switch(BLUE, "data_drift", first, seen=second, author=ANA, now=NOW)
    active = known.active(BLUE, "data_drift")
    assert active is not None
    assert (active.version, dict(active.thresholds)) == (1, values)
    known.switch(BLUE, "data_drift", None, seen=first, author=ANA, now=NOW)
    assert Changes(database, "flights").all()[0].what == DEFAULT


@pytest.mark.parametrize("values", [{}, {"m": float("nan")}, {"m": float("inf")}])
def test_thresholds_that_cannot_be_used(database: Database, values: dict[str, float]) -> None:
    with pytest.raises(InputError):
        ThresholdSets(database, "flights").create("data_drift", "x", values, author=ANA, now=NOW)


def test_benchmarks_are_set_and_withdrawn(database: Database) -> None:
    known = Benchmarks(database, "flights")
    known.set("flight-delay", "1", "accuracy", 0.8, author=ANA, now=NOW, note="agreed")
    known.set("flight-delay", "1", "accuracy", 0.81, author=BEN, now=LATER)
    known.set("flight-delay", "2", "accuracy", 0.9, author=BEN, now=LATER)
    (found,) = known.of("flight-delay", "1")
    assert (found.value, found.author) == (0.81, BEN)
    with pytest.raises(InputError, match="already"):
        known.set("flight-delay", "1", "accuracy", 0.81, author=BEN, now=LATER)
    known.set("flight-delay", "1", "accuracy", None, author=ANA, now=LATER)
    assert known.of("flight-delay", "1") == ()
    assert [(c.action, c.before) for c in Changes(database, "flights").all()] == [
        ("withdrawn", "0.81"), ("set", ""), ("set", "0.8"), ("set", ""),
    ]  # fmt: skip
