"""Laws of folding: pure, order-free, and each breach in exactly one incident."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest
from judged import DAY, HOUR, START, event, steps

from monitoring.incidents.breach import found
from monitoring.incidents.folding import fold
from monitoring.metric import MetricResult

TAKEN = START + 30 * DAY


def many(seed: int) -> list[MetricResult]:
    """Some weeks of several metrics at random."""
    pick = random.Random(seed)  # noqa: S311 - a test
    results: list[MetricResult] = []
    for subject in ("credit/blue", "credit/green", "cluster/cpu", "workspace"):
        for signal, metric in (("traffic", "error_rate"), ("saturation", "cpu"), ("cost", "idle")):
            letters = "".join(pick.choices("ob.", (6, 3, 1), k=90))
            results += steps(letters, subject=subject, signal=signal, metric=metric, step=2 * HOUR)
    return results


@pytest.mark.parametrize("seed", range(5))
def test_order_does_not_matter_and_asking_twice_changes_nothing(seed: int) -> None:
    results, events = many(seed), [event(n, "container") for n in range(0, 90, 7)]
    shuffled = list(results)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - a test
    assert fold(results, events, TAKEN) == fold([*shuffled, *results], events[::-1], TAKEN)


@pytest.mark.parametrize("seed", range(5))
def test_every_breach_is_in_exactly_one_incident(seed: int) -> None:
    results = many(seed)
    inside = Counter(
        breach for each in fold(results, [], TAKEN) for breach in map(id_of, each.breaches)
    )
    assert inside == Counter(id_of(breach) for breach in found(results, TAKEN))


def id_of(breach: object) -> str:
    return str((breach.signal, breach.metric, str(breach.place), breach.start))  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", range(5))
def test_ids_differ_and_an_incident_spans_its_breaches(seed: int) -> None:
    incidents = fold(many(seed), [], TAKEN)
    assert len({each.id for each in incidents}) == len(incidents)
    for each in incidents:
        assert each.began == min(b.start for b in each.breaches)
        assert each.began < each.fired <= (each.resolved or TAKEN)
        open_ = any(b.end is None for b in each.breaches)
        assert (each.resolved is None) == open_


def test_what_begins_together_is_one_incident() -> None:
    results = steps("obbbbo") + steps("oobbbb", metric="latency_p95")
    (incident,) = fold(results, [], TAKEN)
    assert incident.title == "credit/blue: requests fail and requests are slow"
    assert incident.signals == ("traffic",)


def test_another_deployment_is_another_incident() -> None:
    assert len(fold(steps("bb") + steps("bb", subject="credit/green"), [], TAKEN)) == 2


def test_a_lasting_state_does_not_swallow_what_happens_meanwhile() -> None:
    idle = steps("b" * 20, signal="cost", metric="idle", step=DAY)
    failing = steps("bbboo", start=START + 10 * DAY)
    assert len(fold(idle + failing, [], TAKEN)) == 2


def test_what_overlaps_but_began_days_later_is_another_incident() -> None:
    memory = steps("b" * 100, signal="saturation", metric="memory_utilization")
    failing = steps("bb", start=START + 60 * HOUR)
    assert len(fold(memory + failing, [], TAKEN)) == 2


def test_the_same_metric_again_within_a_day_is_the_same_incident() -> None:
    near = steps("bboo") + steps("bboo", start=START + 20 * HOUR)
    far = steps("bboo") + steps("bboo", start=START + 40 * HOUR)
    assert len(fold(near, [], TAKEN)) == 1
    assert len(fold(far, [], TAKEN)) == 2


def test_the_id_is_the_same_for_finer_steps_and_while_it_grows() -> None:
    coarse = fold(steps("ooobb"), [], TAKEN)[0].id
    quarter = timedelta(minutes=15)
    fine = fold(steps("o" * 13 + "bb", step=quarter), [], TAKEN)[0].id
    grown = fold(
        steps("ooobbbbbbb") + steps("bb", metric="latency_p95", start=START + 4 * HOUR), [], TAKEN
    )
    assert coarse == fine == grown[0].id


@pytest.mark.parametrize(
    ("share", "severity"), [(0.02, "medium"), (0.1, "high"), (0.6, "critical")]
)
def test_severity_follows_the_share_of_requests_that_failed(share: float, severity: str) -> None:
    (incident,) = fold(steps("bbbb", value=share), [], TAKEN)
    assert incident.affected_share == pytest.approx(share)
    assert incident.severity == severity


def test_failures_on_a_tenth_of_the_traffic_affect_a_tenth_of_them() -> None:
    other = steps("oooo", subject="credit/blue", rows=900)
    (incident,) = fold(
        steps("bbbb", subject="credit/green", rows=100, value=0.5) + other, [], TAKEN
    )
    assert incident.affected_share == pytest.approx(0.05)


@pytest.mark.parametrize("signal", ["cost", "configuration"])
def test_a_state_is_low_and_touches_no_request(signal: str) -> None:
    incidents = fold(steps("bb", signal=signal) + steps("oo"), [], TAKEN)
    assert [(each.severity, each.affected_share) for each in incidents] == [("low", None)]


def test_without_traffic_the_share_is_unknown() -> None:
    (incident,) = fold(steps("bb", signal="saturation", metric="cpu_utilization"), [], TAKEN)
    assert incident.affected_share is None
    assert incident.severity == "medium"


def test_trouble_on_its_place_belongs_to_it_and_changes_do_not() -> None:
    events = [
        event(1.5, "container", title="killed"),
        event(1.5, "deployment"),
        event(1.5, "container", title="elsewhere", endpoint="other"),
        event(20, "alert", title="late"),
    ]
    (incident,) = fold(steps("obbboo"), events, TAKEN)
    assert [each.title for each in incident.events] == ["killed"]
