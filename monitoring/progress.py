"""How far a long computation has come, told to whoever waits for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TypeAlias, TypeVar

T = TypeVar("T")

#: Called with a share from 0 to 1 and a text.
Progress: TypeAlias = Callable[[float, str], None]
#: Asked now and then; True ends the computation.
Stop: TypeAlias = Callable[[], bool]


def part(progress: Progress | None, start: float, end: float = 1.0) -> Progress:
    """Return the progress of a step that covers `start` to `end` of the whole.

    >>> said = []
    >>> part(lambda share, text: said.append((share, text)), 0.5, 1.0)(0.5, "half of the second half")
    >>> said
    [(0.75, 'half of the second half')]
    """
    if progress is None:
        return lambda _share, _text: None
    return lambda share, text: progress(start + share * (end - start), text)


def ticked(
    items: Collection[T], progress: Progress | None, words: Callable[[T], str]
) -> Iterator[T]:
    """Yield the items and tell before each which one it is.

    >>> said = []
    >>> list(ticked(["a", "b"], lambda share, text: said.append((share, text)), str.upper))
    ['a', 'b']
    >>> said
    [(0.0, 'A, 1 of 2'), (0.5, 'B, 2 of 2')]
    """
    total = len(items)
    for done, item in enumerate(items):
        if progress is not None:
            progress(done / total, f"{words(item)}, {done + 1} of {total}")
        yield item
