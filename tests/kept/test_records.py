"""What is kept comes back as it was; what is not ours is refused and runs no code."""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitoring.counting.profile import CategoricalBins, NumericalBins
from monitoring.kept import records
from monitoring.metric import Interval

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.timedeltas(),
    st.builds(Interval, st.floats(allow_nan=False), st.floats(allow_nan=False)),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(st.text(), inner, max_size=4),
        st.frozensets(st.text(), max_size=4),
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(VALUES)
def test_any_value_makes_the_round_trip(value: Any) -> None:
    assert records.loads(records.dumps(value)) == value


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6).reshape(2, 3),
        np.arange(6).reshape(2, 3).T,
        np.arange(6)[::2],
        np.array(["a", "ü", ""]),
        np.array([True, False]),
        np.array([np.nan, np.inf, -0.0]),
        np.array([], np.uint8),
        np.datetime64("2026-01-08"),
        np.float64(2.5),
    ],
    ids=str,
)
def test_arrays_keep_type_shape_and_bits(array: Any) -> None:
    copy = records.loads(records.dumps(array))
    assert (copy.dtype, copy.shape, copy.tobytes()) == (array.dtype, array.shape, array.tobytes())


def test_dataclasses_are_made_by_their_constructor() -> None:
    bins = NumericalBins("log", 0.0, 3.0, 4, shift=2, atoms=(1.0,), low=-np.inf)
    texts = CategoricalBins(("a",), frozenset({"a", "b"}))
    assert records.loads(records.dumps({"x": bins, "y": texts})) == {"x": bins, "y": texts}


class Bomb:
    """What a pickle may do."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("exploded",)


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(Bomb()),
        pickle.dumps(Fraction(1, 3)),
        pickle.dumps(records.dumps),
        b"cmonitoring.settings\nos.mkdir\n.",
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"cmonitoring.kept.disk\nDisk\n.",
        b"",
        b"garbage",
    ],
)
def test_other_bytes_are_refused(
    content: bytes, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="not a value of this product"):
        records.loads(content)
    assert not list(tmp_path.iterdir())


def test_what_could_not_be_read_is_not_written() -> None:
    for value in (Fraction(1, 3), object(), print, {"a": [Bomb()]}):
        with pytest.raises(TypeError, match="is not kept"):
            records.dumps(value)


def test_a_class_that_has_other_fields_today_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = records.dumps(Interval(0.0, 1.0))

    @dataclass
    class Other:
        low: float
        top: float

    Other.__module__ = Interval.__module__
    monkeypatch.setattr(f"{Interval.__module__}.Interval", Other)
    with pytest.raises(ValueError, match="other fields"):
        records.loads(content)


def test_times_of_utc_are_equal() -> None:
    noon = datetime(2026, 1, 8, 12, tzinfo=UTC)
    assert records.loads(records.dumps((noon, date(2026, 1, 8), timedelta(hours=1)))) == (
        noon,
        date(2026, 1, 8),
        timedelta(hours=1),
    )
