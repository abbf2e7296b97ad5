"""Panels, states and badges: what a reader sees when something is missing or broken."""

import logging
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from docs.make_shots import FAULT
from monitoring.errors import Cancelled, InputError, MonitoringError, NotPermittedError
from monitoring.metric import STATUSES, MetricResult
from monitoring.place import Place
from ui.parts import cards, glossary, states

EVIL = "![p](http://evil.example/x.png) <img src=x> [l](http://evil.example) :red[x]"


def two_panels(kind: str) -> None:
    import streamlit as st  # noqa: PLC0415 - runs as a script

    from monitoring.errors import NotPermittedError  # noqa: PLC0415 - runs as a script
    from ui.parts import cards  # noqa: PLC0415 - runs as a script

    errors = {
        "known": NotPermittedError("Cannot read 'logs'", hint="Ask for the role Reader."),
        "unknown": ZeroDivisionError("subscription 0000-secret"),
    }
    with cards.panel("First"):
        raise errors[kind]
    with cards.panel("Second"):
        st.text("still here")


def texts(app: AppTest) -> list[str]:
    return [element.value for element in app.text]


def test_an_error_becomes_its_sentence_and_hint_and_the_page_goes_on() -> None:
    app = AppTest.from_function(two_panels, args=("known",), default_timeout=30).run()
    assert not app.exception
    assert texts(app) == ["Cannot read 'logs'. Ask for the role Reader.", "still here"]


def test_a_fault_shows_an_id_that_the_log_explains_and_nothing_of_itself(caplog) -> None:
    with caplog.at_level(logging.ERROR, logger="leeway"):
        app = AppTest.from_function(two_panels, args=("unknown",), default_timeout=30).run()
    assert not app.exception
    shown, rest = texts(app)
    assert rest == "still here"
    assert "secret" not in shown
    assert shown.startswith(FAULT)  # what the browser tests and the screenshots look for
    (record,) = [r for r in caplog.records if r.name == "leeway"]
    assert record.args[0] in shown
    assert record.exc_info[0] is ZeroDivisionError


def panels_of_one_result() -> None:
    from datetime import UTC, datetime  # noqa: PLC0415 - runs as a script

    from monitoring.errors import SourceError  # noqa: PLC0415 - runs as a script
    from ui.parts import cards  # noqa: PLC0415 - runs as a script

    noon, one = datetime(2026, 1, 8, 12, tzinfo=UTC), datetime(2026, 1, 8, 13, tzinfo=UTC)
    with cards.made_of(cards.Freshness(fetched=noon, rows=5)):
        with cards.panel("Shared"):
            pass
        with cards.panel("Own") as panel:
            panel.freshness = cards.Freshness(fetched=one)
        with cards.panel("Broken"):
            raise SourceError("Cannot read it", hint="Wait.")
    with cards.panel("Outside"):
        pass


def test_panels_of_one_result_share_its_footer_unless_they_broke() -> None:
    app = AppTest.from_function(panels_of_one_result, default_timeout=30).run()
    assert not app.exception
    assert [each.value for each in app.caption] == [
        "Updated 12:00 UTC · 5 rows · complete",
        "Updated 13:00 UTC · complete",
    ]


def test_every_status_has_an_icon_and_a_word_of_its_own() -> None:
    assert set(cards.LOOKS) == set(STATUSES)
    for part in ("word", "icon", "mark"):
        assert len({getattr(look, part) for look in cards.LOOKS.values()}) == len(STATUSES)


def test_what_is_not_known_is_grey_and_only_what_is_fine_is_green() -> None:
    green = [name for name, look in cards.LOOKS.items() if look.colour == "green"]
    assert green == ["ok"]
    for blind in ("no_data", "not_enough_data", "stale", "not_permitted"):
        assert cards.LOOKS[blind].colour == "gray"


def subclasses(kind: type) -> list[type]:
    return [kind] + [below for each in kind.__subclasses__() for below in subclasses(each)]


TREE = [k for k in subclasses(MonitoringError) if k.__module__ == MonitoringError.__module__]


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_every_error_of_the_tree_has_a_look(kind) -> None:
    state = states.of_error(kind("Cannot do it", hint="Do that."))
    assert (state.what, state.next) == ("Cannot do it.", "Do that.")
    assert state.title


def test_the_most_particular_look_wins() -> None:
    assert states.of_error(NotPermittedError("x")).title == "Not permitted"
    assert states.of_error(InputError("x")).title == "Cannot use this"
    assert states.of_error(Cancelled("x")).title == "Stopped"


def show_outside_text(text: str) -> None:
    from ui.parts import cards, states  # noqa: PLC0415 - runs as a script

    with cards.panel("Outside"):
        states.show(states.State("Error", ":material/error:", "red", text, text, text, text))


def test_texts_from_outside_are_never_markdown() -> None:
    app = AppTest.from_function(show_outside_text, args=(EVIL,), default_timeout=30).run()
    assert EVIL in texts(app)[0]
    assert not any(
        "evil" in element.value for element in [*app.markdown, *app.caption, *app.header]
    )


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (states.first_use("fraud-v3"), "Nothing has been measured for fraud-v3."),
        (states.not_enough_data(84, 200, per_day=20), "84 predictions; 200 needed."),
        (states.blind(datetime(2026, 11, 21, 8, tzinfo=UTC), "Off."), "No data since 21 Nov 08:00 UTC."),
        (states.unseen("incident", "2 sources are missing"), "2 sources are missing, so that nobody can say that there is none."),
        (states.partial(12, 40, "features", "query budget used"), "Showing 12 of 40 features: query budget used."),
        (states.no_results("requests", {"status": "429"}), "Nothing is left with status 429."),
    ],
    ids=lambda value: value.title if isinstance(value, states.State) else "",
)  # fmt: skip
def test_empty_states_lead_with_the_fact(state, sentence) -> None:
    assert state.what == sentence


def test_not_enough_data_says_when_there_will_be() -> None:
    assert "6 more days" in states.not_enough_data(84, 200, per_day=20).next
    assert "longer window" in states.not_enough_data(84, 200).next


def test_footer_says_what_is_missing() -> None:
    fresh = cards.Freshness(
        fetched=datetime(2026, 11, 21, 9, tzinfo=UTC), seconds=0.84, missing="x"
    )
    assert cards.freshness_line(fresh) == "Updated 09:00 UTC · took 0.8 s · incomplete"


@pytest.mark.parametrize("text", glossary.GLOSSARY.values(), ids=glossary.GLOSSARY)
def test_explanations_are_whole_sentences(text) -> None:
    assert text[0].isupper() or text[0].isdigit()
    assert text.endswith(".")


@pytest.mark.parametrize(
    ("threshold", "value", "word"),
    [
        (0.8, 0.7, "Not enough data"),
        (float("nan"), None, "Not enough data"),
        (float("nan"), 0.7, "No threshold"),
    ],
)
def test_a_number_without_a_threshold_does_not_blame_its_rows(
    threshold: float, value: float | None, word: str
) -> None:
    result = MetricResult(
        signal="model_performance",
        metric="accuracy",
        place=Place(feature="demo"),
        status="not_enough_data",
        threshold=threshold,
        value=value,
    )
    assert cards.look_of(result).word == word
