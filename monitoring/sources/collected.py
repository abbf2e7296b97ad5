"""What the model data collector collected, the labels that belong to it, and training data.

Rows become one Parquet file a day under the cache, which is made again when the day's files change.
Everything is read through fsspec, so a blob container and a folder on disk are the same to this
module.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from azure.core.exceptions import AzureError
from fsspec.implementations.local import LocalFileSystem

from monitoring.errors import InputError, SourceError
from monitoring.kept.disk import Disk, digest, forget_gone, state_of
from monitoring.kept.memory import Memory
from monitoring.sources.cloud_events import KEY, Events
from monitoring.sources.failures import NotFoundError, explained
from monitoring.sources.registry import container_path
from monitoring.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import fsspec

    from monitoring.sources.azure import Azure
    from monitoring.workspace.assets import DataAsset
    from monitoring.workspace.models import ModelVersion

#: Goes up whenever the files below change what they hold, so that older ones are made anew.
VERSION = 2
#: Of one container, under the cache.
MOST_FILES = 50_000
#: DuckDB's own; smaller groups make more work, larger ones less for its threads.
ROW_GROUP_ROWS = 122_880
#: After midnight, how long a day's last hour may still be appended to.
LATE = timedelta(minutes=10)
HOUR = timedelta(hours=1)
#: Files are fetched together up to this many bytes: one round trip for a quiet day.
BYTES_AT_ONCE = 64 * 2**20
#: How long the listing of a month stands for its days that are over.
LISTING = timedelta(seconds=60)
MOST_LISTINGS = 1_000
_DAYS_AT_ONCE = 4
_ROLE = "Storage Blob Data Reader on the storage account"


@dataclass(frozen=True, slots=True)
class CollectedDay:
    """One collection on one UTC day.

    path: Parquet with `correlationid` (the row key `<id>_<index>`), `_index`, `time` and the
    features; None when there is not one row, and then `reason` says why. faults: what could not be
    used, by kind, see `cloud_events`.
    """

    day: date
    path: Path | None
    rows: int = 0
    lines: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class JoinedDay:
    """The predictions of one UTC day with the labels known by now.

    repeated: labels beyond the first of a prediction; the one known last is taken. path: Parquet with `correlationid`, `time`, `prediction`, `probability` (for a multiclass model
    one column a class, as collected), `label` (null while unknown) and `label_delay_seconds`; None
    when there are no predictions, and then `reason` says why.
    """

    day: date
    path: Path | None
    rows: int = 0
    labelled: int = 0
    reason: str = ""
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class RowsDay:
    """The predictions of one UTC day with label and inputs, by correlation id.

    path: the columns of `JoinedDay`, then the inputs (null where none was collected; an input that
    has the name of one of those columns gets the ending `_input`); None without predictions.
    faults: rows by what they lack.
    """

    day: date
    path: Path | None
    rows: int = 0
    labelled: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _File:
    """One file as the file system lists it."""

    path: str
    size: int
    changed: str


@dataclass(frozen=True, slots=True)
class _Month:
    """States of the files of one month, of the days and hours that have any."""

    days: Mapping[date, str]
    hours: Mapping[datetime, str]


@dataclass(frozen=True, slots=True)
class _Parsed:
    """What is noted of a day's file. hidden_until: when the first event that has not come yet does."""

    rows: int
    lines: int
    faults: Mapping[str, int]
    reason: str
    hidden_until: datetime | None


def _elapsed() -> datetime:
    """Return a time that only grows, whatever the clock is set to."""
    return datetime.min.replace(tzinfo=UTC) + timedelta(seconds=time.monotonic())


