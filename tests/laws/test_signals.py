"""Laws that every monitoring question keeps, and that one file is all that a new one takes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import pytest

from monitoring.decisions.baseline_rule import BaselineRule
from monitoring.decisions.in_force import DEFAULT, InForce
from monitoring.decisions.stored import Author, StoredBaseline
from monitoring.event import Event, EventKind
from monitoring.incidents import lane_table, lanes, suspects
from monitoring.incidents.folding import fold
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.plugins import find
from monitoring.signal import HOUR, Grid, Missing, Question, Signal
from monitoring.signals import SIGNALS
from monitoring.sources.azure import Azure
from monitoring.sources.deployed import Deployed
from monitoring.verdict import JUDGED
from monitoring.window import DAY, Window
from monitoring.workspace.endpoints import Endpoint
from tests.evaluated_now import nothing_decided, of_signals

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BLUE = Place(endpoint="flight-delay", deployment="blue")
#: Days to look at: of the service late enough for the traffic log to know four weeks before.
LATE = Window(datetime(2026, 11, 17, tzinfo=UTC), datetime(2026, 11, 19, tzinfo=UTC))
EARLY = Window(datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 4, tzinfo=UTC))
NAMES = sorted(SIGNALS)

#: P-values are adjusted over all metrics of a question: another threshold leaves values equal only.
ADJUSTED_TOGETHER = {"fairness"}


@pytest.fixture(scope="module")
def endpoints(azure: Azure) -> tuple[Endpoint, ...]:
    return Deployed(azure).inventory.endpoints()


def days_of(signal: Signal) -> Window:
    return EARLY if signal.scope == "deployment" else LATE


Ask = Callable[..., tuple[MetricResult, ...]]


@pytest.fixture(scope="module")
def ask(azure: Azure, endpoints: tuple[Endpoint, ...]) -> Ask:
    deployed = Deployed(azure)

    def evaluate(signal: Signal, own: InForce = DEFAULT, at: int = -1) -> tuple[MetricResult, ...]:
        """Return its results on one of its grids, with something in force for it alone."""
        step, days = signal.grids[at].step, days_of(signal)
        question = Question(
            deployed=deployed,
            place=BLUE if signal.scope == "deployment" else Place(),
            window=days if step >= HOUR else Window(days.start, days.start + DAY / 8),
            step=step,
            taken=NOW,
            endpoints=endpoints,
            in_force=lambda name, _: own if name == signal.name else DEFAULT,
        )
        return signal.evaluate(question).results

    return evaluate


def lacking(signal: Signal) -> Iterator[str]:
    """Yield the fields that say nothing."""
    optional = {f.name for f in fields(Signal) if f.default is not MISSING}
    for each in fields(Signal):
        value = getattr(signal, each.name)
        if each.name not in optional and value != 0 and not value:
            yield each.name
    if any(not facts.label or not signal.breach_of(name) for name, facts in signal.metrics.items()):
        yield "metrics"
    steps = [grid.step for grid in signal.grids]
    if steps != sorted(set(steps)) or any(DAY % step and step % DAY for step in steps):
        yield "grids"
    if unknown := set(signal.suspects) - {*get_args(EventKind), "feature", "metric"}:
        yield f"suspects: {sorted(unknown)}"
    if signal.leading and signal.leading not in signal.metrics:
        yield "leading"
    if not (ROOT / "pages" / signal.page).exists():
        yield "page"
    if {lane.metric for lane in signal.lanes} - {"", *signal.metrics}:
        yield "lanes"


@pytest.mark.parametrize("name", NAMES)
def test_every_field_says_something(name: str) -> None:
    assert list(lacking(SIGNALS[name])) == []


def test_what_is_missing_is_named() -> None:
    hollow = replace(SIGNALS["traffic"], lanes=(), page="nowhere.py", question="")
    assert list(lacking(hollow)) == ["question", "lanes", "page"]


def test_no_two_are_equally_grave_and_no_two_lanes_stand_in_one_place() -> None:
    gravities = [signal.gravity for signal in SIGNALS.values()]
    assert len(set(gravities)) == len(gravities)
    orders = [
        row.order if isinstance(row, lane_table.Happened) else row.facts.order
        for row in lane_table.rows()
    ]
    assert len(set(orders)) == len(orders)


@pytest.mark.parametrize("name", NAMES)
def test_results_are_its_own_and_held_to_what_is_in_force(name: str, ask: Ask) -> None:
    signal = SIGNALS[name]
    results = ask(signal)
    check_own(signal, results, signal.grids[-1])
    for at, grid in enumerate(signal.grids[:-1]):
        check_own(signal, ask(signal, at=at), grid)
    judged = [r for r in results if r.status in JUDGED and r.value is not None]
    turned = max(judged, key=lambda r: bool(r.value))  # a rate of 0 has no rise
    after = ask(signal, InForce(thresholds={turned.metric: other_side(turned)}))
    again = next(r for r in after if (r.metric, r.place, r.window) == key(turned))
    assert again.threshold != turned.threshold
    assert again.status != turned.status or again.reason
    others = [r for r in results if r.metric != turned.metric and name not in ADJUSTED_TOGETHER]
    assert others == [r for r in after if r.metric != turned.metric and others]


def key(result: MetricResult) -> tuple[str, Place, Window | None]:
    return result.metric, result.place, result.window


def other_side(result: MetricResult) -> float:
    """Return a threshold that the value lies on the other side of, whatever its interval."""
    assert result.value is not None
    should_breach = result.status == "ok"
    below = (result.worse == "higher") == should_breach
    ends = [result.value, *((result.interval.low, result.interval.high) if result.interval else ())]
    return min(ends) - 1e-3 - abs(min(ends)) / 2 if below else 2 * abs(max(ends)) + 1e-3


def check_own(signal: Signal, results: Iterable[MetricResult], grid: Grid) -> None:
    """They are of the signal, on its steps, at its place, with the facts that it states."""
    assert results
    for result in results:
        assert result.signal == signal.name
        assert not result.metric or result.metric in signal.metrics
        assert result.window
        assert result.window.length == grid.step
        assert grid.aligned(result.window) == result.window
        # A state is told from the hour that it began in.
        assert signal.lasting or result.window.start >= days_of(signal).start
        assert signal.scope == "workspace" or result.place.whole == BLUE
        if signal.scope == "workspace":
            facts = signal.metrics[result.metric]
            stated = facts.unit, facts.worse, facts.threshold
            assert stated == (result.unit, result.worse, result.threshold)


AGAINST_ROWS = [n for n in NAMES if SIGNALS[n].compared in {"training data", "ordinary days"}]
AGAINST_VALUES = [n for n in NAMES if SIGNALS[n].compared == "expected values"]


@pytest.mark.parametrize("name", AGAINST_ROWS)
def test_a_baseline_put_in_force_counts(name: str, ask: Ask) -> None:
    rule = BaselineRule("fixed_window", start=date(2026, 9, 1), end=date(2026, 9, 30))
    stored = StoredBaseline(
        id=1, place=BLUE, name="September",
        version=1, is_latest=True, rule=rule, note="", created=NOW,
        author=Author("ann", "typed"),
    )  # fmt: skip
    own = ask(SIGNALS[name], InForce(baseline=stored))
    assert own
    before = ask(SIGNALS[name])
    assert {(r.reference_rows, r.value) for r in own} != {
        (r.reference_rows, r.value) for r in before
    }


@pytest.mark.parametrize("name", AGAINST_VALUES)
def test_an_expected_value_put_in_force_counts(name: str, ask: Ask) -> None:
    (metric,) = {r.metric for r in ask(SIGNALS[name])}
    own = ask(SIGNALS[name], InForce(expected={metric: 0.123}))
    assert {r.threshold for r in own} != {r.threshold for r in ask(SIGNALS[name])}


def test_signals_cost_nothing_to_know() -> None:
    heavy = ("numpy", "duckdb", "pandas", "azure.ai.ml", "sqlalchemy", "scipy", "sklearn")
    code = (
        "import sys; from monitoring.signals import SIGNALS; "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert out.stdout.decode().strip() == "[]"


TOY = """
from monitoring.signal import Findings, Grid, HOUR, LaneFacts, MetricFacts, Signal

