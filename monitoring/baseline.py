"""Baselines: named, dated references that fix the bins of everything compared with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitoring.engine import counting
from monitoring.engine.tables import Table
from monitoring.profile import Bins, Kind, Profile


@dataclass(frozen=True, eq=False)
class Baseline:
    """A reference, counted.

    name: what a reader chose, e.g. "training data flight-delay-training:1". created: when that data
    was made, if known. table: the rows, for the modes that need them. profiles: by feature.
    """

    name: str
    created: datetime | None
    table: Table
    plan: Mapping[str, counting.Feature]
    profiles: Mapping[str, Profile] = field(repr=False)

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
    kinds: Mapping[str, Kind] | None = None,
    created: datetime | None = None,
    progress: counting.Progress | None = None,
    stop: counting.Stop | None = None,
) -> Baseline:
    """Count a reference.

    Raises:
        InputError: The table cannot be read.
        Cancelled: `stop` said so.
    """
    plan = counting.features(table, features, kinds)
    profiles = counting.profile_reference(table, plan, progress=progress, stop=stop)
    return Baseline(name, created, table, plan, profiles)
