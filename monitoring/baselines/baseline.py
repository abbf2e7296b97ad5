"""Baselines: named, dated references that fix the bins of everything compared with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from monitoring.counting.engine import counting
from monitoring.counting.engine.tables import Table
from monitoring.counting.profile import Bins, Profile
from monitoring.metric import MetricResult
from monitoring.window import Window


class Moving(Protocol):
    """References made of days of production: which days a window is compared with."""

    def reference(self, window: Window) -> Mapping[str, Profile]:
        """Return the reference of a window, on the bins of the baseline."""

    def settled(self, results: Sequence[MetricResult], window: Window) -> tuple[MetricResult, ...]:
        """Return results that allow for how much ordinary days differ from one another."""

    def left_out(self) -> Mapping[str, tuple[date, ...]]:
        """Return by feature the days that stand far out, and so are no reference."""


@dataclass(frozen=True, eq=False)
class Baseline:
    """A reference, counted.

    name: what a reader chose, e.g. "training data flight-delay-training:1". created: when that data
    was made, if known. table: the rows, for the modes that need them. profiles: by feature. moving:
    for a reference made of days of production, which each day is compared with in its own way;
    `table` and `profiles` are then those of the window that it was taken for.
    """

    name: str
    created: datetime | None
    table: Table
    plan: Mapping[str, counting.Feature]
    profiles: Mapping[str, Profile] = field(repr=False)
    moving: Moving | None = None

    def at(self, window: Window | None) -> Mapping[str, Profile]:
        """Return the profiles that a window is compared with."""
        if self.moving is None or window is None:
            return self.profiles
        return self.moving.reference(window)

    def settled(
        self, results: Sequence[MetricResult], window: Window | None
    ) -> Sequence[MetricResult]:
        """Return results on a window, with ordinary differences between days allowed for."""
        if self.moving is None or window is None:
            return results
        return self.moving.settled(results, window)

    @property
    def bins(self) -> dict[str, Bins]:
        """Where each feature is cut."""
        return {name: profile.bins for name, profile in self.profiles.items()}

    @property
    def rows(self) -> int:
        """Rows of the reference."""
        return self.table.rows


def take_baseline(
    name: str,
    table: Table,
    *,
    features: list[str] | None = None,
    progress: counting.Progress | None = None,
) -> Baseline:
    """Count a reference.

    Raises:
        InputError: The table cannot be read.
    """
    plan = counting.features(table, features)
    profiles = counting.profile_reference(table, plan, progress=progress)
    return Baseline(name, None, table, plan, profiles)
