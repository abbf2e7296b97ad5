"""Frozen dataclasses as JSON and back, checked against their annotations: nothing in it can run code."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from monitoring import arrays, event, incident, metric, place, severity, window
from monitoring.errors import InputError

T = TypeVar("T")

#: What annotations name that their modules import for the type checker only.
_NAMES: Mapping[str, object] = {
    **{name: getattr(metric, name) for name in ("MetricResult", "Interval", "Mode", "Status", "Worse")},
    "Kind": arrays.Kind,
    "Severity": severity.Severity,
    "Window": window.Window,
    "Event": event.Event,
    "Place": place.Place,
    "Breach": incident.Breach,
    "Suspect": incident.Suspect,
    "Incident": incident.Incident,
    "np": np,
    "NDArray": NDArray,
    "datetime": datetime,
}  # fmt: skip
#: Whole numbers up to it are floats too, without a loss.
LARGEST_INTEGER = 2**53
#: Floats that JSON has no word for.
_NO_NUMBERS = ("nan", "inf", "-inf")
_TIMES, _VALUES = NDArray[np.datetime64], NDArray[np.float64]


def plain(value: object) -> Any:
    """Return a value as what JSON has: dataclasses as objects, times as text, nan as null in arrays.

    Fields that have their default are left out.

    >>> plain((window.Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)), math.inf))
    [{'start': '2026-01-01T00:00:00+00:00', 'end': '2026-01-02T00:00:00+00:00'}, 'inf']
    """
    match value:
        case np.ndarray():
            return _plain_array(value)
        case datetime():
            return value.isoformat()
        case float():
            return value if math.isfinite(value) else str(value)
        case Mapping():
            return {str(key): plain(each) for key, each in value.items()}
        case tuple() | list():
            return [plain(each) for each in value]
    return _plain_record(value) if is_dataclass(value) else value


def _plain_array(values: NDArray[Any]) -> Any:
    if values.dtype.kind == "M":
        return values.astype("datetime64[s]").astype(np.int64).tolist()
    return [None if math.isnan(x) else plain(x) for x in values.tolist()]


def _plain_record(record: Any) -> dict[str, Any]:
    return {
        f.name: plain(getattr(record, f.name))
        for f in fields(record)
        if f.default is MISSING or not _is_same(getattr(record, f.name), f.default)
    }


def _is_same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def read(kind: type[T], data: object) -> T:
    """Return what `plain` was given, of this type.

    Raises:
        InputError: It is not of this type.

    >>> day = window.Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    >>> read(window.Window, plain(day)) == day
    True
    """
    found: T = _read(kind, data, kind.__name__)
    return found


def _read(kind: Any, data: object, where: str) -> Any:
    origin = get_origin(kind)
    if kind in {_TIMES, _VALUES}:
        return _array(kind, data, where)
    if origin in {Union, types.UnionType}:
        return _one_of(kind, data, where)
    if origin is Literal:
        if data in get_args(kind):
            return data
    elif origin is tuple:
        return _tuple(get_args(kind), data, where)
    elif is_dataclass(kind):
        return _record(kind, data, where)
    else:
        return _scalar(kind, data, where)
    raise _unlike(kind, data, where)


def _scalar(kind: Any, data: object, where: str) -> object:
    if kind is datetime and isinstance(data, str):
        return _time(data, where)
    if kind is float and (type(data) in {int, float} or data in _NO_NUMBERS):
        return float(str(data))
    if kind is int and type(data) is int and abs(data) > LARGEST_INTEGER:
        raise _unlike(kind, data, where)
    if kind in {str, int, bool} and type(data) is kind:
        return data
    raise _unlike(kind, data, where)


def _time(data: str, where: str) -> datetime:
    try:
        time = datetime.fromisoformat(data).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _unlike(datetime, data, where) from error
    if not window.EARLIEST <= time <= window.LATEST:
        raise _unlike(datetime, data, where)
    return time


def _one_of(kind: Any, data: object, where: str) -> object:
    choices = get_args(kind)
    if data is None and type(None) in choices:
        return None
    return _read(next(choice for choice in choices if choice is not type(None)), data, where)


def _tuple(kinds: Sequence[Any], data: object, where: str) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise _unlike(tuple, data, where)
    if len(kinds) == 2 and kinds[1] is Ellipsis:  # noqa: PLR2004 - tuple[X, ...]
        return tuple(_read(kinds[0], each, where) for each in data)
    if len(kinds) != len(data):
        raise _unlike(tuple, data, where)
    return tuple(_read(each, item, where) for each, item in zip(kinds, data, strict=True))


def _array(kind: Any, data: object, where: str) -> NDArray[Any]:
    try:
        if kind == _TIMES:
            return np.asarray(data, dtype=np.int64).reshape(-1).astype("datetime64[s]")
        return np.asarray(data, dtype=np.float64).reshape(-1)
    except (ValueError, TypeError, OverflowError) as error:
        raise _unlike(list, data, where) from error


@lru_cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, localns=dict(_NAMES))


def _record(kind: Any, data: object, where: str) -> object:
    if not isinstance(data, dict):
        raise _unlike(kind, data, where)
    hints = _hints(kind)
    if "subject" in data and "place" in hints:
        data = _placed(data, hints)
    if unknown := sorted(set(data) - set(hints)):
        raise InputError(
            f"Cannot read {where!r} of the bundle: it has the unknown field {unknown[0]!r}",
            hint="Open it with the version of the product that made it, or a newer one.",
        )
    try:
        return kind(
            **{name: _read(hints[name], each, f"{where}.{name}") for name, each in data.items()}
        )
    except (TypeError, ValueError) as error:
        raise _unlike(kind, data, where) from error


def _placed(data: Mapping[str, object], hints: Mapping[str, Any]) -> dict[str, object]:
    """Return a record of version 1, which named its place in text, as it is written today."""
    kept = {name: each for name, each in data.items() if name in hints}
    return {**kept, "place": plain(_place(data["subject"])) if data["subject"] else None}


def _place(text: object) -> place.Place:
    """Read `endpoint/deployment/feature`, its beginning, `cluster/name` or `workspace`.

    >>> str(_place("credit/blue/income")), str(_place("cluster/cpu")), str(_place("workspace"))
    ('credit/blue/income', 'cluster/cpu', 'workspace')
    """
    first, _, rest = str(text).partition("/")
    if first == "cluster" and rest:
        return place.Place(cluster=rest)
    deployment, _, feature = rest.partition("/")
    endpoint = "" if text == "workspace" else first
    return place.Place(endpoint=endpoint, deployment=deployment, feature=feature)


def _unlike(kind: Any, data: object, where: str) -> InputError:
    said = repr(data)
    return InputError(
        f"Cannot read {where!r} of the bundle: {said[:60]} is no {getattr(kind, '__name__', kind)}",
        hint="Ask for the file again: it is damaged or no frozen incident.",
    )