@dataclass
class Collected:
    """Reads collected data, labels and training data of the workspace's blob container."""

    azure: Azure
    _listings: Memory = field(default_factory=lambda: Memory(MOST_LISTINGS, _elapsed), repr=False)

    def days(
        self, endpoint: str, deployment: str, collection: str, window: Window
    ) -> tuple[date, ...]:
        """Return the days of a window that have files, in order.

        Raises:
            NotPermittedError: The identity may not list the container.
        """
        days = [day for day in window.days() if day <= self._now.date()]
        folder = self._folder(endpoint, deployment, collection)
        return tuple(day for day in days if day in self._states(folder, day).days)

    def states(
        self, endpoint: str, deployment: str, collection: str, window: Window
    ) -> dict[date, str]:
        """Return a digest of the files of each day of a window that has any; another when one changes.

        Raises:
            SourceError: The container cannot be read.
        """
        folder = self._folder(endpoint, deployment, collection)
        found = ((day, self._states(folder, day).days.get(day, "")) for day in window.days())
        return {day: state for day, state in found if state}

    def hour_states(
        self, endpoint: str, deployment: str, collection: str, window: Window
    ) -> dict[datetime, str]:
        """Return a digest of the files of each hour of a window that has any, by its start.

        An hour's last rows may be written to the folder of the next one, which counts as its own too.

        Raises:
            SourceError: The container cannot be read.
        """
        folder = self._folder(endpoint, deployment, collection)
        hours: dict[datetime, str] = {}
        for day in window.days():
            hours |= self._states(folder, day).hours
        found = {
            hour: "".join(hours.get(each, "") for each in (hour, hour + HOUR))
            for hour in (each.start for each in window.split(HOUR))
        }
        return {hour: state for hour, state in found.items() if state}

    def day(
        self,
        endpoint: str,
        deployment: str,
        collection: str,
        day: date,
        columns: Mapping[str, str] | None = None,
    ) -> CollectedDay:
        """Return what was collected on a day.

        `columns` gives the DuckDB type of columns that must have it, usually those of the training
        data. A value that is not of it becomes null and a fault. Other columns become BIGINT,
        DOUBLE, BOOLEAN or VARCHAR, whichever holds the values of the day.

        Raises:
            NotPermittedError: The identity may not read the container.
            SourceError: The container could not be read.
        """
        now, columns = self._now, dict(columns or {})
        variant = f".{_short_hash(json.dumps(columns, sort_keys=True))}" if columns else ""
        folder = self._folder(endpoint, deployment, collection)
        source = f"{folder}/{day:%Y/%m/%d}"

        def parse(draft: Path) -> _Parsed:
            events = self._events(self._hours(source, day, now), columns, now)
            table = events.table()
            _write(table, draft)
            return _parsed(events, table.num_rows, source)

        path, notes = self._disk.path(
            f"{folder}/{day}{variant}.parquet",
            self._state_of(folder, day, now),
            parse,
            holds=lambda notes: not _has_come(notes.hidden_until, now),
        )
        return _collected_day(day, path, notes)

    def _hours(self, source: str, day: date, now: datetime) -> list[_File]:
        """List the files in the hour folders of a day that have begun."""
        return [f for f in self._files(source) if _hour_has_come(f.path, source, day, now)]

    def _state_of(self, folder: str, day: date, now: datetime) -> str:
        """Return what changes when the files of a day do; a month of days that are over is listed once."""
        if not _is_over(day, now):
            return _state(self._hours(f"{folder}/{day:%Y/%m/%d}", day, now))
        return self._states(folder, day).days.get(day, "")

    def _states(self, folder: str, day: date) -> _Month:
        """Return the states of a day's month as of a minute ago or less."""
        month = f"{folder}/{day:%Y/%m}"

        def states(_: object) -> _Month:
            files: dict[date, list[_File]] = {}
            hours: dict[datetime, list[_File]] = {}
            for file in self._files(month):
                if each := _day_of(file.path, month, day):
                    files.setdefault(each, []).append(file)
                    if hour := _hour_of(file.path, month, each):
                        hours.setdefault(hour, []).append(file)
            return _Month(
                {each: _state(listed) for each, listed in files.items()},
                {hour: _state(listed) for hour, listed in hours.items()},
            )

        return self._listings.get(month, states, fresh=LISTING)

    def hour(
        self, endpoint: str, deployment: str, collection: str, hour: datetime, most_bytes: int
    ) -> list[bytes]:
        """Return the files of one UTC hour folder as they are now; none where none was written.

        Raises:
            InputError: Together they are larger than `most_bytes`.
            NotPermittedError: The identity may not read the container.
            SourceError: The container could not be read.
        """
        folder = f"{self._folder(endpoint, deployment, collection)}/{hour:%Y/%m/%d/%H}"
        files = self._files(folder, ending=".jsonl")
        size = sum(file.size for file in files)
        if size > most_bytes:
            raise InputError(
                f"The files in {folder!r} hold {size / 2**20:,.0f} MiB, more than the "
                f"{most_bytes / 2**20:,.0f} MiB that are read for one request",
                hint="Look for the id in these files yourself.",
            )
        filesystem, root = self._place
        with explained("the collected data", role=_ROLE):
            found = [filesystem.cat(paths) for paths in _batches(files, root)]
        return [content for batch in found for content in batch.values()]

    def window(
        self,
        endpoint: str,
        deployment: str,
        collection: str,
        window: Window,
        columns: Mapping[str, str] | None = None,
    ) -> tuple[CollectedDay, ...]:
        """Return `day` for each day of a window that has come, in order."""
        days = [day for day in window.days() if day <= self._now.date()]
        if not days:
            return ()
        # Parsing holds Python's lock, so threads pay off only where there is a network to wait for.
        workers = 1 if self._is_local else min(_DAYS_AT_ONCE, len(days))
        with ThreadPoolExecutor(workers) as pool:
            read = pool.map(
                lambda day: self.day(endpoint, deployment, collection, day, columns), days
            )
            return tuple(read)

    def labels(self, path: str, window: Window) -> tuple[Path, ...]:
        """Return Parquet files with the labels of a window's predictions that are known by now.

        `path` is that of the ground truth in the container: a file, or a folder of files. One
        named after a day (`2026-01-31.parquet`) holds the labels of that day's predictions, and is
        left out on other days. Columns: `correlationid`, the target, `known`.
        """
        return self._labels(self._files(path, ending=".parquet"), window)

    def label_states(self, path: str, window: Window) -> dict[date, str]:
        """Return a digest of the labels of each day of a window, as of this hour while some are to come.

        `path` is that of the ground truth, as for `labels`.

        Raises:
            SourceError: The container cannot be read.
        """
        files = [(f, _day_in_name(f.path)) for f in self._files(path, ending=".parquet")]
        common = tuple(self._label_state(file) for file, day in files if day is None)
        own = {day: self._label_state(file) for file, day in files if day is not None}
        return {day: digest(*common, own.get(str(day), "")) for day in window.days()}

    def _label_state(self, file: _File) -> str:
        state = _state([file])
        latest = self._listings.get(
            f"labels {file.path} {state}", lambda _: _latest_known(self._local(file, state))
        )
        if latest is not None and latest <= self._now:
            return state
        return f"{state} {self._now:%Y-%m-%dT%H}"

    def _labels(self, files: Sequence[_File], window: Window) -> tuple[Path, ...]:
        days = {str(day) for day in window.days()}
        named = [(file, _day_in_name(file.path)) for file in files]
        return tuple(self._known(file) for file, day in named if day is None or day in days)

    def joined(
        self, endpoint: str, deployment: str, window: Window, model: ModelVersion, labels: str
    ) -> tuple[JoinedDay, ...]:
        """Return each day's predictions with the labels known by now, for the days that have come.

        `labels` is the path of the ground truth, as for `labels`.

        Raises:
            SourceError: The model's tags do not say which columns hold prediction and target, or
                the files do not have them.
        """
        files = self._files(labels, ending=".parquet")
        return tuple(
            self._joined(f"{endpoint}/{deployment}", predictions, model, files)
            for predictions in self.window(endpoint, deployment, "model_outputs", window)
        )

    def _joined(
        self, place: str, predictions: CollectedDay, model: ModelVersion, files: Sequence[_File]
    ) -> JoinedDay:
        day, outputs = predictions.day, predictions.path
        prediction, target = model.needed("prediction_column"), model.needed("target_column")
        if outputs is None:
            return JoinedDay(day, None, reason=predictions.reason)
        known = self._labels(files, Window.day(day))

        def join(draft: Path) -> tuple[int, int, int]:
            table, repeated = self._join(outputs, known, model, prediction, target)
            _write(table, draft)
            return table.num_rows, table.num_rows - table["label"].null_count, repeated

        path, (rows, labelled, repeated) = self._disk.path(
            f"modelDataCollector/{place}/joined/{_joined_name(day, model)}",
            state_of([outputs, *known]),
            join,
        )
        return JoinedDay(day, path, rows, labelled, repeated=repeated)

    def rows(
        self,
        endpoint: str,
        deployment: str,
        window: Window,
        model: ModelVersion,
        labels: str | None,
        columns: Mapping[str, str] | None = None,
    ) -> Iterator[RowsDay]:
        """Yield each day's predictions with the labels known by now and the inputs they were made of.

        Days without predictions are left out. `labels` is the path of the ground truth, None where
        there is none; `columns` as for `day`.

        Raises:
            SourceError: As for `joined`.
        """
        files = self._files(labels, ending=".parquet") if labels else []
        place = f"{endpoint}/{deployment}"
        for day in self.days(endpoint, deployment, "model_outputs", window):
            outputs = self.day(endpoint, deployment, "model_outputs", day)
            inputs = self.day(endpoint, deployment, "model_inputs", day, columns)
            joined = self._joined(place, outputs, model, files)
            yield self._rows(place, joined, inputs, _joined_name(day, model))

    def _rows(self, place: str, joined: JoinedDay, inputs: CollectedDay, name: str) -> RowsDay:
        joined_path = joined.path
        if joined_path is None:
            lonely = {"inputs without prediction": inputs.rows} if inputs.rows else {}
            return RowsDay(joined.day, None, faults=lonely, reason=joined.reason)

        def add_inputs(draft: Path) -> dict[str, int]:
            table, faults = self._with_inputs(joined_path, inputs.path)
            _write(table, draft)
            repeated = {"labels of a prediction that has one": joined.repeated}
            return faults | (repeated if joined.repeated else {})

        path, faults = self._disk.path(
            f"modelDataCollector/{place}/rows/{name}",
            state_of(path for path in (joined_path, inputs.path) if path),
            add_inputs,
        )
        return RowsDay(joined.day, path, joined.rows, joined.labelled, faults)

    def _with_inputs(self, joined: Path, inputs: Path | None) -> tuple[pa.Table, dict[str, int]]:
        if inputs is None:
            table = pq.read_table(joined)
            return table, {"predictions without inputs": table.num_rows}
        taken = set(pq.read_schema(joined).names)
        names = [n for n in pq.read_schema(inputs).names if n not in {KEY, "time", "_index"}]
        with _readable(f"the inputs in {inputs.name!r}"):
            table, features = pq.read_table(joined), pq.read_table(inputs)
            # Ids are repeated where a client sends one twice: the row that came first counts.
            first = pc.sort_indices(features, [("time", "ascending")])
            at = pc.index_in(table[KEY], value_set=features[KEY].take(first))
            rows = features.take(first.take(at))
            for name in names:
                table = table.append_column(f"{name}_input" if name in taken else name, rows[name])
        known = features[KEY]
        unused = pc.sum(pc.invert(pc.is_in(known, value_set=table[KEY]))).as_py() or 0
        faults = {
            "predictions without inputs": at.null_count,
            "inputs without prediction": unused,
            "repeated predictions": table.num_rows - pc.count_distinct(table[KEY]).as_py(),
        }
        return _ordered(table), {name: n for name, n in faults.items() if n}

    def training(self, asset: DataAsset) -> Path:
        """Return training data on this machine: its Parquet file, or the folder of several files.

        Raises:
            NotFoundError: There is no file at the asset's path.
        """
        files = self._files(asset.path)
        files = [f for f in files if f.path.endswith(".parquet")] or files
        if not files:
            raise NotFoundError(
                f"Cannot read the data asset {asset.name}:{asset.version}: "
                f"nothing lies at {asset.path!r}",
                hint="Check the asset's path and COLLECTED_DATA_URL.",
            )
        local = [self._local(file, _state(files)) for file in files]
        return local[0] if len(local) == 1 else Path(os.path.commonpath(local))

    @property
    def _now(self) -> datetime:
        return self.azure.settings.clock().astimezone(UTC)

    @cached_property
    def _place(self) -> tuple[fsspec.AbstractFileSystem, str]:
        with explained("the container of collected data", role=_ROLE):
            return self.azure.files()

    @property
    def _is_local(self) -> bool:
        return isinstance(self._place[0], LocalFileSystem)

    @cached_property
    def _disk(self) -> Disk:
        """The files made of this container; those of containers that are gone are removed."""
        filesystem, root = self._place
        parent = self.azure.settings.cache / "collected"
        # The root of a blob container does not name its account; the setting does.
        place = f"{filesystem.protocol} {root} {self.azure.settings.collected_data_url}"
        folder = parent / _short_hash(place)
        if self._is_local:
            forget_gone(parent, folder, Path(root))
        return Disk(folder, version=VERSION, most_files=MOST_FILES)

    def _folder(self, endpoint: str, deployment: str, collection: str) -> str:
        for name in (endpoint, deployment, collection):
            if not re.fullmatch(r"[\w.-]+", name) or name.startswith("."):
                raise InputError(
                    f"Cannot look for collected data of {name!r}: it is no name of Azure ML's",
                    hint="Names have letters, digits, '-', '_' and '.' only.",
                )
        return f"modelDataCollector/{endpoint}/{deployment}/{collection}"

    def _files(self, path: str, ending: str = "") -> list[_File]:
        """List the files below a folder (or the file itself), relative to the root, by name."""
        filesystem, root = self._place
        with explained(f"the folder {path!r}", role=_ROLE):
            if self._is_local:
                found = list(_walk(root, path.rstrip("/")))
            else:
                # A listing that adlfs remembers would hide what was appended since.
                filesystem.invalidate_cache()
                try:
                    listed = filesystem.find(f"{root}/{path}", detail=True)
                except FileNotFoundError:
                    return []
                found = [_remote(entry, root) for entry in listed.values()]
        return sorted((f for f in found if f.path.endswith(ending)), key=lambda file: file.path)

    def _events(self, files: Sequence[_File], columns: Mapping[str, str], now: datetime) -> Events:
        filesystem, root = self._place
        events = Events(now=now, fetch=self.payload_file, columns=columns)
        with explained("the collected data", role=_ROLE):
            for paths in _batches(files, root):
                for content in filesystem.cat(paths).values():
                    events.add(content)
        return events

    def payload_file(self, url: str) -> bytes:
        """Read a payload that was too large for its line, from the same container."""
        filesystem, root = self._place
        _, path = container_path(url)
        if ".." in path.split("/"):
            raise LookupError(url)
        try:
            return bytes(filesystem.cat_file(f"{root}/{path}"))
        except AzureError as error:  # a fault of this line, not of the whole day
            raise OSError(f"cannot read {path!r}") from error

    def _local(self, file: _File, state: str) -> Path:
        """Return a file on this machine; one from afar is fetched once for each state."""
        filesystem, root = self._place
        if self._is_local:
            return Path(root, file.path)
        with explained(f"the file {file.path!r}", role=_ROLE):
            path, _ = self._disk.path(
                f"files/{state}/{file.path}",
                state,
                lambda draft: filesystem.get_file(f"{root}/{file.path}", str(draft)),
            )
        return path

    def _known(self, file: _File) -> Path:
        """Return the labels of a file that are known by now; the file itself when all are."""
        now, state = self._now, _state([file])
        source = self._local(file, state)
        with _readable(f"the labels {file.path!r}"):
            latest = _latest_known(source)
        if latest is not None and latest <= now:
            return source

        def cut(draft: Path) -> datetime | None:
            with _readable(f"the labels {file.path!r}"):
                table, coming = _labels_until(pq.read_table(source), now)
            _write(table, draft)
            return coming

        path, _ = self._disk.path(
            f"labels/{file.path}", state, cut, holds=lambda coming: not _has_come(coming, now)
        )
        return path

    def _join(
        self,
        outputs: Path,
        labels: Sequence[Path],
        model: ModelVersion,
        prediction: str,
        target: str,
    ) -> tuple[pa.Table, int]:
        with _readable(f"the labels of {target!r}"):
            label = _label_table(labels, target)
        with _readable(f"the predictions in {outputs.name!r}"):
            table = pq.read_table(outputs)
            # A label may be corrected: the one known last counts.
            last = label.take(pc.sort_indices(label, [("known", "descending")]))
            at = pc.index_in(table[KEY], value_set=last[KEY])
            own = last.take(at)
            delay = pc.subtract(own["known"], table["time"].cast(own["known"].type))
            columns = {
                KEY: table[KEY],
                "time": table["time"],
                "prediction": table[prediction],
                **_probabilities(table, model),
                "label": own["label"],
                "label_delay_seconds": pc.divide(delay.cast(pa.int64()).cast(pa.float64()), 1e6),
            }
            ours = label[KEY].filter(pc.is_in(label[KEY], value_set=table[KEY]))
            repeated = len(ours) - pc.count_distinct(ours).as_py()
            return _ordered(pa.table(columns)), repeated


