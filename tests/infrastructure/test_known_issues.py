"""The known issues: each entry is whole, matches its symptom, and leaves its near miss alone."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from monitoring.errors import InputError
from monitoring.requests.known_issues import (
    FILE,
    LONGEST,
    SOURCES,
    KnownIssue,
    known_issues,
    match,
    matched,
    of_response,
    read,
)

ISSUES = known_issues()
EACH = pytest.mark.parametrize("issue", ISSUES, ids=lambda issue: issue.id)
#: Pages and repositories whose addresses were looked up.
HOSTS = ("https://learn.microsoft.com/", "https://github.com/", "https://scikit-learn.org/")


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    assert len(ISSUES) >= 45
    assert Counter(issue.id for issue in ISSUES).most_common(1)[0][1] == 1
    assert {source for issue in ISSUES for source in issue.sources} == set(SOURCES)


@EACH
def test_an_entry_is_whole(issue: KnownIssue) -> None:
    for text in (issue.cause, issue.fix):
        assert re.fullmatch(r"\S.*[.)]", text), text
    assert not issue.symptom.endswith(".")
    assert issue.link == "" or issue.link.startswith(HOSTS)
    assert " " not in issue.link


@EACH
def test_its_symptom_is_recognised_in_every_source_it_comes_from(issue: KnownIssue) -> None:
    winners = {source: match(issue.matches, source) for source in issue.sources}
    assert {source: found and found.id for source, found in winners.items()} == dict.fromkeys(
        issue.sources, issue.id
    )


@EACH
def test_its_near_miss_is_left_alone(issue: KnownIssue) -> None:
    assert not issue.is_in(issue.near_miss)
    assert issue.matches != issue.near_miss


@EACH
def test_no_other_source_shows_it(issue: KnownIssue) -> None:
    for source in set(SOURCES) - set(issue.sources):
        found = match(issue.matches, source)
        assert found is None or found.id != issue.id


@EACH
def test_only_the_beginning_of_a_long_message_is_searched(issue: KnownIssue) -> None:
    assert not issue.is_in("." * LONGEST + issue.matches)


ORDINARY = (
    "INFO x-request-id=1 computed in 41 ms",
    "Starting gunicorn 23.0.0",
    "Listening at: http://0.0.0.0:31311 (8)",
    "INFO score.init: loading model flight-delay",
    "Started container inference-server",
    'Container image "a.azurecr.io/b:1" already present on machine',
    "HTTP 200",
)


@pytest.mark.parametrize("message", ORDINARY)
def test_ordinary_lines_are_no_issue(message: str) -> None:
    assert {source: match(message, source) for source in SOURCES} == dict.fromkeys(SOURCES)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((401, None), "http-401"),
        ((404, None), "http-404"),
        ((408, None), "http-408"),
        ((424, 500), "http-424-500"),
        ((424, 502), "http-424-503"),
        ((424, 400), "http-424"),
        ((424, None), "http-424"),
        ((429, None), "http-429"),
        ((500, None), "http-500"),
        ((503, None), "http-503"),
    ],
)
def test_response_codes(codes: tuple[int, int | None], expected: str) -> None:
    found = of_response(*codes)
    assert found is not None
    assert found.id == expected


def test_messages_are_counted_by_issue_the_worst_first() -> None:
    found = matched(
        [
            ("ConnectionResetError: [Errno 104]", "console", 1),
            ("ConnectionResetError: [Errno 104]", "console", 4),
            ("OOMKilled: memory limit 8Gi exceeded", "event", 1),
            ("nothing", "console", 9),
        ]
    )
    assert [(issue.id, count) for issue, count in found] == [
        ("container-out-of-memory", 1),
        ("connection-reset", 5),
    ]


def test_what_went_wrong_in_the_sample_is_known(sample: Path) -> None:
    """Every error of its console, every trouble of its containers, every refusal."""
    with duckdb.connect(str(sample / "workspace.duckdb"), read_only=True) as connection:

        def said(query: str) -> list[str]:
            return [row[0] for row in connection.execute(query).fetchall()]

        lines = said(
            "SELECT DISTINCT regexp_replace(Message, 'id=\\S+', 'id=1') FROM AmlOnlineEndpointConsoleLog "
            "WHERE Message LIKE 'ERROR%' OR Message LIKE '%CRITICAL%'"
        )
        events = said(
            "SELECT DISTINCT Message FROM AmlOnlineEndpointEventLog WHERE Name IN "
            "('BackOff', 'LivenessProbeFailed', 'ReadinessProbeFailed') OR Message LIKE 'OOM%'"
        )
        jobs = said(
            "SELECT DISTINCT JobErrorMessage FROM AmlComputeJobEvent WHERE EventType = 'JobFailed'"
        )
        codes = connection.execute(
            "SELECT DISTINCT ResponseCode, ModelStatusCode FROM AmlOnlineEndpointTrafficLog "
            "WHERE ResponseCode >= 400"
        ).fetchall()
    assert min(len(lines), len(events), len(jobs), len(codes)) > 0
    assert [line for line in lines if match(line, "console") is None] == []
    assert [event for event in events if match(event, "event") is None] == []
    assert [job for job in jobs if match(job, "job") is None] == []
    assert [code for code in codes if of_response(*code) is None] == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('severity = "critical"', 'severity = "bad"', "severity 'bad'"),
        ('sources = ["console"]', 'sources = ["rumour"]', "rumour"),
        ("[[issue]]", "[[issue]", "known issues"),
        ('symptom = "', 'symptoms = "', "symptom"),
        ("pattern = '''", "pattern = '''(", "known issue"),
    ],
)
def test_a_broken_entry_is_named(old: str, new: str, words: str) -> None:
    text = FILE.read_text("utf-8")
    assert old in text
    with pytest.raises(InputError, match=words):
        read(text.replace(old, new, 1) if old != "[[issue]]" else "[[issue]\n")
