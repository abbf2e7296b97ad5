"""Baselines, and the history of what was decided."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitoring.database.append_only import forget, protect, unprotect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "baselines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace", sa.String(260), nullable=False),
        sa.Column("endpoint", sa.String(260), nullable=False),
        sa.Column("deployment", sa.String(260), nullable=False),
        sa.Column("name", sa.String(260), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        *_signed(),
        sa.PrimaryKeyConstraint("id", name="pk_baselines"),
        sa.UniqueConstraint(
            "workspace", "endpoint", "deployment", "name", "version", name="uq_baselines_workspace"
        ),
    )
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace", sa.String(260), nullable=False),
        sa.Column("endpoint", sa.String(260), nullable=False),
        sa.Column("deployment", sa.String(260), nullable=False),
        sa.Column("signal", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(20), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("item", sa.Integer(), nullable=True),
        sa.Column("what", sa.String(260), nullable=False),
        sa.Column("previous", sa.Integer(), nullable=True),
        sa.Column("before", sa.String(260), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        *_signed(),
        sa.PrimaryKeyConstraint("id", name="pk_changes"),
    )
    place = ["workspace", "endpoint", "deployment", "signal", "subject"]
    op.create_index("ix_changes_place", "changes", place)
    for table in ("baselines", "changes"):
        for statement in protect(table, op.get_context().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    """Drop the tables."""
    dialect = op.get_context().dialect.name
    for table in ("changes", "baselines"):
        for statement in unprotect(table, dialect):
            op.execute(statement)
    op.drop_index("ix_changes_place", "changes")
    op.drop_table("changes")
    op.drop_table("baselines")
    for statement in forget(dialect):
        op.execute(statement)


def _signed() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("known_from", sa.String(20), nullable=False),
    )