def _walk(root: str, path: str) -> Iterator[_File]:
    """List a local folder; faster than fsspec's way, which asks for each file's owner and mode."""
    if Path(root, path).is_file():
        stat = Path(root, path).stat()
        yield _File(path, stat.st_size, str(stat.st_mtime_ns))
        return
    try:
        entries = list(os.scandir(f"{root}/{path}"))
    except FileNotFoundError:  # a folder that cannot be read is not taken for an empty one
        return
    for entry in entries:
        if entry.is_dir():
            yield from _walk(root, f"{path}/{entry.name}")
        else:
            stat = entry.stat()
            yield _File(f"{path}/{entry.name}", stat.st_size, str(stat.st_mtime_ns))


def _remote(entry: Mapping[str, Any], root: str) -> _File:
    changed = entry.get("etag") or entry.get("last_modified") or ""
    return _File(str(entry["name"]).removeprefix(f"{root}/"), int(entry["size"] or 0), str(changed))


def _hour_has_come(path: str, folder: str, day: date, now: datetime) -> bool:
    """Whether a file lies in one of the day's hour folders, and that hour has begun."""
    match = re.fullmatch(r"/([01]\d|2[0-3])/[^/]+\.jsonl", path.removeprefix(folder))
    if not match:
        return False
    return datetime(day.year, day.month, day.day, int(match[1]), tzinfo=UTC) <= now


