"""Numbers of Azure ML's own monitoring components, reproduced to 1e-9 through the product's own path."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitoring.azureml import common_columns, feature_type, histogram_counts, histogram_edges
from monitoring.drift import METRICS
from monitoring.engine import tables
from monitoring.engine.exact import spark_type
from monitoring.signals.data_drift import compare_tables

DATA = Path(__file__).parents[1] / "data" / "azureml_vectors.json"
FILE = Path(os.environ.get("LEEWAY_VECTORS") or DATA)
VECTORS = [v for v in json.loads(FILE.read_text(encoding="utf-8")) if "metric" in v]

NAMES = {m.azureml_name: m.name for m in METRICS.values() if m.azureml_name}
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


CHECKS = {
    **dict.fromkeys(NAMES, check_drift),
    "drift_all_features": check_drift_all_features,
    "feature_type": check_feature_type,
    "feature_type_by_dtype_name": check_feature_type_by_dtype_name,
    "common_columns": check_common_columns,
    "histogram_bins": check_histogram_bins,
}


@pytest.mark.parametrize("vector", VECTORS, ids=[v["id"] for v in VECTORS])
def test_vector(vector: dict[str, Any], tmp_path: Path) -> None:
    check = CHECKS.get(vector["metric"])
    if check is None:
        pytest.skip(f"family not built yet: {vector['metric']}")
    check(vector, tmp_path)


def test_every_family_that_is_built_has_vectors() -> None:
    shipped = json.loads(DATA.read_text(encoding="utf-8"))
    assert set(CHECKS) <= {vector["metric"] for vector in shipped}


def test_spark_names_of_arrow_types() -> None:
    for name, dtype in ARROW.items():
        aliases = {
            "long": "bigint",
            "short": "smallint",
            "byte": "tinyint",
            "decimal": "decimal(10,2)",
        }
        assert spark_type(str(dtype)) == aliases.get(name, name)
