"""What the metrics of a model version should be, where a user has said so."""

from __future__ import annotations

import math
from datetime import datetime

from sqlalchemy import select

from monitoring.database.database import Database
from monitoring.database.tables import BenchmarkRow
from monitoring.decisions import changes
from monitoring.decisions.stored import Author, Benchmark
from monitoring.errors import InputError
from monitoring.place import Place


class Benchmarks:
    """The benchmarks of a workspace."""

    def __init__(self, database: Database, workspace: str) -> None:
        self._database = database
        self._workspace = workspace

    def of(self, model: str, version: str) -> tuple[Benchmark, ...]:
        """Return what is set for a model version, by metric.

        Raises:
            SourceError: The database cannot be read.
        """
        chosen = (
            select(BenchmarkRow)
            .where(
                BenchmarkRow.workspace == self._workspace,
                BenchmarkRow.model == model,
                BenchmarkRow.model_version == version,
            )
            .order_by(BenchmarkRow.id)
        )
        with self._database.reading() as session:
            last = {row.metric: _benchmark(row) for row in session.scalars(chosen)}
        return tuple(last[name] for name in sorted(last) if last[name].value is not None)

    def set(
        self,
        model: str,
        version: str,
        metric: str,
        value: float | None,
        *,
        author: Author,
        now: datetime,
        note: str = "",
    ) -> None:
        """Say what a metric should be; None withdraws it, and the registered model's own counts again.

        Raises:
            InputError: It is no number, or that is set already.
            SourceError: The database cannot be written to.
        """
        if value is not None and not math.isfinite(value):
            raise InputError(f"Cannot set {metric!r} to {value}", hint="Give a number.")
        before = next((b.value for b in self.of(model, version) if b.metric == metric), None)
        if value == before:
            raise InputError(
                f"{metric!r} of {model}:{version} is "
                + ("not set" if value is None else f"{value:g} already"),
                hint="Give another value.",
            )
        with self._database.writing() as session:
            row = BenchmarkRow(
                workspace=self._workspace,
                model=model,
                model_version=version,
                metric=metric,
                value=value,
                note=note,
                **changes.signed(author, now),
            )
            session.add(row)
            session.flush()
            shown = f"{model}:{version} {metric}"
            session.add(
                changes.row_of(
                    Place(workspace=self._workspace),
                    "benchmark",
                    "withdrawn" if value is None else "set",
                    (row.id, shown if value is None else f"{shown} = {value:g}"),
                    signal="model_performance",
                    previous=(None, "" if before is None else f"{before:g}"),
                    author=author,
                    now=now,
                    note=note,
                )
            )


def _benchmark(row: BenchmarkRow) -> Benchmark:
    return Benchmark(
        model=row.model,
        version=row.model_version,
        metric=row.metric,
        value=row.value,
        note=row.note,
        created=row.created,
        author=Author(row.created_by, row.known_from),  # type: ignore[arg-type]  # written by us
    )