SIGNAL = Signal(
    name="toy", title="Toys", question="Are the toys tidied up?", respect="infrastructure",
    family="toys", gravity=0, scope="workspace", grids=(Grid(HOUR, settle=HOUR),),
    needs=frozenset({"traffic log"}), compared="objectives", page="traffic.py",
    metrics={"mess": MetricFacts(label="Mess", breach="toys lie about", threshold=0.1)},
    suspects={"job": 1.0},
    lanes=(LaneFacts(name="mess", label="Mess", group="infrastructure", order=999, metric="mess"),),
    breach="toys lie about", evaluate=lambda question: Findings(), felt=True,
)
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Signal:
    (tmp_path / "playroom").mkdir()
    (tmp_path / "playroom" / "__init__.py").write_text("")
    (tmp_path / "playroom" / "toy.py").write_text(TOY)
    monkeypatch.syspath_prepend(str(tmp_path))
    __import__("playroom")
    signal = find("playroom", "SIGNAL", Signal)["toy"]
    monkeypatch.setitem(SIGNALS, "toy", signal)
    return signal


def test_one_file_makes_a_signal(toy: Signal) -> None:
    assert list(lacking(toy)) == []
    results = [
        MetricResult(
            signal="toy", metric="mess", place=BLUE, status="breached", value=0.5, threshold=0.1,
            window=window,
        )
        for window in LATE.split(HOUR)[:3]
    ]  # fmt: skip
    cause = Event(time=LATE.start, kind="job", title="A job threw them", source="job log")
    (incident,) = fold(results, [cause], NOW)
    assert incident.title == "flight-delay/blue: toys lie about"
    assert incident.severity == "high"
    assert incident.breaches[0].label == "Mess"
    assert [s.title for s in suspects.rank(incident, [cause], results)] == ["A job threw them"]
    (lane,) = [each for each in lanes.lanes(results, ()) if each.name == "mess"]
    assert lane.statuses == ("breached",) * 3
    why = Missing("toy", Place(), "Toys: nobody may look.")
    (blind,) = [each for each in lanes.lanes((), (), [why]) if each.name == "mess"]
    assert blind.missing == "Toys: nobody may look."


def test_a_toy_is_asked_with_the_others(toy: Signal, azure: Azure) -> None:
    question = Question(
        deployed=Deployed(azure), place=Place(), window=LATE, step=HOUR, taken=NOW,
        in_force=nothing_decided,
    )  # fmt: skip
    assert toy.name in {source.name for source in of_signals(question)}
