"""Lines of the model data collector (CloudEvents 1.0 in JSON) turned into typed columns.

The collector appends while we read, merges calls, leaves large payloads out and lets every line
have another schema. Nothing here raises because of what a line holds: it is counted as a fault.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any, TypeAlias

import msgspec
import pyarrow as pa

#: What every row has besides its features. A feature of the same name gets a trailing "_".
KEY, INDEX, TIME = "correlationid", "_index", "time"
#: A fault of this prefix and a column name counts values that are not of the asked type.
BAD_VALUE = "bad value: "
#: Rows held as Python objects before they become Arrow arrays.
ROWS_A_CHUNK = 100_000

Record: TypeAlias = dict[str, Any]
#: Reads the file that an event points to when its payload was too large for the line.
Fetch: TypeAlias = Callable[[str], bytes]

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
             "UINTEGER", "UBIGINT", "UHUGEINT")  # fmt: skip
_FRACTIONS = ("FLOAT", "DOUBLE", "DECIMAL", "REAL")
_TEXT, _NUMBER = pa.string(), pa.float64()
_decode = msgspec.json.Decoder().decode
#: A column that is null all through; INTEGER gives way to any other type when days are read together.
_NULLS = pa.int32()


@dataclass
class Events:
    """Collects the rows of many files; `table` hands them out.

    Args:
        now: Events from after this time are not there yet; they are counted in `hidden`.
        fetch: Reads a payload that lies beside its line.
        columns: Type by column, as DuckDB writes types. A value that is not of it becomes null
            and a fault. Columns not named here get the narrowest type that holds their values.
    """

    now: datetime
    fetch: Fetch
    columns: Mapping[str, str] = field(default_factory=dict)
    lines: int = 0
    rows: int = 0
    hidden: int = 0
    first_hidden: datetime | None = None
    faults: Counter[str] = field(default_factory=Counter)
    _keys: list[str] = field(default_factory=list)
    _indexes: list[int] = field(default_factory=list)
    _times: list[datetime | None] = field(default_factory=list)
    _records: list[Record] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)
    _chunks: list[dict[str, pa.Array]] = field(default_factory=list)

    def add(self, content: bytes) -> None:
        """Read one file; its last line may still be in the writing."""
        lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        for at, line in enumerate(lines):
            if line.strip():
                self.lines += 1
                # After the last newline there is only what has not been written whole yet.
                self._add_line(line, is_open=at == len(lines) - 1)
        if len(self._records) >= ROWS_A_CHUNK:
            self._flush()

    def table(self) -> pa.Table:
        """Return all rows: key, index, time, then the features in order of appearance."""
        self._flush()
        names = list(dict.fromkeys(name for chunk in self._chunks for name in chunk))
        arrays = {name: self._column(name) for name in names or _empty_chunk()}
        return pa.table(arrays)

    def _add_line(self, line: bytes, *, is_open: bool) -> None:
        try:
            event = _decoded(line)
        except (ValueError, RecursionError):
            self.faults["unfinished last line" if is_open else "not JSON"] += 1
            return
        if not isinstance(event, dict):
            self.faults["not an event"] += 1
            return
        time = self._time(event)
        if time is not None and time > self.now:
            self.hidden += 1
            self.first_hidden = min(self.first_hidden or time, time)
            return
        self._add_records(event, time)

    def _add_records(self, event: Record, time: datetime | None) -> None:
        key = event.get(KEY) or event.get("xrequestid")
        if not key:
            self.faults["no correlation id"] += 1
            key = event.get("id") or f"line {self.lines}"
        for index, record in enumerate(self._payload(event)):
            # The place in the payload is the key, so a bad record must not move the others.
            if isinstance(record, dict):
                self._keys.append(_utf8(f"{key}_{index}"))
                self._indexes.append(index)
                self._times.append(time)
                self._records.append(record)
            else:
                self.faults["not a record"] += 1

    def _time(self, event: Record) -> datetime | None:
        text = event.get("time")
        try:
            time = datetime.fromisoformat(text)  # type: ignore[arg-type]  # caught below
            if time.tzinfo is UTC:
                return time
            return time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            self.faults["no time"] += 1
            return None

    def _payload(self, event: Record) -> Sequence[Any]:
        data = event.get("data")
        if str(event.get("datainblob")).lower() == "true":
            self.faults["binary payload"] += 1
            return ()
        if data is None and (place := event.get("dataref")):
            try:
                data = json.loads(self.fetch(str(place)))
            except (OSError, ValueError, LookupError, RecursionError):
                self.faults["payload file not readable"] += 1
                return ()
        if isinstance(data, str):
            try:
                data = json.loads(data)
            except (ValueError, RecursionError):
                self.faults["payload is text"] += 1
                return ()
        if data is None:
            self.faults["no payload"] += 1
            return ()
        return data if isinstance(data, list) else (data,)

    def _flush(self) -> None:
        if not self._records:
            return
        chunk = {
            KEY: pa.array(self._keys, _TEXT),
            INDEX: pa.array(self._indexes, pa.int64()),
            TIME: pa.array([t and t.replace(tzinfo=None) for t in self._times], pa.timestamp("us")),
        }
        for name in dict.fromkeys(chain.from_iterable(self._records)):
            values = [record.get(name) for record in self._records]
            chunk[self._stored_name(name)] = self._array(name, values)
        self._chunks.append(chunk)
        self.rows += len(self._records)
        for held in (self._keys, self._indexes, self._times, self._records):
            held.clear()

    def _stored_name(self, name: str) -> str:
        """Return the name of a feature's column: DuckDB takes names that differ in case for one."""
        if name not in self._names:
            stored = _utf8(name)
            while stored.lower() in {KEY, INDEX, TIME, *map(str.lower, self._names.values())}:
                stored += "_"
            self._names[name] = stored
        return self._names[name]

    def _array(self, name: str, values: list[Any]) -> pa.Array:
        if asked := self.columns.get(name):
            array, bad = cast(values, asked)
            if bad:
                self.faults[BAD_VALUE + name] += bad
            return array
        return narrowest(values)

    def _column(self, name: str) -> pa.ChunkedArray:
        present = [chunk[name].type for chunk in self._chunks if name in chunk]
        kind = widest(present or [_empty_chunk()[name].type])
        parts = [
            _as(chunk[name], kind) if name in chunk else pa.nulls(len(chunk[KEY]), kind)
            for chunk in self._chunks
        ]
        return pa.chunked_array(parts, type=kind)


