"""What the product measures: evaluations, events, incidents, and who is at work."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitoring.database.append_only import protect, unprotect

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

#: In the order in which they refer to one another.
TABLES = (
    "workspaces",
    "places",
    "series",
    "in_force",
    "evaluations",
    "events",
    "incidents",
    "leases",
    "rounds",
    "snapshots",
)


def upgrade() -> None:
    """Make the tables."""
    _make_series()
    _make_evaluations()
    _make_events()
    _make_incidents()
    _make_work()
    for statement in protect("incidents", op.get_context().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables."""
    for statement in unprotect("incidents", op.get_context().dialect.name):
        op.execute(statement)
    op.drop_index("ix_events_time", "events")
    for table in reversed(TABLES):
        op.drop_table(table)


def _make_series() -> None:
    op.create_table(
        "workspaces",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.String(260), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workspaces"),
        sa.UniqueConstraint("resource_id", name="uq_workspaces_resource_id"),
    )
    place = ("workspace", "endpoint", "deployment", "cluster", "job")
    op.create_table(
        "places",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(260), nullable=False) for name in place[1:]),
        sa.PrimaryKeyConstraint("id", name="pk_places"),
        _reference("places", "workspace", "workspaces"),
        sa.UniqueConstraint(*place, name="uq_places_workspace"),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("signal", sa.String(80), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
        _reference("series", "place", "places"),
        sa.UniqueConstraint("place", "signal", "step", name="uq_series_place"),
    )


def _make_evaluations() -> None:
    op.create_table(
        "in_force",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(260), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_in_force"),
        sa.UniqueConstraint("digest", name="uq_in_force_digest"),
    )
    op.create_table(
        "evaluations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("in_force", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(260), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("evaluated", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_evaluations"),
        _reference("evaluations", "series", "series"),
        _reference("evaluations", "in_force", "in_force"),
        sa.UniqueConstraint("series", "last", "revision", name="uq_evaluations_series"),
    )


def _make_events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        _reference("events", "workspace", "workspaces"),
        sa.UniqueConstraint("workspace", "key", name="uq_events_workspace"),
    )
    op.create_index("ix_events_time", "events", ["workspace", "time"])


def _make_incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace", sa.Integer(), nullable=False),
        sa.Column("incident", sa.String(80), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        _moment("at"),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(20), nullable=False),
        sa.Column("worst", sa.String(20), nullable=False),
        _moment("began"),
        _moment("fired"),
        _moment("resolved", nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("signals", sa.Text(), nullable=False),
        sa.Column("affected", sa.Text(), nullable=False),
        sa.Column("affected_share", sa.Double(), nullable=True),
        sa.Column("visible", sa.String(32), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
        _reference("incidents", "workspace", "workspaces"),
        _reference("incidents", "place", "places"),
        sa.UniqueConstraint("workspace", "incident", "revision", name="uq_incidents_workspace"),
    )


def _make_work() -> None:
    op.create_table(
        "leases",
        sa.Column("task", sa.String(400), nullable=False),
        sa.Column("holder", sa.String(200), nullable=False),
        sa.Column("term", sa.Integer(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("task", name="pk_leases"),
    )
    op.create_table(
        "rounds",
        sa.Column("workspace", sa.String(260), nullable=False),
        sa.Column("holder", sa.String(200), nullable=False),
        _moment("began"),
        _moment("finished", nullable=True),
        sa.PrimaryKeyConstraint("workspace", "holder", name="pk_rounds"),
    )
    op.create_table(
        "snapshots",
        sa.Column("workspace", sa.String(260), nullable=False),
        sa.Column("name", sa.String(260), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        _moment("taken"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "name", name="pk_snapshots"),
    )


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _reference(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}")
