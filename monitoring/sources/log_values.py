"""A table of Log Analytics as Python has its values, by KQL type."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from azure.monitor.query import LogsTable

Columns: TypeAlias = tuple[tuple[str, str], ...]
Rows: TypeAlias = tuple[tuple[Any, ...], ...]

_TIMESPAN = re.compile(
    r"(?P<sign>-?)(?:(?P<days>\d+)\.)?(?P<hours>\d+):(?P<minutes>\d+):(?P<seconds>\d+(?:\.\d+)?)"
)


def converted(table: LogsTable) -> tuple[Columns, Rows]:
    """Return the columns (name, KQL type) and rows of a table; None stays None."""
    columns = tuple(zip(table.columns, table.columns_types, strict=True))
    readers = [_READERS.get(kind) for _, kind in columns]
    rows = tuple(
        tuple(
            read(value) if read and value is not None else value
            for read, value in zip(readers, row, strict=True)
        )
        for row in table.rows
    )
    return columns, rows


def _datetime(value: datetime | str) -> datetime:
    # What the SDK could not read comes as the text that the service sent.
    time_ = datetime.fromisoformat(value) if isinstance(value, str) else value
    return time_.astimezone(UTC)


def _timespan(value: str) -> timedelta | None:
    """Read .NET's constant format; the SDK writes a null as 'None'.

    >>> str(_timespan("1.02:03:04.5000000")), _timespan("None")
    ('1 day, 2:03:04.500000', None)
    """
    if not (match := _TIMESPAN.fullmatch(value)):
        return None
    units = {name: float(match[name] or 0) for name in ("days", "hours", "minutes", "seconds")}
    length = timedelta(**units)
    return -length if match["sign"] else length


def _dynamic(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value  # a bare string: only objects and arrays come as JSON text


def _guid(value: str) -> str | None:
    return None if value == "None" else value


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "datetime": _datetime,
    "timespan": _timespan,
    "dynamic": _dynamic,
    "guid": _guid,
    "real": float,
    "decimal": lambda value: Decimal(str(value)),
}