def _is_over(day: date, now: datetime) -> bool:
    return now >= Window.day(day).end + LATE


def _has_come(time: datetime | None, now: datetime) -> bool:
    return time is not None and time <= now


def _day_of(path: str, month: str, like: date) -> date | None:
    """Return the day whose folder a file of a month lies in; None if it lies in none."""
    name = path.removeprefix(f"{month}/").partition("/")[0]
    try:
        return like.replace(day=int(name)) if len(name) == 2 else None  # noqa: PLR2004 - 01 to 31
    except ValueError:
        return None


def _hour_of(path: str, month: str, day: date) -> datetime | None:
    """Return the hour of a day whose folder a file lies in; None if it lies in none."""
    match = re.match(r"/\d\d/([01]\d|2[0-3])/", path.removeprefix(month))
    return Window.day(day).start + int(match[1]) * HOUR if match else None


def _parsed(events: Events, rows: int, source: str) -> _Parsed:
    reason = ""
    if not rows:
        reason = (
            f"the {events.lines} lines in {source} hold no row"
            if events.lines
            else f"nothing was collected in {source}"
        )
    return _Parsed(rows, events.lines, dict(events.faults), reason, events.first_hidden)


def _collected_day(day: date, path: Path, notes: _Parsed) -> CollectedDay:
    return CollectedDay(
        day=day,
        path=path if notes.rows else None,
        rows=notes.rows,
        lines=notes.lines,
        faults=notes.faults,
        reason=notes.reason,
    )


