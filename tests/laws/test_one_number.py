"""One number: every place that shows a signal of a deployment says the same value, status and since."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from monitoring import __main__ as command_line
from monitoring.database.database import Database
from monitoring.decisions.stored import Author
from monitoring.decisions.threshold_sets import ThresholdSets
from monitoring.evaluator import build
from monitoring.incidents.lanes import lanes
from monitoring.overview import state
from monitoring.overview.line import line, number, since
from monitoring.place import Place
from monitoring.report import Headline
from monitoring.results.incidents import IncidentBook
from monitoring.results.snapshots import Snapshots
from monitoring.signal import Signal
from monitoring.signals import SIGNALS
from monitoring.sources import azure as azure_source
from monitoring.window import DAY, Window
from tests.filled import BAD, BLUE, GOOD, fill, metric_of
from tests.laws.test_signals import toy as one_file
from tests.pages.conftest import fresh, open_page, workspace
from tests.tiny_store import Tiny, tiny
from ui.parts import cards
from ui.parts import headline as page_headline
from ui.views.baselines.thresholds_view import defaults
from ui.views.overview import fleet_view

__all__ = ["fresh", "one_file", "workspace"]  # fixtures

#: Every other signal is in breach: of each column of the overview some are and some are not.
BROKEN = tuple(SIGNALS)[::2]


@dataclass(frozen=True)
class Said:
    """What a reader says of a signal; None where it does not say."""

    value: str | None
    breached: bool
    since: str | None


@dataclass
class World:
    """A workspace and a store in which every signal has said something of credit/blue."""

    tiny: Tiny

    @property
    def database(self) -> Database:
        return Database(self.tiny.settings.database)

    @property
    def workspace(self) -> str:
        return self.tiny.azure.workspace_id.lower()

    @property
    def window(self) -> Window:
        return Window.last(7 * DAY, until=self.tiny.settings.clock()).whole_days()

    def kept(self) -> dict[str, Headline]:
        """What the monitor says."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(build, "connect", lambda _: self.tiny.azure)
            watched = build.monitor(self.tiny.settings)
        return {
            name: watched.kept(signal, of_workspace(self), self.window).headline
            for name, signal in SIGNALS.items()
        }


