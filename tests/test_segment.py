"""The text of a segment, and what it says."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.errors import InputError
from monitoring.segment import EVERYONE, MISSING, Condition, Segment, parse

VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)
ENDS = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    feature = draw(st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12))
    if draw(st.booleans()):
        return Condition(feature, tuple(draw(st.lists(VALUES, min_size=1, max_size=4))))
    low, high = sorted((draw(ENDS), draw(ENDS)))
    if low == high or draw(st.booleans()):
        return Condition(feature, low=low)
    return Condition(feature, low=low, high=high)


@given(st.lists(conditions(), max_size=4).map(lambda found: Segment(tuple(found))))
def test_the_text_is_read_back_whatever_the_names_and_values(segment: Segment) -> None:
    assert parse(segment.code) == segment


def test_the_text_of_a_segment_holds_nothing_that_ends_a_query() -> None:
    code = Segment((Condition("a&b=c#d", ("x?y", "..", "1,2;3:4")),)).code
    assert not set(code) & set("&=#?")
    assert ".." not in code


@pytest.mark.parametrize(
    "text",
    ["carrier", "carrier:", ":UA", "carrier:UA,,AA", "x:5..1", "x:a..b", "x:nan..", "x:1..1", "..", "x:inf.."],
)  # fmt: skip
def test_a_slip_is_one_sentence_and_no_guess(text: str) -> None:
    with pytest.raises(InputError, match="Cannot read the segment") as caught:
        parse(text)
    assert "carrier:UA,AA" in caught.value.hint


def test_the_empty_text_and_null_are_values_of_their_own() -> None:
    segment = Segment((Condition("gate", ("", MISSING)),))
    assert parse(segment.code) == segment
    assert str(segment) == "gate is (empty) or (missing)"


def test_another_condition_on_a_feature_takes_the_place_of_the_first() -> None:
    segment = EVERYONE.with_condition(Condition("x", low=1.0)).with_condition(
        Condition("y", ("a",))
    )
    segment = segment.with_condition(Condition("x", high=5.0))
    assert segment.features == ("y", "x")
    assert segment.without("x") == Segment((Condition("y", ("a",)),))
    assert not segment.without("x").without("y")


def test_many_values_are_counted_not_listed() -> None:
    words = str(Condition("dest", tuple("abcdefgh")))
    assert words == "dest is a or b or c or d or e or 3 more"


def test_ends_are_said_as_they_are() -> None:
    assert str(Condition("x", low=0.5)) == "x is at least 0.5"
    assert str(Condition("x", high=0.5)) == "x is below 0.5"
    assert str(Condition("x", low=-math.inf)) == "x is known"
    assert str(EVERYONE) == "all rows"