def _batches(files: Sequence[_File], root: str) -> Iterator[list[str]]:
    """Group files so that each group is fetched together and fits in memory."""
    batch: list[str] = []
    held = 0
    for file in files:
        if batch and held + file.size > BYTES_AT_ONCE:
            yield batch
            batch, held = [], 0
        batch.append(f"{root}/{file.path}")
        held += file.size
    if batch:
        yield batch


def _latest_known(path: Path) -> datetime | None:
    """Return when the last label of a file is known, from the statistics in its footer."""
    file = pq.ParquetFile(path)
    if "known" not in file.schema_arrow.names:
        return datetime.min.replace(tzinfo=UTC)  # no time: they always were
    at = file.schema_arrow.names.index("known")
    metadata = file.metadata
    found = [metadata.row_group(n).column(at).statistics for n in range(metadata.num_row_groups)]
    if any(s is None or not s.has_min_max or not isinstance(s.max, datetime) for s in found):
        return None
    latest = max((s.max for s in found), default=datetime.min)  # noqa: DTZ901 - as Parquet has it, UTC
    return latest.replace(tzinfo=latest.tzinfo or UTC)


def _labels_until(table: pa.Table, now: datetime) -> tuple[pa.Table, datetime | None]:
    """Return the labels known by `now`, and when the next one will be."""
    if "known" not in table.column_names:
        return table, None
    known = table["known"].cast(pa.timestamp("us"))
    bound = pa.scalar(now.replace(tzinfo=None), pa.timestamp("us"))
    coming = pc.min(known.filter(pc.greater(known, bound))).as_py()
    if coming is None:
        return table, None
    return table.filter(pc.less_equal(known, bound)), coming.replace(tzinfo=UTC)


