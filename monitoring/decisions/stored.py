"""What users decide and the product keeps: baselines, thresholds, benchmarks, and who did what when.

Nothing kept is ever changed or removed. What is in force is what the last change says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from monitoring.decisions.baseline_rule import BaselineRule
from monitoring.place import Place

#: How the product knows who somebody is.
KnownFrom = Literal["signed in", "typed", "operating system"]
Subject = Literal["baseline", "thresholds", "benchmark"]
Action = Literal["created", "edited", "switched", "set", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Author:
    """Who did something, and how that is known: a typed name is no proof."""

    name: str
    known_from: KnownFrom

    def __str__(self) -> str:
        return f"{self.name} ({self.known_from})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of something that users make and put in force."""

    id: int
    name: str
    version: int
    is_latest: bool
    note: str
    created: datetime
    author: Author

    @property
    def label(self) -> str:
        """Its name, with the version unless that is the latest."""
        return self.name if self.is_latest else f"{self.name}, version {self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBaseline(Version):
    """A baseline that a user has made."""

    place: Place
    rule: BaselineRule


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdSet(Version):
    """A named set of thresholds.

    thresholds: by `metric`, `metric:kind` or `metric:feature`.
    """

    workspace: str
    signal: str
    thresholds: Mapping[str, float] = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """What a metric of a model version should be, as a user says. value: None once withdrawn."""

    model: str
    version: str
    metric: str
    value: float | None
    note: str
    created: datetime
    author: Author


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of the history, which is only ever added to."""

    at: datetime
    author: Author
    subject: Subject
    action: Action
    place: str
    signal: str
    what: str
    before: str = ""
    note: str = ""
