"""Many deployments, scaled down: what is read of a fleet does not grow with what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import event

from benchmarks.fleet import NOW, Fleet
from monitoring.overview import state
from monitoring.overview.state import Reader
from monitoring.results.snapshots import Snapshots
from monitoring.signals import SIGNALS

from .toys import DAY, HOUR, ID


@contextmanager
def statements(fleet: Fleet) -> Iterator[list[str]]:
    """The statements that reach the database, transactions left out."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("BEGIN", "COMMIT")):
            sent.append(statement)

    engine = fleet.database._engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def fleet(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    monkeypatch.setattr("monitoring.database.database.LOOK_SECONDS", 3600.0)
    made = Fleet(url, ID.lower(), endpoints=3, signals=6)
    assert made.fill(days=10) > 0
    made.tell()
    yield made
    made.database.close()


def test_the_overview_is_one_statement_however_many_deployments(fleet: Fleet) -> None:
    with statements(fleet) as sent:
        states = state.fleet(fleet.snapshots)
    assert len(sent) == 1
    assert {each.place for each in states} == set(fleet.places)
    assert [len(each.headlines) for each in states] == [6] * 6
    for each in states:
        whole = state.kept(fleet.snapshots, each.place)
        assert whole is not None
        assert [h.status for h in whole.headlines] == [h.status for h in each.headlines]
        assert whole.cells == {respect: whole.cell(respect) for respect in whole.cells}


def test_what_is_as_it_was_is_one_row_the_second_time(fleet: Fleet) -> None:
    reader = Reader(Snapshots(fleet.database, fleet.workspace))
    states = reader.everywhere()
    with statements(fleet) as sent:
        assert reader.everywhere() is states
    assert len(sent) == 1
    assert "sum" in sent[0]
    changed = states[-1]
    newer = replace(changed, taken=NOW + HOUR, headlines=changed.headlines[:1])
    state.keep(fleet.snapshots, newer)
    again = reader.everywhere()
    assert {each.place for each in again} == {each.place for each in states}
    assert (
        sum(one is not other for one in again for other in states if one.place == other.place) == 1
    )
    assert next(each.taken for each in again if each.place == changed.place) == NOW + HOUR


def test_planning_reads_no_payloads(fleet: Fleet) -> None:
    name, signal = next((n, s) for n, s in SIGNALS.items() if s in fleet.signals)
    with statements(fleet) as sent:
        done = fleet.results.done(name, signal.grids[-1].step, _days())
    assert done
    assert not [each for each in sent if "payload" in each and "substr" not in each]


def _days():
    from monitoring.window import Window  # noqa: PLC0415

    return Window(NOW - 9 * DAY, NOW)


def test_telling_of_a_fleet_reads_each_signal_for_many_places_at_once(fleet: Fleet) -> None:
    with statements(fleet) as sent:
        fleet.tell()
    reads = [each for each in sent if "evaluations.payload" in each]
    grids = sum(len(signal.grids) for signal in fleet.signals)
    # once for each grid of a signal, and once more where a breach began before that
    assert len(reads) <= grids + len(fleet.places) * len(fleet.signals)
