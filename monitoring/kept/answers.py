"""Answers to questions that readers ask: kept under the question, for every session and restart.

Disk holds them as long as there is room; memory holds what was looked at last. An answer stays until
a newer one takes its place: whoever shows it says how old it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from monitoring.kept.disk import Disk
from monitoring.kept.memory import Entry, Memory
from monitoring.progress import Progress

T = TypeVar("T")

#: Goes up when what is kept means something else.
VERSION = 1
#: Of one workspace, in memory and on disk: a few hundred kilobytes each.
IN_MEMORY, ON_DISK = 60, 500
#: Equal questions share an answer that is younger than this.
FRESH = timedelta(minutes=15)


class Answers:
    """The last answer to each question.

    Args:
        folder: Holds nothing else; None to keep answers for this process only.

    >>> from datetime import UTC
    >>> answers = Answers(None, lambda: datetime(2026, 1, 8, tzinfo=UTC))
    >>> answers.last("two") is None
    True
    >>> answers.entry("two", lambda progress: 2).value, answers.last("two").value
    (2, 2)
    """

    def __init__(self, folder: Path | None, now: Callable[[], datetime]) -> None:
        self._memory = Memory(IN_MEMORY, now)
        self._disk = Disk(folder, version=VERSION, most_files=ON_DISK)

    def last(self, question: str) -> Entry[Any] | None:
        """Return the last answer, of any age; None if there is none."""
        if (known := self._memory.last(question)) is not None:
            return known
        kept: Entry[Any] | None = self._disk.read(question, VERSION)
        if kept is not None:
            self._memory.put(question, kept)
        return kept

    def entry(
        self,
        question: str,
        compute: Callable[[Progress], T],
        *,
        state: str = "",
        progress: Progress | None = None,
    ) -> Entry[T]:
        """Return an answer that is fresh, computed by one session for all that ask meanwhile.

        Args:
            state: Of what the answer is made from, to be compared with later.
        """
        self.last(question)  # a fresh one of before a restart counts, too
        return self._memory.entry(
            question, compute, fresh=FRESH, progress=progress, state=state,
            keep=lambda entry: self._disk.write(question, VERSION, entry),
        )  # fmt: skip
