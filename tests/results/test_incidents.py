"""An incident has an identity and a past: each revision stays as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import make_transient

from monitoring.database.database import Database
from monitoring.database.result_tables import IncidentRow
from monitoring.errors import InputError, SourceError
from monitoring.incident import Incident
from monitoring.incidents.report import IncidentReport
from monitoring.place import Place
from monitoring.results.incidents import IncidentBook
from monitoring.results.payload import seal
from monitoring.window import Window
from tests.synthetic_incidents import report

from .conftest import DAY, HOUR, MINUTE, NOW, WORKSPACE

WEEK = Window(NOW - 7 * DAY, NOW)


@pytest.fixture(scope="module")
def known() -> IncidentReport:
    return report(7, (("credit", "blue"), ("flights", "green")))


@pytest.fixture
def incident(known: IncidentReport) -> Incident:
    """One that is open, critical and has breaches, events and suspects."""
    return replace(known.incidents[0], resolved=None, severity="high", affected_share=0.123)


@pytest.fixture
def book(database: Database) -> IncidentBook:
    return IncidentBook(database, WORKSPACE)


def test_an_incident_comes_back_with_all_that_was_known(
    book: IncidentBook, known: IncidentReport
) -> None:
    suspects = {each.id: known.suspects(each) for each in known.incidents}
    assert any(suspects.values())
    revisions = book.record(known.incidents, NOW, suspects)
    assert {each.id for each in revisions} == {each.id for each in known.incidents}
    for each in known.incidents:
        stored = book.get(each.id)
        assert (stored.incident, stored.suspects) == (each, suspects[each.id])
        place = Place(workspace=WORKSPACE, endpoint=each.endpoint, deployment=each.deployment)
        assert stored.revision.place == place
        assert (stored.revision.revision, stored.revision.at) == (1, NOW)
        assert stored.revision.signals == each.signals


def test_a_revision_is_added_only_when_a_reader_sees_a_change(
    book: IncidentBook, incident: Incident
) -> None:
    breach = incident.breaches[0]
    unseen = replace(
        incident,
        affected_share=0.1234,
        breaches=(replace(breach, steps=breach.steps + 1), *incident.breaches[1:]),
    )
    assert len(book.record([incident], NOW)) == 1
    assert book.record([incident, unseen], NOW + MINUTE) == ()
    changes = {
        "title": "Something else",
        "severity": "critical",
        "resolved": NOW,
        "affected_share": 0.2,
        "breaches": incident.breaches[:1],
    }
    for n, (field, value) in enumerate(changes.items(), 2):
        (revision,) = book.record([replace(incident, **{field: value})], NOW + n * MINUTE)
        assert revision.revision == n
    assert [each.revision.at.minute for each in book.revisions(incident.id)] == [0, 2, 3, 4, 5, 6]
    assert book.get(incident.id, 2).incident.title == "Something else"
    assert book.get(incident.id, 1).incident == incident


def test_other_suspects_are_a_change(
    book: IncidentBook, incident: Incident, known: IncidentReport
) -> None:
    suspects = known.suspects(incident)
    book.record([incident], NOW, {incident.id: suspects})
    assert book.record([incident], NOW, {incident.id: suspects}) == ()
    (revision,) = book.record([incident], NOW, {incident.id: suspects[1:]})
    assert book.get(incident.id, 1).suspects == suspects
    assert book.get(incident.id, revision.revision).suspects == suspects[1:]


def test_the_worst_severity_stays(book: IncidentBook, incident: Incident) -> None:
    for severity in ("medium", "critical", "low"):
        book.record([replace(incident, severity=severity)], NOW)
    worst = [(each.revision.severity, each.revision.worst) for each in book.revisions(incident.id)]
    assert worst == [("medium", "medium"), ("critical", "critical"), ("low", "critical")]


def test_the_list_shows_open_ones_first_then_the_severe_then_the_new(
    book: IncidentBook, incident: Incident
) -> None:
    def variant(name: str, severity: str, hours_ago: int, resolved: int | None = None) -> Incident:
        began = NOW - hours_ago * HOUR
        end = None if resolved is None else NOW - resolved * HOUR
        return replace(incident, id=name, severity=severity, began=began, fired=began, resolved=end)

    book.record(
        [
            variant("over", "critical", 9, 8),
            variant("old", "high", 30),
            variant("new", "high", 3),
            variant("worst", "critical", 50),
            variant("long ago", "critical", 200, 190),
        ],
        NOW,
    )
    assert [each.id for each in book.list(WEEK)] == ["worst", "new", "old", "over"]
    assert [each.id for each in book.list(Window(NOW - 10 * HOUR, NOW - 5 * HOUR))] == [
        "worst", "old", "over",
    ]  # fmt: skip
    here = book.get("new").revision.place
    assert len(book.list(WEEK, places=[here.of("income")])) == 4
    assert book.list(WEEK, places=[replace(here, deployment="another")]) == ()
    assert IncidentBook(book._database, "/another").list(WEEK) == ()


def test_what_late_data_undo_is_withdrawn_and_may_come_again(
    book: IncidentBook, incident: Incident
) -> None:
    book.record([incident], NOW)
    (revision,) = book.withdraw([incident.id], NOW + HOUR)
    assert (revision.withdrawn, revision.revision) == (True, 2)
    assert book.withdraw([incident.id], NOW + HOUR) == ()
    assert book.list(WEEK) == ()
    assert book.get(incident.id).incident == incident
    assert len(book.record([incident], NOW + 2 * HOUR)) == 1
    assert [each.revision for each in book.list(WEEK)] == [3]


def test_revisions_cannot_be_changed(
    book: IncidentBook, incident: Incident, database: Database
) -> None:
    book.record([incident], NOW)
    for statement in ("UPDATE incidents SET title = 'x'", "DELETE FROM incidents"):
        with pytest.raises((SourceError, InputError)), database.writing() as session:
            session.execute(text(statement))
    assert book.get(incident.id).incident == incident


def test_what_is_not_there_is_one_sentence(book: IncidentBook, incident: Incident) -> None:
    for action in (book.get, book.revisions, lambda name: book.withdraw([name], NOW)):
        with pytest.raises(InputError, match="no incident 'abc'"):
            action("abc")
    book.record([incident], NOW)
    with pytest.raises(InputError, match="no revision 7"):
        book.get(incident.id, 7)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"incident": {}, "suspects": []}', b"\xff"])
def test_a_revision_that_cannot_be_read_gives_way_to_the_one_before(
    book: IncidentBook, incident: Incident, database: Database, content: bytes
) -> None:
    book.record([incident], NOW)
    with database.writing() as session:
        row = session.scalars(select(IncidentRow)).one()
        session.expunge(row)
        make_transient(row)
        row.id, row.revision = None, 2
        row.payload = seal(content, form=1) if content else b""
        session.add(row)
    assert book.get(incident.id).revision.revision == 1
    assert len(book.list(WEEK)) == 1
