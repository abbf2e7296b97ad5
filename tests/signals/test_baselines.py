"""Baselines: which days they take, what they call ordinary, and what that does on the sample."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from monitoring.baselines import choices as baselines
from monitoring.baselines.baseline import Baseline, take_baseline
from monitoring.baselines.choices import SEASONAL, choice_of
from monitoring.baselines.ordinary_days import OrdinaryDays
from monitoring.counting.engine.profile_store import ProfileStore
from monitoring.counting.engine.tables import write_table
from monitoring.counting.profile import Profile
from monitoring.decisions.baseline_rule import BaselineRule, parse
from monitoring.errors import InputError, NotEnoughData
from monitoring.metrics.drift import HEADLINE
from monitoring.segment import Condition, Segment
from monitoring.signals.data_drift import comparison as data_drift
from monitoring.signals.data_drift import report as drift_report
from monitoring.signals.data_drift.back_testing import KnownIncident, Side, side
from monitoring.sources.azure import Azure
from monitoring.sources.deployed import Deployed
from monitoring.window import Window

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY = NOW.date()
WEEK = Window.last(timedelta(days=7), until=NOW).whole_days()
DECIDING = set(HEADLINE.values())


@pytest.fixture(scope="module")
def deployed(azure: Azure) -> Deployed:
    return Deployed(azure)


def taken(
    deployed: Deployed, endpoint: str, name: str, rule: BaselineRule, window: Window, **options
) -> Baseline:
    deployment = deployed.inventory.deployment(endpoint, name)
    model = deployed.model(deployment)
    store = ProfileStore(deployed.azure.settings.cache / "profiles")
    choice = choice_of(rule, model)
    return baselines.take(deployed, deployment, model, choice, window, store=store, **options)


# What the rules mean


@pytest.mark.parametrize("day", [date(2026, 11, 16), date(2026, 11, 21), date(2026, 11, 22)])
def test_a_weekday_is_compared_with_the_same_weekday_of_each_week_before(day: date) -> None:
    found = SEASONAL.of_day(day, Window.day(day))
    alike = [d for d in found.days if d.weekday() == day.weekday()]
    assert alike == [day - timedelta(weeks=n) for n in range(8, 0, -1)]
    assert max(found.days) < day


def test_the_same_weeks_a_year_ago_begin_on_the_same_weekday() -> None:
    rule = BaselineRule("same_season", season="year", weeks=4)
    found = rule.of_day(TODAY, WEEK)
    assert TODAY - timedelta(weeks=52) in found.days
    assert len(found.days) == 28
    assert found.days[0].weekday() == 0


@pytest.mark.parametrize("rule", [SEASONAL, BaselineRule("period_before")], ids=str)
@pytest.mark.parametrize("days", [1, 7, 30])
def test_no_day_is_compared_with_itself_or_a_later_one(rule: BaselineRule, days: int) -> None:
    window = Window.last(timedelta(days=days), until=NOW).whole_days()
    assert max(rule.of_window(window).days) < window.days()[0]
    for day in window.days():
        assert max(rule.of_day(day, window).days) < day


@pytest.mark.parametrize(
    "kind", [{"kind": "same_weekdays", "weeks": 2}, {"kind": "same_weekdays", "weeks": 27},
             {"kind": "fixed_window", "start": TODAY}, {"kind": "file"}, {"kind": "nonsense"},
             {"kind": "same_season", "weeks": 4, "season": "decade"},
             {"kind": "fixed_window", "start": TODAY, "end": TODAY - timedelta(days=1)}],
)  # fmt: skip
def test_rules_that_make_no_sense_are_refused(kind: dict[str, object]) -> None:
    with pytest.raises(InputError):
        BaselineRule(**kind)
    with pytest.raises(InputError):
        parse(
            str(kind.pop("kind")),
            {n: str(v) if isinstance(v, date) else v for n, v in kind.items()},
        )


# What is ordinary, on days made to measure


def days_of(
    folder: Path, days: int, made: Mapping[str, object], seed: int = 1
) -> tuple[Baseline, dict[date, Mapping[str, Profile]]]:
    """A made year: `made` gives a column of 200 rows from the generator and the day."""
    random = np.random.default_rng(seed)
    first = date(2026, 1, 5)
    reference = {
        name: np.concatenate([make(random, first + timedelta(days=n)) for n in range(5)])
        for name, make in made.items()
    }
    anchor = take_baseline("training", write_table(reference, folder / "training.parquet"))
    profiles = {}
    for n in range(days):
        day = first + timedelta(days=n)
        table = write_table(
            {name: make(random, day) for name, make in made.items()}, folder / f"{day}.parquet"
        )
        profiles[day] = ProfileStore(None).profiles(table, anchor.plan, anchor.bins)
    return anchor, profiles


def weekly(random: np.random.Generator, day: date) -> np.ndarray:
    """Another level on each weekday, and a mood of its own on every day; training is Mon to Fri."""
    level = (0.0, 0.1, 0.2, 0.3, 0.4, 2.5, 3.0)[day.weekday()]
    return random.normal(level + random.normal(0, 0.25), 1, 200)


def shifted(random: np.random.Generator, day: date) -> np.ndarray:
    late = 3.0 if day >= date(2026, 1, 5) + timedelta(days=84) else 0.0
    return weekly(random, day) + late


def statuses(
    anchor: Baseline, profiles: Mapping[date, Mapping[str, Profile]], *, seasonal: bool
) -> dict[str, list[str]]:
    """Status of each feature on each day after the first twelve weeks."""
    window = Window(
        Window.day(min(profiles) + timedelta(days=77)).start, Window.day(max(profiles)).end
    )
    empty = {name: baselines._without_rows(profile) for name, profile in anchor.profiles.items()}
    ordinary = OrdinaryDays(SEASONAL, window, profiles, empty)
    found: dict[str, list[str]] = {name: [] for name in empty}
    for day in window.days():
        one = Window.day(day)
        reference = ordinary.reference(one) if seasonal else anchor.profiles
        results = data_drift.robust(reference, profiles[day], metrics=DECIDING, window=one)
        settled = ordinary.settled(results, one) if seasonal else results
        for result in drift_report.headline(settled).values():
            found[result.subject].append(result.status)
    return found


@pytest.mark.slow
def test_weekly_seasons_are_no_alarm_and_a_shift_still_is(tmp_path: Path) -> None:
    """peers.md 4.13: false alarms fall by 80 % or more, and no injected shift is lost."""
    made = {**{f"calm {n}": weekly for n in range(6)}, "shifted": shifted}
    anchor, profiles = days_of(tmp_path, 98, made)
    before = statuses(anchor, profiles, seasonal=False)
    after = statuses(anchor, profiles, seasonal=True)
    false = [
        sum(list_.count("breached") for name, list_ in each.items() if name != "shifted")
        for each in (before, after)
    ]
    assert false[0] > 40
    assert false[1] <= 0.2 * false[0]
    # the last two weeks are shifted; the week before them is not
    assert after["shifted"][:7].count("breached") <= 1
    assert after["shifted"][7:].count("breached") == 14


def test_a_bad_day_in_the_past_neither_blunts_nor_alarms(tmp_path: Path) -> None:
    bad = date(2026, 1, 5) + timedelta(days=60)

    def once_bad(random: np.random.Generator, day: date) -> np.ndarray:
        return random.normal(40.0 if day == bad else random.normal(0, 0.05), 1, 200)

    anchor, profiles = days_of(tmp_path, 90, {"x": once_bad})
    window = Window(Window.day(max(profiles)).start, Window.day(max(profiles)).end)
    empty = {name: baselines._without_rows(p) for name, p in anchor.profiles.items()}
    ordinary = OrdinaryDays(SEASONAL, window, profiles, empty)
    assert ordinary.left_out() == {"x": (bad,)}
    (result,) = ordinary.settled(
        data_drift.robust(ordinary.reference(window), profiles[window.days()[0]],
                          metrics={HEADLINE["numerical"]}, window=window), window,
    )  # fmt: skip
    assert result.status == "ok"
    assert result.noise_floor is not None
    assert result.noise_floor < 0.5  # one day at 40 would have made it many


def test_what_could_never_breach_is_no_ok(tmp_path: Path) -> None:
    """A town in more or fewer rows each day: a bound beyond 1, which no distance of labels exceeds."""

    def travelling(random: np.random.Generator, day: date) -> np.ndarray:
        share = 0.01 if day.day % 2 else random.uniform(0.05, 1)
        return np.where(random.uniform(size=200) < share, "town", "home")

    anchor, profiles = days_of(tmp_path, 90, {"town": travelling})
    window = Window(
        Window.day(max(profiles) - timedelta(days=13)).start, Window.day(max(profiles)).end
    )
    empty = {name: baselines._without_rows(p) for name, p in anchor.profiles.items()}
    ordinary = OrdinaryDays(SEASONAL, window, profiles, empty)
    blind = []
    for day in window.days():
        one = Window.day(day)
        (before,) = data_drift.robust(
            ordinary.reference(one), profiles[day], metrics={HEADLINE["categorical"]}, window=one
        )
        (after,) = ordinary.settled([before], one)
        if before.status == "breached" and after.noise_floor >= 1:
            blind.append(after)
    assert len(blind) > 3
    assert {result.status for result in blind} == {"not_enough_data"}
    assert "differ too much" in blind[0].reason


def test_too_few_comparable_days_give_no_verdict(tmp_path: Path) -> None:
    anchor, profiles = days_of(tmp_path, 16, {"x": weekly})
    window = Window.day(max(profiles))
    empty = {name: baselines._without_rows(p) for name, p in anchor.profiles.items()}
    ordinary = OrdinaryDays(SEASONAL, window, profiles, empty)
    results = ordinary.settled(
        data_drift.robust(ordinary.reference(window), profiles[max(profiles)], window=window),
        window,
    )
    assert {result.status for result in results} == {"not_enough_data"}
    assert results[0].reason == "2 comparable days in the baseline, 3 needed"


# On the sample workspace


def test_choices_begin_with_what_is_in_force(deployed: Deployed) -> None:
    model = deployed.model(deployed.inventory.deployment("flight-delay", "blue"))
    stored = [("Quiet weeks", BaselineRule("same_weekdays", weeks=4))]
    labels = [c.label for c in baselines.choices(deployed, model, stored, "Quiet weeks")]
    assert labels[0] == "Quiet weeks"
    assert set(labels) == {
        "Quiet weeks", "Training data flight-delay-training:1", "Training data flight-delay-training:2",
        "Same weekdays of the 8 weeks before", "The period before",
    }  # fmt: skip
    assert baselines.choices(deployed, model)[0].label == "Training data flight-delay-training:1"
    assert baselines.default("data_drift", model).rule == SEASONAL
    assert baselines.default("data_quality", model).asset == model.training_data


def test_a_baseline_of_production_keeps_to_the_segment(deployed: Deployed) -> None:
    whole = taken(deployed, "flight-delay", "blue", SEASONAL, WEEK)
    part = taken(
        deployed,
        "flight-delay",
        "blue",
        SEASONAL,
        WEEK,
        segment=Segment((Condition("origin", ("JFK",)),)),
    )
    assert 0 < part.rows < 0.5 * whole.rows
    assert part.profiles["origin"].counts_by_label().keys() == {"JFK"}
    assert "56 days to 13 Nov 2026" in whole.name


def test_days_before_a_deployment_are_those_of_its_endpoint(deployed: Deployed) -> None:
    green = taken(deployed, "flight-delay", "green", SEASONAL, WEEK)
    assert "from the endpoint's other deployments" in green.name
    blue = taken(deployed, "flight-delay", "blue", SEASONAL, WEEK)
    assert 0.8 * blue.rows < green.rows < blue.rows


def test_a_year_ago_there_was_nothing_and_it_says_so(deployed: Deployed) -> None:
    rule = BaselineRule("same_season", season="year", weeks=4)
    with pytest.raises(NotEnoughData, match=r"0 of the \d+ days from 0\d Nov 2025") as caught:
        taken(deployed, "flight-delay", "blue", rule, WEEK)
    assert "Choose training data" in caught.value.hint


def test_a_quarter_ago_there_was_something(deployed: Deployed) -> None:
    rule = BaselineRule("same_season", season="quarter", weeks=4)
    found = taken(deployed, "flight-delay", "blue", rule, WEEK)
    assert found.rows > 10_000


def test_a_fixed_window_stays_where_it_is(deployed: Deployed) -> None:
    rule = BaselineRule("fixed_window", start=date(2026, 9, 1), end=date(2026, 9, 14))
    one = taken(deployed, "flight-delay", "blue", rule, WEEK)
    earlier = Window(WEEK.start - timedelta(days=21), WEEK.end - timedelta(days=21))
    assert one.rows == taken(deployed, "flight-delay", "blue", rule, earlier).rows


def test_a_file_is_read_below_its_folder_only(deployed: Deployed, tmp_path: Path) -> None:
    write_table({"temp": np.arange(100.0)}, tmp_path / "mine.parquet")
    azure = deployed.azure
    here = Deployed(azure)
    here.azure = replace_settings(azure, tmp_path)
    rule = BaselineRule("file", path="mine.parquet")
    assert taken(here, "flight-delay", "blue", rule, WEEK).rows == 100
    with pytest.raises(InputError, match="lies outside"):
        taken(here, "flight-delay", "blue", BaselineRule("file", path="/etc/passwd"), WEEK)


def replace_settings(azure: Azure, files: Path) -> Azure:
    from monitoring.sources.azure import connect  # noqa: PLC0415

    return connect(replace(azure.settings, files=files))


def sides(deployed: Deployed, endpoint: str, name: str, window: Window) -> tuple[Side, Side]:
    deployment = deployed.inventory.deployment(endpoint, name)
    model = deployed.model(deployment)
    days = deployed.days(deployment, window, deployed.columns(model)).tables
    found = []
    for rule in (BaselineRule("training_data"), SEASONAL):
        baseline = taken(deployed, endpoint, name, rule, window)
        report = drift_report.run(baseline, days, window, metrics=DECIDING, taken=NOW)
        found.append(side(str(rule), report.daily))
    return found[0], found[1]


def incidents(sample: Path, endpoint: str) -> list[KnownIncident]:
    """Scripted data incidents that show in the values. A burst of nulls shows in the null rate,
    which data quality judges: drift looks at the values that there are."""
    return [
        KnownIncident(
            each["id"],
            datetime.fromisoformat(each["onset"]).date(),
            datetime.fromisoformat(each["end"]).date() if each["end"] else TODAY,
            frozenset(each["features"]),
        )
        for each in json.loads((sample / "truth.json").read_text())
        if each["endpoint"] == endpoint
        and "data_drift" in each["signals"]
        and each["kind"] != "nulls_burst"
    ]


@pytest.mark.parametrize(
    ("endpoint", "days", "expected"),
    [
        ("flight-delay", 60, {"delay-seconds", "carrier-renamed", "temperature-celsius"}),
        ("flight-time", 60, {"distance-kilometres"}),
        ("digits", 28, {"scanner-inverted"}),
    ],
)
def test_the_default_calms_the_season_and_loses_no_incident(
    deployed: Deployed, sample: Path, endpoint: str, days: int, expected: set[str]
) -> None:
    """Against training data, false alarms fall by 80 % or more; every incident sets off a breach."""
    window = Window.last(timedelta(days=days), until=NOW).whole_days()
    before, after = sides(deployed, endpoint, "blue", window)
    known = incidents(sample, endpoint)
    assert {each.title for each in known} == expected
    assert {each.title for each in after.found(known)} == expected
    assert before.days_outside(known) > 25
    assert after.days_outside(known) <= 0.2 * before.days_outside(known)
