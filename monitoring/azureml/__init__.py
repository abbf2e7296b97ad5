"""The rules by which Azure ML's own monitor computes, quirks included.

Source of every rule: Azure/azureml-assets at 4b41f8ccbc, assets/model_monitoring/components/src,
and PySpark 3.4 under it. Nothing here reads a file or asks a service.
"""

from monitoring.azureml.columns import common_columns, feature_type
from monitoring.azureml.histogram import histogram_counts, histogram_edges, histograms
from monitoring.azureml.verdict import is_service_breach

#: Above this many rows the service's Kolmogorov-Smirnov test raises.
MOST_KS_ROWS = 10_000

__all__ = [
    "MOST_KS_ROWS",
    "common_columns",
    "feature_type",
    "histogram_counts",
    "histogram_edges",
    "histograms",
    "is_service_breach",
]