def _label_table(paths: Sequence[Path], target: str) -> pa.Table:
    """Return key, label and the UTC time since when it is known (null: always) of all files."""
    tables = [_labels_of(path, target) for path in paths]
    kinds = {table.schema.field("label").type for table in tables} - {pa.null()}
    if len(kinds) > 1 and not all(pa.types.is_integer(k) or pa.types.is_floating(k) for k in kinds):
        # One file says 1, the next "1" or true: as texts, they are one class to whoever counts them.
        tables = [_with_type(table, "label", pa.string()) for table in tables]
    empty = {KEY: pa.string(), "label": pa.null(), "known": pa.timestamp("us")}
    none = pa.table({name: pa.array([], kind) for name, kind in empty.items()})
    return pa.concat_tables([none, *tables], promote_options="permissive")


def _labels_of(path: Path, target: str) -> pa.Table:
    columns = {KEY: KEY, target: "label"}
    if "known" not in pq.read_schema(path).names:
        return pq.read_table(path, columns=list(columns)).rename_columns(columns)
    columns["known"] = "known"
    table = pq.read_table(path, columns=list(columns)).rename_columns(columns)
    return _with_type(table, "known", pa.timestamp("us"))


def _with_type(table: pa.Table, name: str, kind: pa.DataType) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, table[name].cast(kind))