LEVELS = dict.fromkeys(BROKEN, BAD)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one round keeps; each test has a copy."""
    made = tiny(tmp_path_factory.mktemp("filled"))
    fill(made.azure, made.settings, LEVELS)
    return made.settings.cache.parent / ".leeway"


@pytest.fixture
def world(workspace: Tiny, store: Path) -> World:
    shutil.copytree(store, workspace.settings.cache.parent / ".leeway", dirs_exist_ok=True)
    return World(workspace)


def of_workspace(world: World) -> Place:
    return replace(BLUE, workspace=world.workspace)


def of_monitor(world: World) -> dict[str, Said]:
    return {name: of_headline(each) for name, each in world.kept().items()}


def of_headline(headline: Headline) -> Said:
    words = line(headline)
    return Said(words.value, headline.status == "breached", since(headline))


def of_overview(world: World) -> dict[str, Said]:
    """As drawn: the table of all signals, and the three cells."""
    app = open_page("overview.py", endpoint="credit", deployment="blue")
    app.session_state["signals-credit/blue"] = True
    app.run()
    assert not app.exception
    (table,) = [each.value for each in app.dataframe if "Signal" in each.value.columns]
    by_title = {signal.title: name for name, signal in SIGNALS.items()}
    said = {
        by_title[row["Signal"]]: Said(
            row["Value"],
            row["State"] == cards.status_label("breached"),
            f"since {row['Since (UTC)']}" if row["Since (UTC)"] else "",
        )
        for _, row in table.iterrows()
    }
    for title, value in cells(app).items():
        assert said[by_title[title]].value == value, title
    return said


def cells(app: AppTest) -> dict[str, str]:
    parts = [(metric.label.partition(": "), metric.value) for metric in app.metric]
    return {title: value for (_, colon, title), value in parts if colon}


def of_status(world: World) -> dict[str, Said]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(azure_source, "connect", lambda _: world.tiny.azure)
        patch.setenv("DATABASE_URL", world.tiny.settings.database)
        patch.setenv("LEEWAY_NOW", world.tiny.settings.clock().isoformat())
        texts: list[str] = []
        patch.setattr("sys.stdout", _Out(texts))
        code = command_line.main(["status", "credit/blue", "--format", "json"])
    records = json.loads("".join(texts))["headlines"]
    assert code == (2 if BROKEN else 0)
    return {each["signal"]: of_record(each) for each in records}


class _Out:
    def __init__(self, texts: list[str]) -> None:
        self.write = texts.append


def of_record(record: Mapping[str, Any]) -> Said:
    began = record["since"] and datetime.fromisoformat(record["since"])
    return Said(
        number(record["value"], record["unit"]),
        record["status"] == "breached",
        f"since {began:%d %b %H:%M}" if began else "",
    )


def _headline_of_a_page() -> None:
    import streamlit as st  # noqa: PLC0415 - this is the script of an app

    from monitoring.window import DAY, Window  # noqa: PLC0415
    from ui.loaders import workspace  # noqa: PLC0415
    from ui.parts import headline  # noqa: PLC0415

    window = Window.last(7 * DAY, until=workspace.now()).whole_days()
    headline.show(st.session_state["signal"], "credit", "blue", window)


def of_pages(world: World) -> dict[str, Said]:
    """What each signal's page begins with."""
    said = {}
    for name, signal in SIGNALS.items():
        app = AppTest.from_function(_headline_of_a_page, default_timeout=60)
        app.session_state["signal"] = name
        app.run()
        assert not app.exception
        texts = [text.value for text in app.text]
        assert texts[0].startswith(f"{signal.title}: ")
        began = [text for text in texts[1:] if text.startswith("since ")]
        look = cards.LOOKS["breached"]
        badge = f":{look.colour}-badge[{look.icon} {look.word}]"
        breached = badge in {mark.value for mark in app.markdown}
        said[name] = Said(texts[0].rpartition(" ")[2], breached, "".join(began))
    return said


def of_incidents(world: World) -> dict[str, Said]:
    """An open incident for what is in breach, and none for what is not."""
    book = IncidentBook(world.database, world.workspace)
    opened = [
        book.get(each.id).incident for each in book.list(world.window) if each.resolved is None
    ]
    found: dict[str, datetime] = {}
    for breach in (b for incident in opened for b in incident.breaches if b.end is None):
        found[breach.signal] = min(breach.start, found.get(breach.signal, breach.start))
    return {
        name: Said(None, name in found, f"since {found[name]:%d %b %H:%M}" if name in found else "")
        for name, signal in SIGNALS.items()
        if signal.alarms
    }


