"""What is ranked before what, and what is never said."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from judged import DAY, HOUR, START, event, steps

from monitoring.event import Event
from monitoring.incident import Incident, Suspect
from monitoring.incidents import suspects
from monitoring.incidents.folding import fold
from monitoring.metric import MetricResult

TAKEN = START + 30 * DAY
#: Errors from the hundredth hour on.
FAILING = steps("o" * 100 + "bbbb")


def ranked(events: list[Event], results: list[MetricResult] = FAILING) -> tuple[Suspect, ...]:
    return suspects.rank(incident(results), events, results)


def incident(results: list[MetricResult]) -> Incident:
    return fold(results, [], TAKEN)[0]


def test_the_nearer_change_comes_first() -> None:
    near, far = event(99.5, title="near"), event(90, title="far")
    assert [s.title for s in ranked([far, near])] == ["near", "far"]
    assert [s.rank for s in ranked([far, near])] == [1, 2]


def test_what_happens_every_hour_tells_less_than_what_happened_once() -> None:
    routine = [event(n, title=f"routine {n}", alike="routine") for n in range(100)]
    once = event(98.5, title="once", alike="once")
    first, second = ranked([*routine, once])[:2]
    assert first.title == "once"
    assert second.change < first.change


def test_another_endpoint_is_hardly_a_suspect() -> None:
    here, there = event(99.5, title="here"), event(99.5, title="there", endpoint="other")
    scores = {s.title: s.score for s in ranked([here, there])}
    assert scores["there"] == pytest.approx(0.1 * scores["here"])


def test_an_alert_is_no_suspect_and_a_failed_job_none_of_failing_jobs() -> None:
    assert ranked([event(100, "alert")]) == ()
    jobs = steps("ob", subject="workspace", signal="jobs", metric="failed_jobs")
    failed = event(1.5, "job", status="failed", source="job log", endpoint="", deployment="")
    assert ranked([failed], jobs) == ()


def test_that_a_caller_is_refused_is_no_cause_of_refused_callers() -> None:
    refused = event(99.5, "client", title="The caller desk/3 is refused", status="refused")
    keys = event(99, "configuration", title="ann regenerated the keys")
    results = [*steps("o" * 100 + "bbbb", signal="clients", metric="client_error_rate")]
    assert [s.title for s in ranked([refused, keys], results)] == [keys.title]
    assert ranked([refused]) != ()


def test_what_came_after_it_was_certain_is_not_known() -> None:
    known = ranked([event(99)])
    assert ranked([event(99), event(103.5, title="late")]) == known
    assert [s.title for s in known] == ["ann wrote the deployment credit/blue at 99 h"]


def test_a_change_that_ends_in_the_step_is_as_near_as_can_be() -> None:
    change = event(97, end=START + 100.2 * HOUR)
    assert ranked([change])[0].proximity == 1


def test_what_filled_up_slowly_is_traced_to_where_it_turned() -> None:
    values = np.concatenate([np.full(100, 40.0), 40 + np.arange(100) * 0.6])
    values += np.random.default_rng(1).normal(0, 0.3, 200)
    letters = "".join("b" if value > 90 else "o" for value in values)
    plain = steps(letters, signal="saturation", metric="disk_utilization")
    results = [replace(r, value=float(v)) for r, v in zip(plain, values, strict=True)]
    at_turn = event(99.5, title="debug logs on", alike="a")
    at_breach = event(150, title="in between", alike="b")
    first = ranked([at_turn, at_breach], results)[0]
    assert first.title == "debug logs on"
    assert "disk turned" in first.sentence


def test_features_that_change_together_are_one_suspect_the_most_changed_first() -> None:
    days = {
        name: steps(
            "oooooobbb",
            subject=f"credit/blue/{name}",
            signal="data_quality",
            metric="null_value_rate",
            step=DAY,
            value=value,
        )
        for name, value in (("income", 0.9), ("age", 0.8), ("city", 0.12))
    }
    results = [result for each in days.values() for result in each]
    first, second = ranked([], results)
    assert first.features == ("income", "age")
    assert second.features == ("city",)
    assert first.title == "income and age changed in null rate in the inputs of credit/blue"


def test_a_feature_that_was_as_far_out_before_tells_less() -> None:
    def of(letters: str) -> float:
        results = steps(letters, subject="credit/blue/x", signal="data_drift", metric="m", step=DAY)
        newest = max(fold(results, [], TAKEN), key=lambda each: each.began)
        return suspects.rank(newest, [], results)[0].score

    assert of("oooooooooobb") > of("bboobboooobb")


def test_a_metric_is_no_suspect_of_itself() -> None:
    results = steps("o" * 100 + "bbbb", rows=100)
    surge = [replace(r, rows=5000) for r in results[100:]]
    (only,) = ranked([], [*results[:100], *surge])
    assert only.lane == "requests"  # not the error rate, nor the latency
    assert "rose against what is usual" in only.title


def test_no_sentence_claims_a_cause() -> None:
    kinds = ("deployment", "client", "console", "container", "role", "scaling", "dependency")
    events = [event(95 + n, kind, title=f"{kind} something") for n, kind in enumerate(kinds)]
    found = ranked(events)
    assert len(found) >= 5
    for each in found:
        assert "coincides with" in each.sentence
        assert not re.search(
            r"\b(caus\w*|because|due to|led to|result\w* (?:of|in))\b", each.sentence
        )


def test_scores_are_products_and_stay_between_nothing_and_one() -> None:
    for each in ranked([event(n / 2) for n in range(120, 206)]):
        assert each.score == pytest.approx(each.proximity * each.change)
        assert 0 < each.score <= 1
