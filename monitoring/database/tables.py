"""The tables of what users decide. Rows are only ever added: an edit is a new version, a switch a new change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

import monitoring.database.result_tables  # noqa: F401 - so that `Base` knows every table
from monitoring.database.base import NAME, PERSON, Base, UtcTime

__all__ = [
    "KEPT",
    "NAME",
    "PERSON",
    "Base",
    "BaselineRow",
    "BenchmarkRow",
    "ChangeRow",
    "ThresholdSetRow",
]


class Signed:
    """When a row was added, by whom, and how that is known."""

    created: Mapped[datetime] = mapped_column(UtcTime)
    created_by: Mapped[str] = mapped_column(String(PERSON))
    known_from: Mapped[str] = mapped_column(String(20))


class BaselineRow(Signed, Base):
    """One version of a baseline. deployment: empty for all of the endpoint."""

    __tablename__ = "baselines"
    __table_args__ = (UniqueConstraint("workspace", "endpoint", "deployment", "name", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace: Mapped[str] = mapped_column(String(NAME))
    endpoint: Mapped[str] = mapped_column(String(NAME))
    deployment: Mapped[str] = mapped_column(String(NAME))
    name: Mapped[str] = mapped_column(String(NAME))
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(40))
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(Text)


class ThresholdSetRow(Signed, Base):
    """One version of a named set of thresholds."""

    __tablename__ = "threshold_sets"
    __table_args__ = (UniqueConstraint("workspace", "signal", "name", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace: Mapped[str] = mapped_column(String(NAME))
    signal: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(NAME))
    version: Mapped[int]
    thresholds: Mapped[dict[str, float]] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(Text)


class BenchmarkRow(Signed, Base):
    """What a metric of a model version should be; the last row counts, null withdraws it."""

    __tablename__ = "benchmarks"
    __table_args__ = (
        Index("ix_benchmarks_model", "workspace", "model", "model_version", "metric"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace: Mapped[str] = mapped_column(String(NAME))
    model: Mapped[str] = mapped_column(String(NAME))
    model_version: Mapped[str] = mapped_column(String(NAME))
    metric: Mapped[str] = mapped_column(String(NAME))
    value: Mapped[float | None]
    note: Mapped[str] = mapped_column(Text)


class ChangeRow(Signed, Base):
    """Who did what: the history. item, previous: ids in the table of `subject`; null is the default."""

    __tablename__ = "changes"
    __table_args__ = (
        Index("ix_changes_place", "workspace", "endpoint", "deployment", "signal", "subject"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace: Mapped[str] = mapped_column(String(NAME))
    endpoint: Mapped[str] = mapped_column(String(NAME))
    deployment: Mapped[str] = mapped_column(String(NAME))
    signal: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(20))
    item: Mapped[int | None]
    what: Mapped[str] = mapped_column(String(NAME))
    previous: Mapped[int | None]
    before: Mapped[str] = mapped_column(String(NAME))
    note: Mapped[str] = mapped_column(Text)


#: Tables whose rows can be added, but neither changed nor removed: the database itself refuses.
KEPT = tuple(row.__tablename__ for row in (BaselineRow, ThresholdSetRow, BenchmarkRow, ChangeRow))
