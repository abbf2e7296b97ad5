"""The errors a reader can act on, one tree.

MonitoringError
├── SourceError              the outside world did not answer as asked
│   ├── NotPermittedError    it refused this identity
│   └── PartialResultError   it answered, but not with everything
├── InputError               a file, column or option cannot be used as given
├── NotEnoughData            a statistic is undefined for so few rows
├── SchemaMismatch           reference and production do not describe the same feature
├── LeaseLost                another process has taken over the task
└── Cancelled                the user stopped it
"""

from __future__ import annotations


class MonitoringError(Exception):
    """One sentence that says what failed, on what, with which values; and one thing to do about it.

    >>> print(MonitoringError("Cannot read 'a.csv': the file is empty", hint="Export it again."))
    Cannot read 'a.csv': the file is empty. Hint: Export it again.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message.rstrip(".")
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}. Hint: {self.hint}" if self.hint else f"{self.message}."


class SourceError(MonitoringError):
    """The outside world did not answer as asked."""


class NotPermittedError(SourceError):
    """The outside world refused this identity."""


class PartialResultError(SourceError):
    """The outside world answered, but not with everything."""


class InputError(MonitoringError):
    """A file, a column or an option cannot be used as given."""


class NotEnoughData(MonitoringError):  # noqa: N818 - the design's word
    """A statistic is undefined for so few rows."""


class SchemaMismatch(MonitoringError):  # noqa: N818 - the design's word
    """Reference and production do not describe the same feature."""


class LeaseLost(MonitoringError):  # noqa: N818 - not a fault
    """Another process has taken over the task."""


class Cancelled(MonitoringError):  # noqa: N818 - not a fault
    """The user stopped the computation; what was finished before stays."""
