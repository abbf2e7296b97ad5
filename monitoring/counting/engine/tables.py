"""Files as tables: Parquet as it is, CSV and JSON lines converted once."""

from __future__ import annotations

import csv
import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitoring.errors import InputError
from monitoring.kept.disk import Disk, digest, state_of

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq

#: Footers of Parquet files that are held in memory.
MOST_FOOTERS = 2_048

READERS = {
    ".parquet": "",
    ".csv": "read_csv",
    ".tsv": "read_csv",
    ".jsonl": "read_json",
    ".ndjson": "read_json",
    ".json": "read_json",
}
#: Characters of a line that are looked at to find the separator; below what Python's csv allows a field.
_LONGEST_LINE = 100_000
#: Goes up whenever text files are converted in another way.
VERSION = 2
#: What a reader needs to be sure of types: all rows, not a sample.
_SEPARATORS = ",;\t|"
#: Stands in no text: the separator of a file of one column, whose values may hold any of the others.
_NO_SEPARATOR = "\x1f"
_OPTIONS = {
    "read_csv": "sample_size=-1, union_by_name=true, header=true",
    "read_json": "sample_size=-1, union_by_name=true, format='auto', maximum_object_size=67108864",
}


@dataclass(frozen=True)
class Table:
    """Rows in one or more Parquet files with the same columns.

    name: what the user called it. columns: name to Arrow type text, in file order. rejected: columns
    that cannot be used, with the reason. notes: what a reader should know about how it was read.
    """

    name: str
    paths: tuple[Path, ...]
    columns: dict[str, str]
    rows: int
    rejected: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def open_table(
    path: Path | str,
    *,
    role: str = "data",
    store: Path | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> Table:
    """Open a file, or a folder of files, as a table.

    Args:
        path: `.parquet`, `.csv`, `.tsv`, `.jsonl`, `.ndjson`, `.json`, also `.gz` of the text ones,
            or a folder of such files.
        role: How to name it in an error: "reference" or "production".
        store: Folder for the Parquet copies of text files; a temporary one by default.

    Raises:
        InputError: It is missing, empty, truncated, of another type than its name says, or mixed.
    """
    path = Path(path)
    files = _files(path, role)
    formats = {_format(file) for file in files}
    if len(formats) > 1:
        raise InputError(
            f"Cannot open the {role} folder {str(path)!r}: it mixes {', '.join(sorted(formats))}",
            hint="Keep one format in a folder.",
        )
    for file in files:
        if file.stat().st_size == 0:
            raise InputError(
                f"Cannot read the {role} file {str(file)!r}: it is empty (0 bytes)",
                hint="Export it again, or leave it out.",
            )
    notes: tuple[str, ...] = ()
    rejected: dict[str, str] = {}
    reader = READERS[formats.pop()]
    if reader:
        if reader == "read_csv":
            rejected = _repeated_columns(files[0])
        if progress:
            progress(0.0, f"Converting {path.name}")
        target, notes = _convert(files, reader, path, role, store)
        files = (target,)
    return _described(path, files, role, rejected, notes)


def _files(path: Path, role: str) -> tuple[Path, ...]:
    if not path.exists():
        raise InputError(
            f"Cannot find the {role} {str(path)!r}",
            hint="Check the path; it is read on the server.",
        )
    if path.is_file():
        return (path,)
    files = sorted(
        file
        for file in path.rglob("*")
        if file.is_file() and not file.name.startswith((".", "_")) and _suffix(file) in READERS
    )
    if not files:
        raise InputError(
            f"Cannot open the {role} folder {str(path)!r}: it holds no"
            f" {', '.join(sorted(READERS))} file",
            hint="Name the folder that holds the data files.",
        )
    return tuple(files)


def _suffix(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return suffixes[-2] if len(suffixes) > 1 and suffixes[-1] == ".gz" else (suffixes or [""])[-1]


def _format(path: Path) -> str:
    suffix = _suffix(path)
    if suffix not in READERS:
        raise InputError(
            f"Cannot read {str(path)!r}: its name ends in {suffix or 'nothing'!r}",
            hint=f"Use one of {', '.join(sorted(READERS))}.",
        )
    return suffix


def _repeated_columns(file: Path) -> dict[str, str]:
    if file.suffix == ".gz":
        return {}
    with file.open(encoding="utf-8", errors="replace", newline="") as lines:
        first = lines.readline()
    delimiter = max(",;\t|", key=first.count)
    header = next(csv.reader([first], delimiter=delimiter), [])
    reasons: dict[str, str] = {}
    for name in dict.fromkeys(header):
        if (times := header.count(name)) > 1:
            same = [name, *(f"{name}_{i}" for i in range(1, times))]  # as DuckDB renames them
            reasons |= dict.fromkeys(same, f"{times} columns are named {name!r}")
    return reasons


def _csv_options(file: Path) -> str:
    """Return the reader's options, with the separator where the first two lines agree on one.

    Left to itself, the reader takes a later line that happens to hold another separator for the header,
    and drops what stands above it.
    """
    options = _OPTIONS["read_csv"]
    with file.open("rb") as raw:
        if raw.read(2) in {b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff"}:  # gzip, UTF-16
            return options
    with file.open(encoding="utf-8", errors="replace", newline="") as lines:
        two = [lines.readline(_LONGEST_LINE), lines.readline(_LONGEST_LINE)]
    if two[0].startswith("#") or any(line.count('"') % 2 for line in two):
        return options
    fields = {
        mark: {len(next(csv.reader([line], delimiter=mark), [])) for line in two}
        for mark in _SEPARATORS
    }
    if all(counts == {1} for counts in fields.values()):
        return f"{options}, delim='{_NO_SEPARATOR}'"
    agreed = [mark for mark, counts in fields.items() if len(counts) == 1 and counts != {1}]
    return f"{options}, delim='{agreed[0]}'" if len(agreed) == 1 else options


def _convert(
    files: tuple[Path, ...], reader: str, path: Path, role: str, store: Path | None
) -> tuple[Path, tuple[str, ...]]:
    """Write one Parquet copy; text is parsed once and then read by column."""
    return Disk(store, version=VERSION).path(
        f"{digest([str(file.resolve()) for file in files])}.parquet",
        state_of(files),
        lambda draft: _parse(files, reader, path, role, draft),
    )


def _parse(
    files: tuple[Path, ...], reader: str, path: Path, role: str, target: Path
) -> tuple[str, ...]:
    """Convert text and return what a reader should know about how it was read."""
    options = _csv_options(files[0]) if reader == "read_csv" else _OPTIONS[reader]
    with _connection() as connection:
        try:
            _copy(connection, files, reader, options, target)
        except InputError as error:
            if reader != "read_csv" or "nicode" not in error.message:
                raise InputError(_sentence(path, role, error.message), hint=error.hint) from error
            latin = f"{options}, encoding='latin-1'"
            try:
                _copy(connection, files, reader, latin, target)
            except InputError as again:
                raise InputError(_sentence(path, role, again.message), hint=again.hint) from again
            return (f"{path.name} is not valid UTF-8 and was read as Latin-1.",)
    return ()


def _sentence(path: Path, role: str, reason: str) -> str:
    return f"Cannot read the {role} {str(path)!r}: {reason}"


def _connection() -> duckdb.DuckDBPyConnection:
    import duckdb  # noqa: PLC0415 - Parquet needs none

    connection = duckdb.connect(config={"threads": 2, "autoinstall_known_extensions": "false"})
    connection.execute("SET enable_progress_bar=false; SET preserve_insertion_order=false")
    return connection


def _copy(
    connection: duckdb.DuckDBPyConnection,
    files: tuple[Path, ...],
    reader: str,
    options: str,
    target: Path,
) -> None:
    import duckdb  # noqa: PLC0415

    names = [_exactly(file) for file in files]
    try:
        connection.execute(
            f"COPY (SELECT * FROM {reader}(?, {options})) TO '{_quoted(target)}'"
            " (FORMAT parquet, ROW_GROUP_SIZE 122880)",
            [names],
        )
    except duckdb.Error as error:
        reason = " ".join(str(error).split("\n\n", maxsplit=1)[0].split())[:300]
        if str(target) in reason:  # the copy cannot be written: a full disk, not a bad file
            raise OSError(reason) from error
        raise InputError(
            reason, hint="Check that the file is what its name says and was written to its end."
        ) from error


def _exactly(path: Path) -> str:
    """Return a path as a pattern that only this file meets: the reader takes names for patterns."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _described(
    path: Path,
    files: tuple[Path, ...],
    role: str,
    rejected: dict[str, str],
    notes: tuple[str, ...],
) -> Table:
    columns: dict[str, str] = {}
    left_out: dict[str, None] = {}
    rows = 0
    for file in files:
        opened = open_parquet(file, role)
        rows += opened.metadata.num_rows
        schema = opened.schema_arrow
        index = _pandas_index(schema.metadata or {})
        left_out |= dict.fromkeys(name for name in schema.names if name in index)
        for name in dict.fromkeys(schema.names):
            if name in index:
                continue
            if schema.names.count(name) > 1:
                rejected[name] = f"{schema.names.count(name)} columns have this name"
                continue
            dtype = _type_of(schema, name)
            if columns.setdefault(name, dtype) != dtype:
                rejected[name] = f"its type is {columns[name]} in one file and {dtype} in another"
    for name in rejected:
        columns.pop(name, None)
    if not columns and not rejected:
        raise InputError(
            f"Cannot read the {role} {str(path)!r}: it has no columns", hint="Export it again."
        )
    if not rows:
        raise InputError(
            f"Cannot read the {role} {str(path)!r}: it has a header but no rows",
            hint="Choose a period that has data.",
        )
    if left_out:
        named = ", ".join(map(repr, left_out))
        notes = (*notes, f"{path.name}: {named} is a numbering of rows by pandas and is left out.")
    return Table(str(path), files, columns, rows, rejected, notes)


def _type_of(schema: pa.Schema, name: str) -> str:
    """Return the type of a column's values: how they are stored is not what they are."""
    dtype = str(schema.field(name).type)
    if dtype.startswith("dictionary<values="):
        return dtype.split("=")[1].split(",", maxsplit=1)[0]
    return dtype


def _pandas_index(metadata: Mapping[bytes, bytes]) -> set[str]:
    """Return the unnamed index columns that pandas wrote: they number rows and are no feature.

    An index with a name is kept: it is a column that somebody chose.
    """
    try:
        said = json.loads(metadata.get(b"pandas", b"{}"))
        names = said.get("index_columns", [])
    except (ValueError, AttributeError):  # written by another program, or damaged: says nothing
        return set()
    return {
        name
        for name in (names if isinstance(names, list) else [])
        if isinstance(name, str) and name.startswith("__index_level_")
    }


def open_parquet(file: Path, role: str = "data") -> pq.ParquetFile:
    """Open one Parquet file, text columns as dictionaries.

    Raises:
        InputError: It is no Parquet file, or not a whole one.
    """
    import pyarrow as pa  # noqa: PLC0415 - 0.1 s that a start-up need not pay
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        stat = os.stat(file)  # noqa: PTH116 - half the time of Path.stat, for hundreds of days
        footer = _footer(str(file), stat.st_size, stat.st_mtime_ns, stat.st_ino)
        return pq.ParquetFile(
            pa.OSFile(str(file)),
            pre_buffer=False,
            read_dictionary=footer.texts or None,
            metadata=footer.metadata,
        )
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).split(". ", maxsplit=1)[0].split("\n", maxsplit=1)[0]
        raise InputError(
            f"Cannot read the {role} file {str(file)!r}: not a whole Parquet file ({reason})",
            hint="It may be cut off, or of another format; write it again.",
        ) from error


@dataclass(frozen=True, slots=True)
class _Footer:
    """What a Parquet file says of itself. texts: its text columns."""

    metadata: pq.FileMetaData
    texts: list[str]


@lru_cache(maxsize=MOST_FOOTERS)
def _footer(file: str, _size: int, _changed: int, _inode: int) -> _Footer:
    """Return the footer of a file in one state: its columns are read by many, one after the other."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    metadata = pq.ParquetFile(file).metadata
    schema = metadata.schema.to_arrow_schema()
    texts = [
        name
        for name, dtype in zip(schema.names, schema.types, strict=True)
        if pa.types.is_string(dtype) or pa.types.is_large_string(dtype)
    ]
    return _Footer(metadata, texts)


def union(tables: Sequence[Table], name: str) -> Table:
    """Return several tables with the same columns as one."""
    return Table(
        name,
        tuple(path for table in tables for path in table.paths),
        tables[-1].columns,
        sum(table.rows for table in tables),
    )


def write_table(columns: Mapping[str, Any], target: Path) -> Table:
    """Write columns held in memory as a Parquet file and open it."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    pq.write_table(pa.table(dict(columns)), target, row_group_size=122_880)
    return open_table(target)


def by_day(table: Table, column: str, store: Path) -> dict[date, Table]:
    """Cut a table into one per UTC day of a time column; rows without a time are left out.

    Raises:
        InputError: The column holds no times.
    """
    import duckdb  # noqa: PLC0415

    folder = Path(tempfile.mkdtemp(prefix="days-", dir=store))
    name = column.replace('"', '""')
    files = [_exactly(path) for path in table.paths]
    with _connection() as connection:
        try:
            connection.execute(
                f"""COPY (
                    SELECT *, strftime(CAST("{name}" AS TIMESTAMP), '%Y-%m-%d') AS "_day"
                    FROM read_parquet(?) WHERE "{name}" IS NOT NULL
                ) TO '{_quoted(folder)}' (FORMAT parquet, PARTITION_BY ("_day"))""",
                [files],
            )
        except duckdb.Error as error:
            raise InputError(
                f"Cannot split by day of {column!r}: its type is {table.columns[column]}",
                hint="Choose a column that holds dates or times.",
            ) from error
    return {
        date.fromisoformat(part.name.removeprefix("_day=")): open_table(part)
        for part in sorted(folder.iterdir())
    }
