"""Headlines as bytes, and back when they are looked at.

Each record is written as a list, and the names of its fields once: so that a field that is added with
a default, or removed, needs no other format.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, overload

import msgspec

from monitoring.metric import Interval, MetricResult
from monitoring.place import Place
from monitoring.report import Headline
from monitoring.verdict import Spell
from monitoring.window import Window

_PLACE = tuple(field.name for field in fields(Place))
#: Records by the name that stands for their kind, and the fields of each.
_KINDS: Mapping[str, type[Any]] = {
    "headline": Headline,
    "result": MetricResult,
    "spell": Spell,
}
_FIELDS = {name: tuple(f.name for f in fields(kind)) for name, kind in _KINDS.items()}
#: Fields that are no plain values -> how they are read.
_OF_KIND = {"leading": "result", "worst": "result", "latest": "result", "last": "spell"}
_TIMES = {"since", "as_of", "start", "end", "fired"}


class Packed(msgspec.Struct, frozen=True):
    """Headlines as they are kept. fields: by kind of record; records: a list for each headline."""

    fields: dict[str, tuple[str, ...]]
    records: msgspec.Raw


class Headlines(Sequence[Headline]):
    """Headlines that are read when the first of them is looked at."""

    def __init__(self, packed: Packed) -> None:
        self._packed = packed
        self._headlines: tuple[Headline, ...] | None = None

    def _all(self) -> tuple[Headline, ...]:
        if self._headlines is None:
            reader = _Reader(self._packed.fields)
            records = msgspec.msgpack.decode(self._packed.records)
            self._headlines = tuple(reader.record("headline", each) for each in records)
        return self._headlines

    @overload
    def __getitem__(self, at: int) -> Headline: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Headline]: ...
    def __getitem__(self, at: int | slice) -> Headline | Sequence[Headline]:
        return self._all()[at]

    def __len__(self) -> int:
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._all() == tuple(other)

    def __hash__(self) -> int:
        return hash(self._all())


def pack(headlines: Iterable[Headline]) -> Packed:
    """Return headlines as they are kept.

    >>> blue = Place(endpoint="credit", deployment="blue")
    >>> one = Headline(signal="data_drift", place=blue, status="ok", reading="ok", trend=(0.5, None))
    >>> unpack(pack([one])) == (one,)
    True
    """
    return Packed(_FIELDS, msgspec.Raw(_encode([_record("headline", each) for each in headlines])))


def unpack(packed: Packed) -> Sequence[Headline]:
    """Return headlines as they were, read when they are looked at."""
    return Headlines(packed)


def place_record(place: Place) -> tuple[str, ...]:
    """Return a place as its parts."""
    return tuple(getattr(place, name) for name in _PLACE)


def place_of(parts: Sequence[str]) -> Place:
    """Undo `place_record`.

    >>> print(place_of(place_record(Place(endpoint="credit", deployment="blue"))))
    credit/blue
    """
    return Place(**dict(zip(_PLACE, parts, strict=True)))


def _record(kind: str, item: Any) -> list[Any]:
    return [_value(name, getattr(item, name)) for name in _FIELDS[kind]]


def _value(name: str, value: Any) -> Any:
    match value:
        case Place():
            return place_record(value)
        case Window():
            return value.start.timestamp(), value.end.timestamp()
        case Interval():
            return value.low, value.high
        case datetime():
            return value.timestamp()
        case MetricResult() | Spell():
            return _record(_OF_KIND[name], value)
    return value


class _Reader:
    """Reads records of some fields; equal places, windows and times are made once."""

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        self._names = names
        self._gone = {kind: set(own) - set(_FIELDS[kind]) for kind, own in names.items()}
        self._special = {
            kind: [name for name in own if name in _SPECIAL] for kind, own in names.items()
        }
        self._made: dict[tuple[str, Any], Any] = {}

    def record(self, kind: str, values: Sequence[Any]) -> Any:
        named = dict(zip(self._names[kind], values, strict=True))
        for name in self._gone[kind]:
            del named[name]
        for name in self._special[kind]:
            if (value := named.get(name)) is not None:
                named[name] = self._value(name, value)
        return _KINDS[kind](**named)

    def _value(self, name: str, value: Any) -> Any:
        if name in _OF_KIND:
            return self.record(_OF_KIND[name], value)
        key = name, tuple(value) if isinstance(value, list) else value
        if key not in self._made:
            self._made[key] = _MADE[name](value)
        return self._made[key]


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


_MADE: Mapping[str, Any] = {
    "place": place_of,
    "window": lambda bounds: Window(*map(_time, bounds)),
    "interval": lambda bounds: Interval(*bounds),
    "names": tuple,
    "trend": tuple,
    **dict.fromkeys(_TIMES, _time),
}
#: Fields that are read in a way of their own.
_SPECIAL = _OF_KIND.keys() | _MADE.keys()


def _bare(value: Any) -> Any:
    """Return a number of numpy as one of Python."""
    return value.item()


_encode = msgspec.msgpack.Encoder(enc_hook=_bare).encode
