"""Which columns the service compares, how it types them, and what Spark calls their types.

Source: Azure/azureml-assets at 4b41f8ccbc, shared_utilities/df_utils.py and
data_quality_compute_metrics/compute_data_quality_metrics.py under
assets/model_monitoring/components/src.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from monitoring.arrays import Kind

#: Integers with a smaller share of distinct values are categories to the service.
DISTINCT_RATIO = 0.05

_FRACTIONS = ("float", "double", "decimal")
_INTEGERS = ("long", "int", "bigint", "short", "tinyint", "smallint")
_CATEGORIES = ("string", "boolean", "timestamp", "date", "binary")


def common_columns(reference: Mapping[str, str], production: Mapping[str, str]) -> dict[str, str]:
    """Return the columns that the service compares, name to Spark type, in the reference's order.

    The same type on both sides stays; fractional types become double, integer types long. Any other
    pair (an int against a double, a string against an int) is left out without a word.

    >>> common_columns({"a": "int", "b": "double"}, {"a": "bigint", "b": "int"})
    {'a': 'long'}
    """
    common = {}
    for name, dtype in reference.items():
        other = production.get(name)
        if other is None:
            continue
        if dtype == other:
            common[name] = dtype
        elif dtype in _FRACTIONS and other in _FRACTIONS:
            common[name] = "double"
        elif dtype in _INTEGERS and other in _INTEGERS:
            common[name] = "long"
    return common


def feature_type(
    dtype: str,
    *,
    distinct: int = 0,
    rows: int = 0,
    name: str = "",
    numerical: Collection[str] = (),
    categorical: Collection[str] = (),
) -> Kind | None:
    """Return how the service treats a column of the reference; None when it skips it.

    Args:
        name: The column, to look it up in the overrides.
        numerical: Columns declared numerical; they win over `categorical`.

    >>> feature_type("int", distinct=3, rows=100), feature_type("int", distinct=20, rows=400)
    ('categorical', 'numerical')
    """
    if name in numerical:
        return "numerical"
    if name in categorical or dtype in _CATEGORIES:
        return "categorical"
    if dtype in _FRACTIONS:
        return "numerical"
    if dtype in _INTEGERS:
        few = rows > 0 and distinct / rows < DISTINCT_RATIO
        return "categorical" if few else "numerical"
    return None  # array, map, struct, and decimal: Spark says decimal(p,s), the list "decimal"


def is_fraction(dtype: str) -> bool:
    """Whether Spark's type holds floating-point numbers.

    >>> is_fraction("double"), is_fraction("decimal(10,2)")
    (True, False)
    """
    return dtype in {"float", "double"}


def is_integer(dtype: str) -> bool:
    """Whether Spark's type holds whole numbers.

    >>> is_integer("bigint"), is_integer("double")
    (True, False)
    """
    return dtype in _INTEGERS or dtype == "byte"
