"""Which hour folders the service reads for a window.

Source: Azure/azureml-assets at 4b41f8ccbc,
model_data_collector_preprocessor/mdc_preprocessor_helper.py.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
_LEVELS = ("%Y", "%Y/%m", "%Y/%m/%d", "%Y/%m/%d/%H")


def hour_folders(start: datetime, end: datetime) -> list[datetime]:
    """Return the hours whose folders the service reads, whole, whatever the times of the events.

    From the hour of the start up to the end; a last hour that has begun is read whole, an end on
    the hour leaves that hour out. Two windows that follow each other can share an hour.

    >>> hours = hour_folders(datetime(2026, 1, 1, 15, 15), datetime(2026, 1, 1, 17, 15))
    >>> [hour.hour for hour in hours]
    [15, 16, 17]
    """
    if start >= end:
        return []
    first = start.replace(minute=0, second=0, microsecond=0)
    count = -(-(end - first) // HOUR)
    return [first + n * HOUR for n in range(count)]


def file_patterns(start: datetime, end: datetime, folders: Collection[str]) -> list[str]:
    """Return the patterns that the service reads: whole years, months and days at once.

    Args:
        start: Begin of the window.
        end: Its end.
        folders: Hour folders that exist, as `YYYY/MM/DD/HH`.

    >>> file_patterns(datetime(2026, 1, 1, 22), datetime(2026, 1, 3), ["2026/01/01/23", "2026/01/02/05"])
    ['2026/01/01/23/*.jsonl', '2026/01/02/*/*.jsonl']
    """
    there = {folder[:length] for folder in folders for length in (4, 7, 10, 13)}
    hours = hour_folders(start, end)
    return list(_collapsed(hours, 0, there.__contains__)) if hours else []


def _collapsed(hours: list[datetime], level: int, exists: Callable[[str], bool]) -> Iterator[str]:
    """Yield one pattern for each period of a level that the hours cover, else those of its parts."""
    groups: dict[str, list[datetime]] = {}
    for hour in hours:
        groups.setdefault(hour.strftime(_LEVELS[level]), []).append(hour)
    stars = "/*" * (len(_LEVELS) - 1 - level)
    for folder, inside in groups.items():
        if not exists(folder):
            continue
        if len(inside) == _hours_in(inside[0], level):
            yield f"{folder}{stars}/*.jsonl"
        else:
            yield from _collapsed(inside, level + 1, exists)


def _hours_in(hour: datetime, level: int) -> int:
    """Return how many hours the year, month, day or hour has that an hour lies in."""
    if level == len(_LEVELS) - 1:
        return 1
    days = 1
    if level == 0:
        days = 366 if calendar.isleap(hour.year) else 365
    elif level == 1:
        days = calendar.monthrange(hour.year, hour.month)[1]
    return 24 * days
