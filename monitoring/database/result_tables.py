"""The tables of what the product measures: evaluations, events, incidents, and who is at work.

An evaluation comes every five minutes for each deployment and signal, so that its row is small:
places, series and digests are numbers here, moments are whole numbers since 1970.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from monitoring.database.base import NAME, PERSON, Base, UtcTime


class WorkspaceRow(Base):
    """A workspace by its full resource id."""

    __tablename__ = "workspaces"
    __table_args__ = (UniqueConstraint("resource_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    resource_id: Mapped[str] = mapped_column(String(NAME))


class PlaceRow(Base):
    """A place of a workspace, without a feature."""

    __tablename__ = "places"
    __table_args__ = (UniqueConstraint("workspace", "endpoint", "deployment", "cluster", "job"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace: Mapped[int] = mapped_column(ForeignKey("workspaces.id"))
    endpoint: Mapped[str] = mapped_column(String(NAME))
    deployment: Mapped[str] = mapped_column(String(NAME))
    cluster: Mapped[str] = mapped_column(String(NAME))
    job: Mapped[str] = mapped_column(String(NAME))


class SeriesRow(Base):
    """A signal at a place on its grid. step: in seconds."""

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("place", "signal", "step"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(ForeignKey("places.id"))
    signal: Mapped[str] = mapped_column(String(80))
    step: Mapped[int]


class InForceRow(Base):
    """A digest of what users had put in force."""

    __tablename__ = "in_force"
    __table_args__ = (UniqueConstraint("digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(NAME))


class EvaluationRow(Base):
    """One evaluation. last: start of its last step, in seconds; evaluated: in microseconds.

    By the last step, since the newest of a series is then the end of the index.
    """

    __tablename__ = "evaluations"
    __table_args__ = (UniqueConstraint("series", "last", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    series: Mapped[int] = mapped_column(ForeignKey("series.id"))
    last: Mapped[int] = mapped_column(BigInteger)
    revision: Mapped[int]
    steps: Mapped[int]
    in_force: Mapped[int] = mapped_column(ForeignKey("in_force.id"))
    fingerprint: Mapped[str] = mapped_column(String(NAME))
    version: Mapped[int]
    evaluated: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float] = mapped_column(Double)
    complete: Mapped[bool]
    payload: Mapped[bytes] = mapped_column(LargeBinary)


class EventRow(Base):
    """One event. key: digest of all it says. time, until: in microseconds."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("workspace", "key"),
        Index("ix_events_time", "workspace", "time"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace: Mapped[int] = mapped_column(ForeignKey("workspaces.id"))
    key: Mapped[str] = mapped_column(String(32))
    time: Mapped[int] = mapped_column(BigInteger)
    until: Mapped[int] = mapped_column(BigInteger)
    payload: Mapped[bytes] = mapped_column(LargeBinary)


class IncidentRow(Base):
    """One revision of an incident; the last one counts. visible: digest of what a reader sees."""

    __tablename__ = "incidents"
    __table_args__ = (UniqueConstraint("workspace", "incident", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace: Mapped[int] = mapped_column(ForeignKey("workspaces.id"))
    incident: Mapped[str] = mapped_column(String(80))
    revision: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcTime)
    place: Mapped[int] = mapped_column(ForeignKey("places.id"))
    title: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(String(20))
    worst: Mapped[str] = mapped_column(String(20))
    began: Mapped[datetime] = mapped_column(UtcTime)
    fired: Mapped[datetime] = mapped_column(UtcTime)
    resolved: Mapped[datetime | None] = mapped_column(UtcTime)
    withdrawn: Mapped[bool]
    signals: Mapped[str] = mapped_column(Text)
    affected: Mapped[str] = mapped_column(Text)
    affected_share: Mapped[float | None] = mapped_column(Double)
    visible: Mapped[str] = mapped_column(String(32))
    payload: Mapped[bytes] = mapped_column(LargeBinary)


class LeaseRow(Base):
    """Who is at a task. term: how often it was taken; until: in microseconds."""

    __tablename__ = "leases"

    task: Mapped[str] = mapped_column(String(400), primary_key=True)
    holder: Mapped[str] = mapped_column(String(PERSON))
    term: Mapped[int] = mapped_column(Integer)
    until: Mapped[int] = mapped_column(BigInteger)


class RoundRow(Base):
    """The last rounds of an evaluator."""

    __tablename__ = "rounds"

    workspace: Mapped[str] = mapped_column(String(NAME), primary_key=True)
    holder: Mapped[str] = mapped_column(String(PERSON), primary_key=True)
    began: Mapped[datetime] = mapped_column(UtcTime)
    finished: Mapped[datetime | None] = mapped_column(UtcTime)


class SnapshotRow(Base):
    """A named piece of content as of a moment."""

    __tablename__ = "snapshots"

    workspace: Mapped[str] = mapped_column(String(NAME), primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME), primary_key=True)
    revision: Mapped[int]
    taken: Mapped[datetime] = mapped_column(UtcTime)
    content: Mapped[bytes] = mapped_column(LargeBinary)
