"""Numbers of Azure ML's own monitoring components, reproduced through the product's own path.

Every family of the vectors is checked, or refused by name with the reason.
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitoring.azureml import (
    common_columns,
    feature_type,
    histogram_counts,
    histogram_edges,
    is_service_breach,
)
from monitoring.azureml.casts import cast_failures
from monitoring.azureml.quality import Row, imputed, joined, parsed_set, statistics, violations
from monitoring.counting.engine import outcomes as counting
from monitoring.counting.engine import tables
from monitoring.counting.engine.exact import service_column, spark_type
from monitoring.counting.totals.outcomes import Columns, Outcomes
from monitoring.errors import InputError, NotEnoughData
from monitoring.methods.attribution.normalized_discounted_cumulative_gain import (
    AZUREML_NAME,
    normalized_discounted_cumulative_gain,
)
from monitoring.metrics.drift import METRICS
from monitoring.metrics.performance import METRICS as PERFORMANCE
from monitoring.metrics.quality import METRICS as QUALITY
from monitoring.signals.data_drift.comparison import compare_tables
from monitoring.signals.data_quality.service_quality import Service
from monitoring.sources.cloud_events import Events

DATA = Path(__file__).parent / "data" / "azureml_vectors.json"
FILE = Path(os.environ.get("LEEWAY_VECTORS") or DATA)
VECTORS = [v for v in json.loads(FILE.read_text(encoding="utf-8")) if "metric" in v]

NAMES = {m.azureml_name: m.name for m in METRICS.values() if m.azureml_name}
PERFORMANCE_NAMES = {
    "Accuracy": "accuracy",
    "Precision": "precision",
    "Recall": "recall",
    "MeanAbsoluteError": "mean_absolute_error",
    "RootMeanSquaredError": "root_mean_squared_error",
}
ARROW = {
    "double": pa.float64(),
    "float": pa.float32(),
    "int": pa.int32(),
    "long": pa.int64(),
    "bigint": pa.int64(),
    "short": pa.int16(),
    "smallint": pa.int16(),
    "tinyint": pa.int8(),
    "byte": pa.int8(),
    "string": pa.string(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
    "decimal": pa.decimal128(10, 2),
    "binary": pa.binary(),
}


def expanded(values: Any) -> list[Any]:
    """Return the values that a vector stands for."""
    if isinstance(values, dict) and "counts" in values:
        return [label for label, n in values["counts"].items() for _ in range(n)]
    if isinstance(values, dict) and "generator" in values:
        g = values["generator"]
        random = np.random.RandomState(g["numpy_legacy_seed"])
        return random.normal(g["loc"], g["scale"], g["n"]).tolist()
    return list(values)


def column(values: Any, dtype: str) -> pa.Array:
    values = expanded(values)
    if dtype in {"double", "float"}:
        values = [None if v is None else float(v) for v in values]
    kind = ARROW[dtype.split("(", maxsplit=1)[0]]
    if dtype in {"timestamp", "date"}:
        return pa.array(np.array(values, dtype="datetime64[us]")).cast(kind)
    if dtype.startswith("decimal"):
        return pa.array([None if v is None else str(v) for v in values]).cast(kind)
    return pa.array(values, kind)


def close(value: float | None, expected: Any, tolerance: dict[str, float]) -> bool:
    if expected in {"NaN", None} or (isinstance(expected, float) and math.isnan(expected)):
        return value is None
    rel, absolute = min(tolerance.get("rel", 1e-9), 1e-9), tolerance.get("abs", 0.0)
    return value == pytest.approx(float(expected), rel=rel, abs=absolute)


def check_drift(vector: dict[str, Any], folder: Path) -> None:
    params = vector["params"]
    dtype = params["dtype"]
    other = params.get("production_dtype", dtype)
    one = tables.write_table({"x": column(vector["reference"], dtype)}, folder / "r.parquet")
    two = tables.write_table({"x": column(vector["production"], other)}, folder / "p.parquet")
    metric = NAMES[vector["metric"]]
    (result,) = compare_tables(
        one, two, mode="azureml", metrics=[metric], kinds={"x": params["feature_type"]}
    )
    expected = vector["expected"]
    if isinstance(expected, dict) and "error" in expected:
        assert result.value is None
        assert result.reason.startswith("not computed by Azure ML: ")
        return
    assert close(result.value, expected, vector["tolerance"]), (
        result.value,
        expected,
        result.reason,
    )


def check_drift_all_features(vector: dict[str, Any], folder: Path) -> None:
    params, expected = vector["params"], vector["expected"]
    here, there = params["dtypes"], params.get("production_dtypes", params["dtypes"])
    one = tables.write_table(
        {n: column(v, here[n]) for n, v in vector["reference"].items()}, folder / "r.parquet"
    )
    two = tables.write_table(
        {n: column(v, there[n]) for n, v in vector["production"].items()}, folder / "p.parquet"
    )
    chosen = {NAMES[params["numerical_metric"]], NAMES[params["categorical_metric"]]}
    results = compare_tables(one, two, mode="azureml", metrics=chosen)
    if "error" in expected:
        assert all(result.value is None for result in results)
        return
    wanted = {
        "numerical": NAMES[params["numerical_metric"]],
        "categorical": NAMES[params["categorical_metric"]],
    }
    computed = {
        r.subject: r
        for r in results
        if r.kind and r.metric == wanted[r.kind] and r.value is not None
    }
    assert set(computed) == set(expected["features"])
    for name, feature in expected["features"].items():
        assert computed[name].kind == feature["data_type"].lower()
        assert close(computed[name].value, feature["value"], vector["tolerance"])
        assert computed[name].reference_rows == expected["BaselineRowCount"]
        assert computed[name].rows == expected["TargetRowCount"]


def check_feature_type(vector: dict[str, Any], folder: Path) -> None:
    params = vector["params"]
    named = "override" in params  # then the reference is a type's name
    values = [] if named else expanded(vector["reference"])
    found = feature_type(
        vector["reference"] if named else params.get("spark_dtype", params["dtype"]),
        distinct=len(set(values)),
        rows=len(values),
        name="x",
        numerical=["x"] if params.get("override") == "numerical" else (),
        categorical=["x"] if params.get("override") == "categorical" else (),
    )
    assert (found or "skipped") == vector["expected"]


def check_feature_type_by_dtype_name(vector: dict[str, Any], folder: Path) -> None:
    check_feature_type({**vector, "params": {"override": None, **vector["params"]}}, folder)


def check_common_columns(vector: dict[str, Any], folder: Path) -> None:
    names = {"decimal": "decimal(10,2)", "long": "bigint", "short": "smallint", "byte": "tinyint"}
    one, two = (
        {n: names.get(t, t) for n, t in vector[s].items()} for s in ("reference", "production")
    )
    found = {n: names.get(t, t) for n, t in common_columns(one, two).items()}
    assert found == {n: names.get(t, t) for n, t in vector["expected"].items()}
    assert list(found) == [n for n in one if n in found]


def check_histogram_bins(vector: dict[str, Any], folder: Path) -> None:
    one, two = (
        np.array([v for v in expanded(vector[s]) if v is not None], float)
        for s in ("reference", "production")
    )
    rows = tuple(vector["params"]["n_for_bin_rule"])
    edges = histogram_edges(one, two, rows=rows)
    expected = vector["expected"]
    assert edges.tolist() == pytest.approx(expected["edges"], rel=1e-12, abs=0)
    assert histogram_counts(one, edges).tolist() == expected["reference_counts"]
    assert histogram_counts(two, edges).tolist() == expected["production_counts"]


def quality_table(columns: dict[str, Any], dtypes: dict[str, str], path: Path) -> tables.Table:
    return tables.write_table({n: column(v, dtypes[n]) for n, v in columns.items()}, path)


def quality_sides(vector: dict[str, Any], folder: Path) -> tuple[tables.Table, tables.Table]:
    dtypes = vector["params"]["dtypes"]
    others = vector["params"].get("production_dtypes") or dtypes
    one = quality_table(vector["reference"], dtypes, folder / "r.parquet")
    return one, quality_table(vector["production"], others, folder / "p.parquet")


def check_quality_rate(vector: dict[str, Any], folder: Path) -> None:
    one, two = quality_sides(vector, folder)
    params, feature = vector["params"], vector["params"]["feature"]
    declared = {
        kind: [n for n in (params.get(f"override_{kind}_features") or "").split(",") if n]
        for kind in ("numerical", "categorical")
    }
    service = Service.over(one, list(one.columns), **declared)
    (metric,) = [m.name for m in QUALITY.values() if m.azureml_name == vector["metric"]]
    found = {(r.subject, r.metric): r for r in service.results(two)}
    if not vector.get("reported_by_joiner", True):  # computed, but lost where the sides are joined
        assert (feature, metric) not in found
        value = service.checked(two).rates[feature].values()[vector["metric"]]
        assert close(value, vector["expected"], vector["tolerance"])
        return
    result = found[feature, metric]
    assert close(result.value, vector["expected"], vector["tolerance"]), result
    if "baseline_rate" in vector:
        base = service.own.rates[feature].values()[vector["metric"]]
        assert base == pytest.approx(vector["baseline_rate"], abs=5e-6)
        assert result.threshold == pytest.approx(vector["baseline_rate"], abs=5e-6)
    if vector.get("data_type") and "violation_count" in vector:
        rates = violations(service_column(two, feature), service.known[feature], **declared)
        assert (rates.kind or "").capitalize() == vector["data_type"]
        counts = {
            "NullValueRate": rates.nulls,
            "DataTypeErrorRate": rates.type_errors,
            "OutOfBoundsRate": rates.out_of_bounds,
        }
        assert counts[vector["metric"]] == vector["violation_count"]


def check_quality_job(vector: dict[str, Any], folder: Path) -> None:
    one, two = quality_sides(vector, folder)
    declared = [n for n in vector["params"].get("override_numerical_features", "").split(",") if n]
    results = Service.over(one, list(one.columns), numerical=declared).results(two)
    failed = [r for r in results if r.service_verdict == "error"]
    assert "error" in vector["expected"]
    assert [r.subject for r in failed] == ["x"]
    assert failed[0].reason.startswith("not computed by Azure ML: ")


def check_quality_presence(vector: dict[str, Any], folder: Path) -> None:
    one, two = quality_sides(vector, folder)
    results = Service.over(one, list(one.columns)).results(two)
    names = {metric.azureml_name: metric.name for metric in QUALITY.values()}
    there = {r.subject for r in results if r.metric == names["OutOfBoundsRate"]}
    absent = vector["expected"]["OutOfBoundsRate_absent_for"]
    assert there == set(one.columns) - set(absent)
    (rows,) = [r for r in results if r.metric == names["RowCount"]]
    assert rows.value == vector["expected"]["RowCount"]


def check_quality_statistics(vector: dict[str, Any], folder: Path) -> None:
    dtypes = vector["params"]["dtypes"]
    table = quality_table(vector["reference"], dtypes, folder / "r.parquet")
    fractions = bool({"double", "float"} & set(dtypes.values()))
    expected = vector["expected"]
    if isinstance(expected, dict):
        assert "error" in expected
        with pytest.raises(Exception, match="job fails"):
            [statistics(service_column(table, n), has_fractions=fractions) for n in table.columns]
        return
    for line in expected:
        found = statistics(service_column(table, line["feature"]), has_fractions=fractions)
        assert (found.minimum, found.maximum) == (line["min"], line["max"])
        if isinstance(line.get("set"), list):
            assert found.set_text is not None
            assert set(parsed_set(found.set_text)) == set(line["set"])
        elif line.get("set_text") is None:
            assert found.set_text is None
        else:  # the order inside is not defined
            assert sorted(found.set_text or "") == sorted(line["set_text"])


def check_quality_threshold(vector: dict[str, Any], folder: Path) -> None:
    params = vector["params"]
    one, two = ([Row(*line) for line in vector[s]] for s in ("reference", "production"))
    lines = joined(
        one,
        two,
        numerical_threshold=float(params["numerical_threshold"]),
        categorical_threshold=float(params["categorical_threshold"]),
    )
    found = [
        [x.feature, x.metric, x.threshold, is_service_breach(x.metric, x.target, x.threshold)]
        for x in lines
    ]
    assert [(f, m, b) for f, m, _, b in found] == [(f, m, b) for f, m, _, b in vector["expected"]]
    assert [t for *_, t, _ in found] == pytest.approx([t for *_, t, _ in vector["expected"]])


def check_type_errors(vector: dict[str, Any], folder: Path) -> None:
    params = vector["params"]
    counts = Counter(vector["production"])
    failed = cast_failures(
        params["production_dtype"],
        params["reference_dtype"],
        rows=counts.total(),
        numbers=None,
        counts=counts,
    )
    assert failed >= vector["expected"]


def check_imputed(vector: dict[str, Any], folder: Path) -> None:
    for name, values in vector["production"].items():
        dtype = "string" if "string" in name else "int" if "integer" in name else "double"
        table = tables.write_table({name: column(values, dtype)}, folder / f"{name}.parquet")
        read = service_column(table, name)
        filled = imputed(read, read.kind())
        expected = vector["expected"][name]
        if dtype == "string":
            assert filled.counts == Counter(expected)
        else:
            assert filled.numbers is not None
            assert sorted(filled.numbers.tolist()) == sorted(expected)


def check_null_count(vector: dict[str, Any], folder: Path) -> None:
    values = column(vector["production"], vector["params"]["dtype"])
    table = tables.write_table({"x": values}, folder / "p.parquet")
    assert service_column(table, "x").nulls == vector["expected"]


def check_set_parse(vector: dict[str, Any], folder: Path) -> None:
    assert parsed_set(vector["reference"]) == vector["expected"]


def check_set_violations(vector: dict[str, Any], folder: Path) -> None:
    dtype = vector["params"]["dtype"]
    one, two = (
        tables.write_table({"x": column(vector[s], dtype)}, folder / f"{s}.parquet")
        for s in ("reference", "production")
    )
    known = statistics(service_column(one, "x"))
    assert violations(service_column(two, "x"), known).out_of_bounds == vector["expected"]


def check_breach(vector: dict[str, Any], folder: Path) -> None:
    params = vector["params"]
    found = is_service_breach(params["metric_name"], vector["production"], params["threshold"])
    assert found is vector["expected"]


def events(lines: list[dict[str, Any]]) -> pa.Table:
    read = Events(now=datetime(2100, 1, 1, tzinfo=UTC), fetch=lambda url: b"")
    read.add(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    return read.table()


def check_rows_from_events(vector: dict[str, Any], folder: Path) -> None:
    found = events([{"time": "2026-01-01T00:00:00Z", **line} for line in vector["production"]])
    expected = vector["expected"]
    rows = [[row[name] for name in expected["columns"]] for row in found.to_pylist()]
    assert rows == expected["rows"]


def check_complex_columns(vector: dict[str, Any], folder: Path) -> None:
    names = list(vector["production"])
    records = [
        dict(zip(names, row, strict=True))
        for row in zip(*vector["production"].values(), strict=True)
    ]
    found = events([{"time": "2026-01-01T00:00:00Z", "correlationid": "a", "data": records}])
    assert {name: found[name].to_pylist() for name in names} == vector["expected"]


def performance_outcomes(vector: dict[str, Any], folder: Path, name: str) -> Outcomes:
    def values(side: str) -> list[Any]:
        return [float("nan") if value == "NaN" else value for value in vector[side]]

    rows = {"label": values("reference"), "prediction": values("production")}
    is_number = "regression" in PERFORMANCE[name].tasks
    task: Any = "regression" if is_number else "multiclass_classification"
    table = tables.write_table(rows, folder / "rows.parquet")
    return counting.count(table, Columns(task, "prediction", "label"))


def check_performance(vector: dict[str, Any], folder: Path) -> None:
    name = PERFORMANCE_NAMES[vector["metric"]]
    found = PERFORMANCE[name].measure(performance_outcomes(vector, folder, name))
    assert close(found.value, vector["expected"], vector["tolerance"]), found


def check_failed_performance(vector: dict[str, Any], folder: Path) -> None:
    """Where the service's job fails, the row is counted as a fault and the rest computed."""
    assert "NaN" in vector["expected"]["error"]
    name = "mean_absolute_error"
    outcomes = performance_outcomes(vector, folder, name)
    assert outcomes.faults == {counting.NO_PREDICTION: 1}
    assert PERFORMANCE[name].measure(outcomes).rows == len(vector["production"]) - 1


