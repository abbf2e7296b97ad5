"""Bundles that somebody has tampered with: bytes changed, or values changed and every digest made right."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import random
import zipfile
from collections.abc import Iterator
from typing import Any

from monitoring.incidents.bundle import PARTS

_DIGEST_BYTES = 64
_MANIFEST, _REST = "manifest.json", "incident.json"
#: What a value is replaced by.
HOSTILE: tuple[Any, ...] = (
    None, True, 0, -1, 1, 2**31, 2**53, 2**63, -(2**63), int("9" * 400), 0.5, -1e308, 1e308, 1e-320, "",
    "x", "nan", "inf", "-inf", "1e5", "a" * 100_000, "\0", "\ud800".encode("utf-8", "replace").decode(),
    "<script>alert(1)</script>", "[click](http://evil.example) ![i](http://evil.example/b.png)", "$x$",
    ":red[x]", "=1+1", "../../etc/passwd", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:00-14:00",
    "2026-01-01", "2026-11-21T12:00:00", "1969-12-31T00:00:00+00:00", "2199-12-31T23:59:59+00:00", [], {},
    [[]], [None], [1, 2, 3], {"start": "2026-01-01T00:00:00+00:00", "end": "2026-01-01T00:00:00+00:00"},
    {"start": "0001-01-01T00:00:00+00:00", "end": "9999-12-31T00:00:00+00:00"}, {"a": 1}, ["x"] * 20_000,
)  # fmt: skip


def parts_of(bundle: bytes) -> dict[str, Any]:
    """Return the parts of a sound bundle as what their JSON holds."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def signed(parts: dict[str, Any]) -> bytes:
    """Return a bundle of these parts with every digest as it has to be."""
    texts = {name: json.dumps(value).encode() for name, value in parts.items() if name != _MANIFEST}
    digests = {name: hashlib.sha256(text).hexdigest() for name, text in texts.items()}
    manifest = json.dumps(parts[_MANIFEST] | {"parts": digests}).encode()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {_MANIFEST: manifest, **texts}.items():
            archive.writestr(name, text)
        archive.comment = b"0" * _DIGEST_BYTES
    content = file.getvalue()[:-_DIGEST_BYTES]
    return content + hashlib.sha256(content).hexdigest().encode()


def hostile(bundle: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield so many bundles, the same ones for a seed: one in five of changed bytes."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    parts = parts_of(bundle)
    for number in range(count):
        if number % 5 == 0:
            yield _bytes_changed(bundle, chance)
        else:
            yield _values_changed(parts, chance)


def _bytes_changed(bundle: bytes, chance: random.Random) -> bytes:
    changed = bytearray(bundle)
    match chance.randrange(3):
        case 0:
            del changed[chance.randrange(len(changed)) :]
        case 1:
            at = chance.randrange(len(changed))
            changed[at:at] = chance.randbytes(chance.randrange(1, 200))
        case _:
            for _ in range(chance.randrange(1, 20)):
                changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    content = bytes(changed[:-_DIGEST_BYTES])
    return content + hashlib.sha256(content).hexdigest().encode()


def _values_changed(parts: dict[str, Any], chance: random.Random) -> bytes:
    changed = copy.deepcopy(parts)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        roots = [changed[name] for name in (_REST, *PARTS) if changed[name]]
        holder, key = _somewhere(chance.choice(roots), chance)
        _change(holder, key, chance)
    return signed(changed)


def _somewhere(root: dict[str, Any], chance: random.Random) -> tuple[Any, Any]:
    """Return an object or a list and a key in it; deep ones are as likely as shallow ones."""
    holder: Any = root
    key: Any = chance.choice(list(root))
    while isinstance(holder[key], dict | list) and holder[key] and chance.random() < 0.8:
        holder = holder[key]
        key = (
            chance.choice(list(holder))
            if isinstance(holder, dict)
            else chance.randrange(len(holder))
        )
    return holder, key


def _change(holder: Any, key: Any, chance: random.Random) -> None:
    """Replace, remove, repeat or take from elsewhere."""
    match chance.randrange(5):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.extend([copy.deepcopy(holder[key])] * chance.choice((1, 2, 300)))
        case 2 if isinstance(holder, dict):
            holder[key] = copy.deepcopy(chance.choice(list(holder.values())))
        case 3 if isinstance(holder[key], list):
            chance.shuffle(holder[key])
        case _:
            alike = [each for each in HOSTILE if isinstance(each, type(holder[key]))]
            of = alike if alike and chance.random() < 0.7 else HOSTILE  # most others are refused
            holder[key] = copy.deepcopy(chance.choice(of))