def of_timeline(world: World) -> dict[str, Said]:
    """The last step of each signal's lane."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "connect", lambda _: world.tiny.azure)
        results = build.monitor(world.tiny.settings).results
    assert results is not None
    made = lanes(results.results(world.window), ())
    drawn = {lane.name.partition(":")[0]: lane for lane in made if lane.statuses}
    said = {}
    for name, signal in SIGNALS.items():
        for facts in signal.lanes:
            if facts.name in drawn and facts.metric in {"", metric_of(signal)}:
                lane = drawn[facts.name]
                value = number(float(lane.values[-1])) if facts.reads == "value" else None
                said[name] = Said(value, lane.statuses[-1] == "breached", None)
    return said


READERS: dict[str, Callable[[World], dict[str, Said]]] = {
    "overview": of_overview,
    "status": of_status,
    "pages": of_pages,
    "incidents": of_incidents,
    "timeline": of_timeline,
}


def differences(world: World, readers: Mapping[str, Callable[[World], dict[str, Said]]]) -> str:
    """Name every reader and signal that does not say what the monitor says."""
    truth = of_monitor(world)
    assert set(truth) == set(SIGNALS)
    lines = []
    for reader, read in readers.items():
        for signal, said in read(world).items():
            own = truth[signal]
            same = (
                said.value in {None, own.value},
                said.breached == own.breached,
                said.since in {None, own.since},
            )
            if not all(same):
                lines.append(f"{reader}, {signal}: {said} and not {own}")
    return "\n".join(lines)


def test_everything_says_the_same(world: World) -> None:
    assert differences(world, READERS) == ""
    assert {n for n, said in of_monitor(world).items() if said.breached} == set(BROKEN)
    shown = {reader: set(read(world)) for reader, read in READERS.items()}
    assert shown["overview"] == shown["status"] == shown["pages"] == set(SIGNALS)
    assert shown["incidents"] == {name for name, signal in SIGNALS.items() if signal.alarms}
    assert shown["timeline"] >= {n for n, s in SIGNALS.items() if any(x.always for x in s.lanes)}


def spoil_overview(world: World, patch: pytest.MonkeyPatch) -> None:
    def other(headline: Headline) -> Any:
        return replace(line(headline), value="0.123")

    patch.setattr(fleet_view, "line", other)


def spoil_pages(world: World, patch: pytest.MonkeyPatch) -> None:
    def other(said: Headline) -> Any:
        return replace(line(said), since="since 01 Jan 00:00")

    patch.setattr(page_headline, "line", other)


def spoil_status(world: World, patch: pytest.MonkeyPatch) -> None:
    snapshots = Snapshots(world.database, world.workspace)
    kept = next(each for each in state.fleet(snapshots) if each.place.deployment == "blue")
    later = tuple(replace(h, since=h.since and h.since + DAY / 24) for h in kept.headlines)
    state.keep(snapshots, replace(kept, headlines=later))


def spoil_incidents(world: World, patch: pytest.MonkeyPatch) -> None:
    book = IncidentBook(world.database, world.workspace)
    ids = [each.id for each in book.list(world.window) if each.resolved is None]
    book.withdraw(ids[:1], world.tiny.settings.clock())


def spoil_timeline(world: World, patch: pytest.MonkeyPatch) -> None:
    from monitoring.incidents import lanes as made  # noqa: PLC0415

    def other(results: Any, events: Any) -> Any:
        good = [replace(r, status="ok", value=GOOD) for r in results]
        return made.lanes(good, events)

    patch.setitem(globals(), "lanes", other)


SPOILS = {
    "overview": spoil_overview,
    "status": spoil_status,
    "pages": spoil_pages,
    "incidents": spoil_incidents,
    "timeline": spoil_timeline,
}


@pytest.mark.parametrize("reader", READERS)
def test_the_law_sees_one_that_says_something_else(
    world: World, monkeypatch: pytest.MonkeyPatch, reader: str
) -> None:
    SPOILS[reader](world, monkeypatch)
    assert f"{reader}, " in differences(world, {reader: READERS[reader]})


def test_a_threshold_put_in_force_changes_all_alike(world: World) -> None:
    """What was in breach is not, and what was not is."""
    sets, here = ThresholdSets(world.database, world.workspace), of_workspace(world)
    ana, now = Author("Ana", "typed"), world.tiny.settings.clock()
    for name, signal in SIGNALS.items():
        limits = {metric_of(signal): 2 * BAD if name in BROKEN else GOOD / 2}
        made = sets.create(name, "swapped", limits, author=ana, now=now)
        sets.switch(here, name, made, seen=None, author=ana, now=now)
    fill(world.tiny.azure, world.tiny.settings, LEVELS)
    truth = of_monitor(world)
    held = {name for name in SIGNALS if truth[name].breached}
    assert held == set(SIGNALS) - set(BROKEN)
    assert differences(world, READERS) == ""


def test_a_signal_of_one_file_is_said_everywhere(workspace: Tiny, one_file: Signal) -> None:
    fill(workspace.azure, workspace.settings, {**LEVELS, one_file.name: BAD})
    world = World(workspace)
    assert differences(world, READERS) == ""
    for reader, read in READERS.items():
        said = read(world)[one_file.name]
        assert said.breached, reader
    assert defaults(one_file.name) == {"mess": 0.1}
