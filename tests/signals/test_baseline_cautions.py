"""A fixed window that overlaps what is judged, or holds incidents, is warned of before it is kept."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from monitoring.baselines.cautions import cautions
from monitoring.decisions.baseline_rule import BaselineRule
from monitoring.incident import Incident
from monitoring.place import Place
from monitoring.window import Window

JUDGED = Window(datetime(2026, 11, 8, tzinfo=UTC), datetime(2026, 11, 15, tzinfo=UTC))
BEFORE = BaselineRule("fixed_window", start=date(2026, 10, 1), end=date(2026, 11, 7))


def incident(
    began: datetime, resolved: datetime | None = None, deployment: str = "blue"
) -> Incident:
    return Incident(
        id="1", title="Inputs moved", place=Place(endpoint="flights", deployment=deployment),
        severity="critical", began=began, fired=began, resolved=resolved, breaches=(), events=(),
        affected_share=None,
    )  # fmt: skip


def said(rule: BaselineRule, *known: Incident) -> tuple[str, ...]:
    return cautions(rule, JUDGED, known, "flights", "blue")


def test_quiet_days_before_the_window_are_no_concern() -> None:
    later = incident(datetime(2026, 11, 9, tzinfo=UTC))
    over = incident(datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 3, tzinfo=UTC))
    green = incident(datetime(2026, 10, 9, tzinfo=UTC), deployment="green")
    assert said(BEFORE, later, over, green) == ()


def test_days_that_are_judged_are_counted() -> None:
    rule = BaselineRule("fixed_window", start=date(2026, 11, 1), end=date(2026, 11, 10))
    (sentence,) = said(rule)
    assert sentence.startswith("3 of its 10 days lie in the window")


@pytest.mark.parametrize("deployment", ["blue", ""])
def test_incidents_in_it_are_named(deployment: str) -> None:
    began = datetime(2026, 10, 9, tzinfo=UTC)
    (sentence,) = said(BEFORE, incident(began, deployment=deployment))
    assert "'Inputs moved', which is open" in sentence
    (sentence,) = said(BEFORE, incident(began, datetime(2026, 10, 10, tzinfo=UTC), deployment))
    assert "lasted until 10 Oct 00:00" in sentence
    assert said(BEFORE, *(incident(began) for _ in range(5)))[-1] == "It holds 2 more incidents."


def test_a_rule_that_moves_is_not_warned_of() -> None:
    assert said(BaselineRule("same_weekdays", weeks=8), incident(JUDGED.start)) == ()