def check_gain(vector: dict[str, Any], _folder: Path) -> None:
    one, two = (np.array(vector[side], dtype=float) for side in ("reference", "production"))
    expected = vector["expected"]
    if len(one) < 2:
        assert "error" in expected
        with pytest.raises(NotEnoughData):
            normalized_discounted_cumulative_gain(one, two)
        return
    value = normalized_discounted_cumulative_gain(one, two)
    assert value == pytest.approx(expected, rel=1e-9, abs=1e-12)


CHECKS: dict[str, Callable[[dict[str, Any], Path], None]] = {
    **dict.fromkeys(NAMES, check_drift),
    "drift_all_features": check_drift_all_features,
    "feature_type": check_feature_type,
    "feature_type_by_dtype_name": check_feature_type_by_dtype_name,
    "common_columns": check_common_columns,
    "histogram_bins": check_histogram_bins,
    **dict.fromkeys(("NullValueRate", "DataTypeErrorRate", "OutOfBoundsRate"), check_quality_rate),
    "data_quality": check_quality_job,
    "data_quality_metric_presence": check_quality_presence,
    "data_quality_statistics": check_quality_statistics,
    "data_quality_threshold": check_quality_threshold,
    "data_type_error_count_at_least": check_type_errors,
    "impute_before_checks": check_imputed,
    "null_count": check_null_count,
    "set_text_parse": check_set_parse,
    "set_violation_count": check_set_violations,
    "threshold_breach": check_breach,
    "mdc_rows_from_events": check_rows_from_events,
    "mdc_complex_columns_to_json": check_complex_columns,
    AZUREML_NAME: check_gain,
    **dict.fromkeys(PERFORMANCE_NAMES, check_performance),
    "model_performance_regression": check_failed_performance,
}

