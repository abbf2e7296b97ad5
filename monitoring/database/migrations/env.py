"""What Alembic runs: on the connection that it is given, or printing SQL for another hand to run."""

from __future__ import annotations

from alembic import context

from monitoring.database.tables import Base


def run() -> None:
    """Run the migrations that Alembic was asked for."""
    connection = context.config.attributes.get("connection")
    if connection is None:
        context.configure(
            dialect_name=context.config.get_main_option("dialect"),
            target_metadata=Base.metadata,
            literal_binds=True,
        )
    else:
        context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()


run()
