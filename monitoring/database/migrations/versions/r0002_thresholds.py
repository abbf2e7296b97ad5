"""Sets of thresholds, and benchmarks of model versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitoring.database.append_only import protect, unprotect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "threshold_sets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace", sa.String(260), nullable=False),
        sa.Column("signal", sa.String(40), nullable=False),
        sa.Column("name", sa.String(260), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("thresholds", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        *_signed(),
        sa.PrimaryKeyConstraint("id", name="pk_threshold_sets"),
        sa.UniqueConstraint(
            "workspace", "signal", "name", "version", name="uq_threshold_sets_workspace"
        ),
    )
    op.create_table(
        "benchmarks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace", sa.String(260), nullable=False),
        sa.Column("model", sa.String(260), nullable=False),
        sa.Column("model_version", sa.String(260), nullable=False),
        sa.Column("metric", sa.String(260), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        *_signed(),
        sa.PrimaryKeyConstraint("id", name="pk_benchmarks"),
    )
    model = ["workspace", "model", "model_version", "metric"]
    op.create_index("ix_benchmarks_model", "benchmarks", model)
    for table in ("threshold_sets", "benchmarks"):
        for statement in protect(table, op.get_context().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    """Drop the tables."""
    for table in ("benchmarks", "threshold_sets"):
        for statement in unprotect(table, op.get_context().dialect.name):
            op.execute(statement)
    op.drop_index("ix_benchmarks_model", "benchmarks")
    op.drop_table("benchmarks")
    op.drop_table("threshold_sets")


def _signed() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("known_from", sa.String(20), nullable=False),
    )