#: Families that the product refuses, with the reason.
REFUSED = {
    **dict.fromkeys(
        ("display_histogram_json", "signal_json", "metric_outputter_json", "spark_type_name"),
        "the product shows its own charts and numbers, and writes no outputs of the service",
    ),
    "data_joiner": "labels are joined by row key, repeated keys counted apart, never multiplied",
    "mdc_file_patterns": "the product reads the hour folders of its own steps, not glob patterns",
    "genai_dropped_rows_error": "generative models are out of scope: their traces are not tables",
    "genai_end_time_filter": "generative models are out of scope: their traces are not tables",
    "surrogate_explanation_split": (
        "the service explains a LightGBM surrogate of its own; the product takes the importances"
        " of the registered model instead"
    ),
}


@pytest.mark.parametrize("vector", VECTORS, ids=[v["id"] for v in VECTORS])
def test_vector(vector: dict[str, Any], tmp_path: Path) -> None:
    family = vector["metric"]
    if family in REFUSED:
        pytest.skip(f"refused: {family}: {REFUSED[family]}")
    CHECKS[family](vector, tmp_path)


def test_every_family_is_checked_or_refused_by_name() -> None:
    families = {vector["metric"] for vector in VECTORS}
    assert families <= set(CHECKS) | set(REFUSED)
    assert not set(CHECKS) & set(REFUSED)
    assert all(reason.strip() for reason in REFUSED.values())


