"""A frozen incident as a file: a zip of JSON with a digest of each part and of the whole.

    manifest.json   format, version, product, when, SHA-256 of each part
    incident.json   the incident and what is said about it
    lanes.json      the lanes
    moments.json    what was known when
    logs.json       lines of logs around it

The last 64 bytes are the SHA-256 of all before them, in the zip's comment. Nothing is unpacked to
disk, nothing but JSON is read, and no more of it than `MOST_UNPACKED` and `MOST_VALUES`. Digests say
that a file is whole, not who made it: `bundle_rules` says what it may hold.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from monitoring.errors import InputError
from monitoring.incidents import bundle_rules
from monitoring.incidents.frozen import Frozen
from monitoring.incidents.thinning import thinned
from monitoring.results.json_records import plain, read

FORMAT, VERSION = "leeway-incident", 2
#: Places were text.
OLDER = 1
MOST_BYTES = 5_000_000
#: Unpacked, all parts together: bytes, and values of JSON, of which each takes up to 100 bytes of memory.
MOST_UNPACKED, MOST_VALUES = 20_000_000, 1_500_000
#: Points of a lane and lines of a log that are tried in turn until the file is small enough.
SIZES = ((None, None), (4_000, 500), (1_500, 200), (500, 100), (150, 20), (40, 0))
#: Field of a frozen incident -> its part; all others are in incident.json.
PARTS: Mapping[str, tuple[str, ...]] = {
    "lanes.json": ("lanes",),
    "moments.json": ("moments",),
    "logs.json": ("logs",),
}
_MANIFEST, _REST = "manifest.json", "incident.json"
_DIGEST_BYTES = 64
#: What reading a zip raises when it is none, or no longer one.
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, NotImplementedError,
    RuntimeError, ValueError, IndexError,
)  # fmt: skip
_ASK_AGAIN = "Ask for the file again, or freeze the incident again."


def write(frozen: Frozen, most_bytes: int = MOST_BYTES) -> bytes:
    """Return the file; it holds less, and says so, where it would be too large.

    Raises:
        InputError: Even its smallest form is too large.
    """
    for points, lines in SIZES:
        small = frozen if points is None else _smaller(frozen, points, lines or 0)
        texts = _texts(small)
        packed = _packed(small, texts)
        if len(packed) <= most_bytes and not _too_much(texts.values()):
            return packed
    raise InputError(
        f"Cannot freeze the incident {frozen.incident.id!r}: {len(packed):,} bytes are more than "
        f"{most_bytes:,}, or hold too many values",
        hint="Choose one deployment or a shorter window.",
    )


def _smaller(frozen: Frozen, points: int, lines: int) -> Frozen:
    logs = tuple(
        replace(
            log,
            rows=log.rows[:lines],
            cut=log.cut or f"the first {lines} of {len(log.rows)} lines",
        )
        if len(log.rows) > lines
        else log
        for log in frozen.logs
    )
    said = (
        f"To keep the file small, each lane has at most {points:,} steps, its least and greatest "
        f"values among them, and each log {lines} lines."
    )
    small = tuple(thinned(lane, points) for lane in frozen.lanes)
    return replace(frozen, lanes=small, logs=logs, thinned=said)


def _texts(frozen: Frozen) -> dict[str, bytes]:
    """Return all parts but the manifest."""
    record = {field.name: plain(getattr(frozen, field.name)) for field in fields(frozen)}
    texts = {
        part: _json({name: record.pop(name) for name in names}) for part, names in PARTS.items()
    }
    return texts | {_REST: _json(record)}


def _packed(frozen: Frozen, texts: Mapping[str, bytes]) -> bytes:
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "product": frozen.product,
        "frozen": plain(frozen.frozen),
        "parts": {part: hashlib.sha256(text).hexdigest() for part, text in texts.items()},
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for part, text in {_MANIFEST: _json(manifest), **texts}.items():
            # A fixed date: the same incident gives the same bytes.
            entry = zipfile.ZipInfo(part, date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, text, zipfile.ZIP_DEFLATED, 9)
        archive.comment = b"0" * _DIGEST_BYTES
    content = file.getvalue()[:-_DIGEST_BYTES]
    return content + hashlib.sha256(content).hexdigest().encode()


def _json(value: object) -> bytes:
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def open_(content: bytes) -> Frozen:
    """Return the incident in a file.

    Raises:
        InputError: It is too large, no bundle, damaged, of a newer version, or holds what none may.
    """
    if len(content) > MOST_BYTES:
        raise InputError(
            f"Cannot open the file: {len(content):,} bytes are more than a bundle has "
            f"({MOST_BYTES:,})",
            hint="Choose a file that was frozen on the page Incidents.",
        )
    parts = _parts(content)
    if _too_much(parts.values()):
        raise _foreign("it would unpack to more than a bundle holds")
    manifest = _parsed(parts, _MANIFEST)
    _check(manifest, parts, content)
    record: dict[str, Any] = dict(_parsed(parts, _REST))
    for part in PARTS:
        record |= _parsed(parts, part)
    frozen = read(Frozen, record)
    bundle_rules.check(frozen)
    return frozen


def _too_much(texts: Iterable[bytes]) -> bool:
    """Whether texts of JSON hold more than may be read: each value but the first follows a comma."""
    texts = tuple(texts)
    values = sum(text.count(b",") for text in texts)
    return values > MOST_VALUES or sum(map(len, texts)) > MOST_UNPACKED


def _parts(content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {entry.filename: _unpacked(archive, entry) for entry in _entries(archive)}
    except _UNREADABLE as error:
        if content.startswith(b"PK") and _MANIFEST.encode() in content[:200]:
            raise _damaged("its archive cannot be read") from error
        raise _foreign("it is no zip archive that can be read") from error


def _entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    entries = archive.infolist()
    if sorted(entry.filename for entry in entries) != sorted({_MANIFEST, _REST, *PARTS}):
        raise _foreign("it has other parts than a frozen incident")
    if sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise _foreign("it would unpack to more than a bundle holds")
    return entries


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as file:
        text = file.read(MOST_UNPACKED + 1)
    if len(text) > MOST_UNPACKED:  # the size that the archive states may be a lie
        raise _foreign("it would unpack to more than a bundle holds")
    return text


def _parsed(parts: Mapping[str, bytes], part: str) -> dict[str, Any]:
    try:
        found = json.loads(parts[part])
    except (ValueError, RecursionError) as error:
        raise _damaged(f"{part} is no JSON") from error
    if not isinstance(found, dict):
        raise _damaged(f"{part} is not as it was written")
    return found


def _check(manifest: Mapping[str, Any], parts: Mapping[str, bytes], content: bytes) -> None:
    if manifest.get("format") != FORMAT:
        raise _foreign("its manifest is of something else")
    if manifest.get("version") not in {OLDER, VERSION}:
        raise InputError(
            f"Cannot open the bundle: it is of version {manifest.get('version')!r}, this product "
            f"reads {OLDER} and {VERSION}",
            hint=f"Open it with the product's version {manifest.get('product')!r} or a newer one.",
        )
    digests = manifest.get("parts")
    for part in (_REST, *PARTS):
        found = hashlib.sha256(parts[part]).hexdigest()
        if not isinstance(digests, dict) or digests.get(part) != found:
            raise _damaged(f"{part} was changed after it was frozen")
    whole = hashlib.sha256(content[:-_DIGEST_BYTES]).hexdigest().encode()
    if content[-_DIGEST_BYTES:] != whole:
        raise _damaged("it was changed after it was frozen")


def _foreign(why: str) -> InputError:
    return InputError(
        f"Cannot open the file as a frozen incident: {why}",
        hint="Choose a file that was frozen on the page Incidents.",
    )


def _damaged(why: str) -> InputError:
    return InputError(f"Cannot open the bundle: {why}", hint=_ASK_AGAIN)