def _probabilities(table: pa.Table, model: ModelVersion) -> dict[str, pa.ChunkedArray]:
    """Return the columns of the score: one, or one a class for a multiclass model."""
    column = model.probability_column
    if column is not None and model.task == "multiclass_classification":
        classes = {name: table[name] for name in table.column_names if name.startswith(column)}
    elif column is not None and model.task != "regression":
        classes = {"probability": table[column]}
    else:
        classes = {}
    none = pa.chunked_array([pa.nulls(table.num_rows, pa.float64())])
    return classes or {"probability": none}


def _ordered(table: pa.Table) -> pa.Table:
    """Return rows by time, then by correlation id."""
    return table.take(pc.sort_indices(table, [("time", "ascending"), (KEY, "ascending")]))


@contextmanager
def _readable(what: str) -> Iterator[None]:
    """Turn what pyarrow says of a file into a SourceError."""
    try:
        yield
    except (pa.ArrowException, KeyError) as error:
        raise SourceError(
            f"Cannot read {what}: {str(error).strip().splitlines()[0].rstrip('.')}",
            hint="Labels need the columns correlationid, the target and known, predictions those "
            "that the model's tags name.",
        ) from error


def _write(table: pa.Table, draft: Path) -> None:
    pq.write_table(table.replace_schema_metadata(None), draft, row_group_size=ROW_GROUP_ROWS)


def _state(files: Sequence[_File]) -> str:
    return _short_hash("|".join(f"{f.path} {f.size} {f.changed}" for f in files))


def _joined_name(day: date, model: ModelVersion) -> str:
    columns = (
        model.prediction_column,
        model.probability_column,
        model.target_column,
        model.task,
    )
    return f"{day}.{_short_hash('|'.join(map(str, columns)))}.parquet"


def _day_in_name(path: str) -> str | None:
    match = re.search(r"(\d{4}-\d{2}-\d{2})[^/]*$", path)
    return match[1] if match else None


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
