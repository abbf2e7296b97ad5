"""Azure ML's own data-quality monitor: its numbers, our verdict on them, and its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from monitoring.arrays import Kind
from monitoring.azureml import is_service_breach
from monitoring.azureml.quality import (
    ROWS,
    Checked,
    JoinedRow,
    Rates,
    Statistics,
    has_fractions,
    joined,
    statistics,
    violations,
)
from monitoring.counting.engine.exact import service_column, spark_type
from monitoring.counting.engine.tables import Table
from monitoring.errors import Cancelled, MonitoringError
from monitoring.metric import MetricResult
from monitoring.metrics.quality import METRICS
from monitoring.metrics.quality_metric import TABLE
from monitoring.place import WORKSPACE, Place
from monitoring.signals.data_quality.judging import Thresholds, draft_of, refused
from monitoring.verdict import judge, unjudged
from monitoring.window import Window

#: What Azure ML's SDK adds to the baseline's rate when no threshold is set.
SERVICE_THRESHOLD = 0.0
_BY_SERVICE_NAME = {m.azureml_name: m for m in METRICS.values() if m.azureml_name}


@dataclass(frozen=True, eq=False)
class Service:
    """Azure ML's own data-quality monitor over one reference, whose statistics are kept.

    failures: why its job would fail, by column. own: the reference's rates against itself.
    """

    known: Mapping[str, Statistics]
    own: Checked
    numerical: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()

    @classmethod
    def over(
        cls,
        reference: Table,
        names: Sequence[str],
        *,
        numerical: Sequence[str] = (),
        categorical: Sequence[str] = (),
    ) -> Service:
        """Read the reference's statistics and its own rates."""
        whole = has_fractions([spark_type(t) for t in reference.columns.values()])
        declared = {"numerical": numerical, "categorical": categorical}
        known: dict[str, Statistics] = {}
        rates, failures = {}, {}
        for name in names:
            if name not in reference.columns:
                continue
            column = service_column(reference, name)
            try:
                known[name] = statistics(column, has_fractions=whole, **declared)
                rates[name] = violations(column, known[name], **declared)
            except MonitoringError as error:
                failures[name] = error.message
        checked = Checked(reference.rows, rates, failures)
        return cls(known, checked, tuple(numerical), tuple(categorical))

    def results(
        self,
        production: Table,
        *,
        metrics: Collection[str] | None = None,
        thresholds: Thresholds | None = None,
        window: Window | None = None,
        place: Place = WORKSPACE,
        stop: Callable[[], bool] | None = None,
    ) -> list[MetricResult]:
        """Return the service's numbers, our verdict on them, and that of its own evaluator.

        Raises:
            Cancelled: `stop` said so.
        """
        target = self.checked(production, stop)
        lines = joined(
            self.own.lines(), target.lines(), numerical_threshold=0.0, categorical_threshold=0.0
        )
        kinds = {name: each.kind for name, each in self.own.rates.items()}
        results = [
            self._result(line, kinds.get(line.feature), target, thresholds, window, place)
            for line in lines
            if metrics is None or _BY_SERVICE_NAME[line.metric].name in metrics
        ]
        failures = {**self.own.failures, **target.failures}
        failed = [
            replace(refused(place.of(name), why, "azureml"), service_verdict="error", window=window)
            for name, why in failures.items()
        ]
        return [*results, *failed]

    def checked(self, production: Table, stop: Callable[[], bool] | None = None) -> Checked:
        """Return the rates of a table; of a column that the reference lacks only its nulls.

        Raises:
            Cancelled: `stop` said so.
        """
        rates, failures = {}, {}
        for name in production.columns:
            if name not in self.own.rates and name not in self.own.failures:
                column = service_column(production, name)
                rates[name] = Rates(
                    name, column.kind(), column.rows, column.nulls, None, None, has_bounds=False
                )
        for name, known in self.known.items():
            if stop and stop():
                raise Cancelled(f"Stopped before {name!r}")
            if name not in production.columns:
                failures[name] = "production has no such column"
                continue
            column = service_column(production, name)
            try:
                rates[name] = violations(
                    column, known, numerical=self.numerical, categorical=self.categorical
                )
            except MonitoringError as error:
                failures[name] = error.message
        return Checked(production.rows, rates, failures)

    def _result(
        self,
        line: JoinedRow,
        kind: Kind | None,
        target: Checked,
        thresholds: Thresholds | None,
        window: Window | None,
        place: Place,
    ) -> MetricResult:
        metric = _BY_SERVICE_NAME[line.metric]
        feature = line.feature or TABLE
        added = SERVICE_THRESHOLD
        for key in (metric.name, f"{metric.name}:{feature}"):
            added = (thresholds or {}).get(key, added)
        limit = math.nan if line.threshold is None else line.threshold + added
        breached = is_service_breach(line.metric, line.target, None if math.isnan(limit) else limit)
        measured = replace(
            draft_of(metric, place.of(feature), kind, None, window, "azureml"),
            threshold=limit,
            worse="higher",
            unit="rows" if line.metric == ROWS else metric.unit,
            rows=target.rows,
            reference_rows=self.own.rows,
            value=line.target,
            service_verdict="breached" if breached else "ok",
            method=f"{line.metric}, nulls filled before types and bounds are checked",
        )
        if line.target is None:
            reason = "not computed by Azure ML: in production the column is not numerical to it"
            return judge(measured, blind=("error", reason))
        if line.metric == ROWS:
            reason = "no verdict of ours: more rows are no fault"
            return unjudged(replace(measured, method="RowCount"), reason)
        return judge(measured)
