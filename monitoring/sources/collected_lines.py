"""What the model data collector wrote of one request: its lines, found by hour folder and id.

A day may hold gigabytes; a request lies in the folder of its hour. No more than the files of one or
two hours are read, and only lines that hold the id are parsed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from monitoring.sources.cloud_events import INDEX, KEY, TIME, Events

if TYPE_CHECKING:
    from monitoring.sources.collected import Collected

#: How long before and after its time in the traffic log a request may have been collected: clocks
#: differ, an answer may take 180 s, and the collector sends from a queue.
BEFORE, AFTER = timedelta(minutes=1), timedelta(minutes=5)
MOST_BYTES = 256 * 2**20
#: Calls this near to each other may have been written into one line, under the first one's id.
NEAR = timedelta(seconds=2)

#: What stands between two rows of a line; a line without it need not be parsed.
_MORE = b"},{"
_ID = re.compile(rb'"(?:correlationid|xrequestid)"\s*:\s*"([^"\\]+)"')


@dataclass(frozen=True, slots=True)
class CollectedLines:
    """The rows of one request in one collection, and what else lay in the hours that were read.

    rows: features by name, in the order of the line; empty if no line has the id. keys: the row
    keys `<id>_<index>` that labels join to. time: when it was collected. lines: all lines of these
    hours. ids: whose they are. several: lines that hold more than one row; merged: those of them
    near the request's time. faults: what of its own lines could not be used, by kind.
    """

    collection: str
    hours: tuple[datetime, ...]
    rows: tuple[Mapping[str, Any], ...] = ()
    keys: tuple[str, ...] = ()
    time: datetime | None = None
    lines: int = 0
    ids: frozenset[str] = frozenset()
    several: int = 0
    merged: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)


def hours_around(moment: datetime) -> tuple[datetime, ...]:
    """Return the UTC hours whose folders may hold a request received at a moment.

    >>> [f"{hour:%H}" for hour in hours_around(datetime(2026, 1, 8, 12, 57, tzinfo=UTC))]
    ['12', '13']
    >>> [f"{hour:%H}" for hour in hours_around(datetime(2026, 1, 8, 12, 30, tzinfo=UTC))]
    ['12']
    """
    reach = (moment - BEFORE, moment, moment + AFTER)
    hours = (each.astimezone(UTC).replace(minute=0, second=0, microsecond=0) for each in reach)
    return tuple(dict.fromkeys(hours))


def find(
    collected: Collected,
    endpoint: str,
    deployment: str,
    collection: str,
    request_id: str,
    moment: datetime,
    columns: Mapping[str, str] | None = None,
) -> CollectedLines:
    """Return what was collected of a request that was received at a moment.

    Args:
        collection: `model_inputs`, `model_outputs`, `request`, ...
        columns: DuckDB type of columns that must have it, as for `Collected.day`.

    Raises:
        InputError: The files of these hours are too large to look through.
        NotPermittedError: The identity may not read the container.
        SourceError: The container could not be read.
    """
    now = collected.azure.settings.clock()
    hours = tuple(hour for hour in hours_around(moment) if hour <= now)
    events = Events(now=now, fetch=collected.payload_file, columns=columns or {})
    others = _Others(_seconds(moment))
    for hour in hours:
        for content in collected.hour(endpoint, deployment, collection, hour, MOST_BYTES):
            for line in content.splitlines():
                others.count(line)
                if request_id.encode() in line:
                    events.add(line + b"\n")
                else:
                    others.look_for_more(line)
    rows, keys, time = _rows(events, request_id)
    return CollectedLines(
        collection,
        hours,
        rows,
        keys,
        time,
        others.lines,
        frozenset(each.decode(errors="replace") for each in others.ids),
        others.several,
        others.merged,
        dict(events.faults),
    )


@dataclass
class _Others:
    """What else lay beside a request's own lines; the fields are those of `CollectedLines`."""

    seconds: tuple[bytes, ...]
    lines: int = 0
    several: int = 0
    merged: int = 0
    ids: set[bytes] = field(default_factory=set)

    def count(self, line: bytes) -> None:
        self.lines += bool(line.strip())
        self.ids.update(_ID.findall(line))

    def look_for_more(self, line: bytes) -> None:
        """Note a line that holds several rows, the request's perhaps among them."""
        if _MORE in line and _row_count(line) > 1:
            self.several += 1
            self.merged += any(second in line for second in self.seconds)


def _rows(
    events: Events, request_id: str
) -> tuple[tuple[Mapping[str, Any], ...], tuple[str, ...], datetime | None]:
    found: dict[str, Mapping[str, Any]] = {}
    time = None
    for row in events.table().to_pylist():
        if row[KEY] == f"{request_id}_{row[INDEX]}":
            time = time or row[TIME]
            values = {name: v for name, v in row.items() if name not in {KEY, INDEX, TIME}}
            found.setdefault(row[KEY], values)  # a client's retry may have the same id
    return tuple(found.values()), tuple(found), time.replace(tzinfo=UTC) if time else None


def _seconds(moment: datetime) -> tuple[bytes, ...]:
    """Return the seconds around a moment as a line's time begins."""
    reach = range(-(NEAR // timedelta(seconds=1)), NEAR // timedelta(seconds=1) + 1)
    times: Iterator[datetime] = (moment + timedelta(seconds=n) for n in reach)
    return tuple(f'"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}'.encode() for time in times)


def _row_count(line: bytes) -> int:
    try:
        data = json.loads(line).get("data")
    except (ValueError, AttributeError, RecursionError):
        return 0
    return len(data) if isinstance(data, list) else 0
