"""Bytes that say of themselves whether they are whole."""

from __future__ import annotations

import zlib

#: One byte for the format, four for the checksum of the rest.
HEAD = 5


class UnreadableError(Exception):
    """A payload is damaged, or of a format that this version does not know."""


def seal(content: bytes, *, form: int, words: bytes = b"", level: int = 9) -> bytes:
    """Compress content; words: what it is likely to hold, part of the format; level: 0 for what is read often.

    >>> unseal(seal(b"content", form=1), form=1)
    b'content'
    """
    packer = zlib.compressobj(level=level, wbits=-zlib.MAX_WBITS, zdict=words)
    body = packer.compress(content) + packer.flush()
    return bytes((form,)) + zlib.crc32(body).to_bytes(4, "little") + body


def is_whole(sealed: bytes, *, form: int) -> bool:
    """Whether it is undamaged and of this format.

    >>> is_whole(seal(b"content", form=1), form=1), is_whole(b"content", form=1)
    (True, False)
    """
    return (
        len(sealed) > HEAD
        and sealed[0] == form
        and zlib.crc32(memoryview(sealed)[HEAD:]).to_bytes(4, "little") == sealed[1:HEAD]
    )


def unseal(sealed: bytes, *, form: int, words: bytes = b"") -> bytes:
    """Return the content.

    Raises:
        UnreadableError: It is damaged or of another format.
    """
    if not is_whole(sealed, form=form):
        raise UnreadableError
    try:
        return zlib.decompressobj(wbits=-zlib.MAX_WBITS, zdict=words).decompress(
            memoryview(sealed)[HEAD:]
        )
    except zlib.error as error:
        raise UnreadableError from error