def _decoded(line: bytes) -> Any:
    """Return what a line holds: by msgspec, which is fast, or by Python, which takes NaN and more."""
    try:
        return _decode(line)
    except (ValueError, RecursionError):
        return json.loads(line)


def narrowest(values: list[Any]) -> pa.Array:
    """Return JSON values as BIGINT, DOUBLE, BOOLEAN or VARCHAR, whichever holds all of them.

    >>> [str(narrowest(v).type) for v in ([1, None], [1, 2.5], [True], [1, "a"], [None])]
    ['int64', 'double', 'bool', 'string', 'int32']
    """
    kinds = _kinds(values)
    if not kinds:
        return pa.nulls(len(values), _NULLS)
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds == {str}:
        return _texts(values)
    if (whole := _integers(values)) is not None:
        return whole
    if kinds <= {int, float}:
        return pa.array([None if v is None else _float(v) for v in values], _NUMBER)
    return _texts(values)


def widest(kinds: Iterable[pa.DataType]) -> pa.DataType:
    """Return the type that holds the values of all these types."""
    found = set(kinds)
    if len(found) > 1:
        found.discard(_NULLS)
    if len(found) == 1:
        return found.pop()
    return _NUMBER if found == {pa.int64(), _NUMBER} else _TEXT


def cast(values: list[Any], asked: str) -> tuple[pa.Array, int]:
    """Return the values as the DuckDB type `asked`, and how many were not of it.

    Text that spells a number is a number, as it is to Azure ML's data type error rate.

    >>> array, bad = cast([1, "2", 2.5, "x", None], "BIGINT")
    >>> array.to_pylist(), bad
    ([1, 2, None, None, None], 2)
    """
    family = asked.upper().partition("(")[0]
    if family in _INTEGERS:
        whole = _integers(values)
        return (whole, 0) if whole is not None else _converted(values, _whole, pa.int64())
    if family in _FRACTIONS:
        return _fractions(values)
    if family == "BOOLEAN":
        return _converted(values, _truth, pa.bool_())
    if family.startswith("TIMESTAMP") or family == "DATE":
        return _converted(values, _moment, pa.timestamp("us"))
    return _texts(values), 0


def _kinds(values: list[Any]) -> set[type]:
    return set(map(type, values)) - {type(None)}


def _integers(values: list[Any]) -> pa.Array | None:
    """Return integers as an array; None if there is anything else, or one beyond 64 bits."""
    if _kinds(values) != {int}:
        return None
    try:
        return pa.array(values, pa.int64())
    except OverflowError:
        return None


def _fractions(values: list[Any]) -> tuple[pa.Array, int]:
    if _kinds(values) == {float}:
        return pa.array(values, _NUMBER), 0
    return _converted(values, _fraction, _NUMBER)


def _converted(
    values: list[Any], convert: Callable[[Any], Any], kind: pa.DataType
) -> tuple[pa.Array, int]:
    converted, bad = [], 0
    for value in values:
        try:
            converted.append(None if value is None else convert(value))
        except (ArithmeticError, OSError, TypeError, ValueError):
            converted.append(None)
            bad += 1
    return pa.array(converted, kind), bad


def _whole(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    number = int(value) if isinstance(value, (int, str)) else _exact(value)
    if not -(2**63) <= number < 2**63:
        raise OverflowError
    return number


def _exact(value: Any) -> int:
    if not isinstance(value, float) or not value.is_integer():
        raise TypeError
    return int(value)


def _fraction(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    return float(value)


def _truth(value: Any) -> bool:
    text = str(value).lower()
    if text not in {"true", "false", "1", "0"}:
        raise ValueError(text)
    return text in {"true", "1"}


def _moment(value: Any) -> datetime:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, (int, float)):  # pandas writes times as milliseconds since 1970
        return datetime.fromtimestamp(value / 1000, UTC).replace(tzinfo=None)
    time = datetime.fromisoformat(value)
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def _as(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if array.type == kind:
        return array
    if kind == _TEXT:  # as JSON writes it, whichever chunk it stood in
        return _texts(array.to_pylist())
    return array.cast(kind, safe=False)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer of more than 308 digits
        return float("inf") if value > 0 else float("-inf")


def _texts(values: list[Any]) -> pa.Array:
    texts = [_text(value) for value in values]
    try:
        return pa.array(texts, _TEXT)
    except UnicodeEncodeError:
        return pa.array([None if text is None else _utf8(text) for text in texts], _TEXT)


def _utf8(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON can spell and UTF-8 cannot."""
    return text.encode(errors="replace").decode()


def _text(value: Any) -> str | None:
    """Return text as it is, and anything else as JSON, as Azure ML's preprocessor does."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))


def _empty_chunk() -> dict[str, pa.Array]:
    return {
        KEY: pa.array([], _TEXT),
        INDEX: pa.array([], pa.int64()),
        TIME: pa.array([], pa.timestamp("us")),
    }