def test_every_check_and_every_refusal_has_vectors() -> None:
    shipped = {vector["metric"] for vector in json.loads(DATA.read_text(encoding="utf-8"))}
    assert set(CHECKS) | set(REFUSED) == shipped


def spoiled(expected: Any) -> Any:
    """Return another expectation than a vector's, of the same shape."""
    if isinstance(expected, bool):
        return not expected
    if isinstance(expected, (int, float)):
        return expected + 1
    if isinstance(expected, str):
        return f"{expected}?"
    if isinstance(expected, list):
        return [*expected, "one more"] if not expected else [spoiled(expected[0]), *expected[1:]]
    if isinstance(expected, dict):
        changed = {name: spoiled(value) for name, value in expected.items() if name != "error"}
        return changed or {"a": 1}
    return 0.5


@pytest.mark.parametrize("family", sorted(CHECKS))
def test_no_check_is_vacuous(family: str, tmp_path: Path) -> None:
    """A wrong expectation must fail: on the first vector of each family that expects a number."""
    vectors = [v for v in VECTORS if v["metric"] == family]
    if family == "data_type_error_count_at_least":
        vectors = [{**v, "expected": 2} for v in vectors]  # "at least" holds for one more, too
    tried = 0
    for vector in vectors[:5]:
        wrong = {**vector, "expected": spoiled(vector["expected"])}
        with pytest.raises(
            (AssertionError, KeyError, IndexError, TypeError, ValueError, InputError)
        ):
            CHECKS[family](wrong, tmp_path)
        tried += 1
    assert tried


def test_spark_names_of_arrow_types() -> None:
    for name, dtype in ARROW.items():
        aliases = {
            "long": "bigint",
            "short": "smallint",
            "byte": "tinyint",
            "decimal": "decimal(10,2)",
        }
        assert spark_type(str(dtype)) == aliases.get(name, name)
