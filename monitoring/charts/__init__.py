"""Figures of results, each with one sentence that says what it shows: the only package that knows plotly."""

from monitoring.charts.cost import Size, cost_per_day, sizes
from monitoring.charts.course import course
from monitoring.charts.figure import Chart
from monitoring.charts.groups import group_intervals
from monitoring.charts.heat_map import heat_map
from monitoring.charts.importances import importances
from monitoring.charts.log_answer import MOST_LINES, MOST_POINTS, log_answer
from monitoring.charts.overlay import overlay, overlay_categories
from monitoring.charts.predictions import class_mix
from monitoring.charts.request import latency_waterfall, request_dots
from monitoring.charts.saturation import Row, rows_over_time
from monitoring.charts.telling import telling
from monitoring.charts.traffic import latency_parts, percentiles, requests
from monitoring.charts.trend import sparkline, trend
from monitoring.charts.waterfall import contributions, waterfall

__all__ = [
    "MOST_LINES",
    "MOST_POINTS",
    "Chart",
    "Row",
    "Size",
    "class_mix",
    "contributions",
    "cost_per_day",
    "course",
    "group_intervals",
    "heat_map",
    "importances",
    "latency_parts",
    "latency_waterfall",
    "log_answer",
    "overlay",
    "overlay_categories",
    "percentiles",
    "request_dots",
    "requests",
    "rows_over_time",
    "sizes",
    "sparkline",
    "telling",
    "trend",
    "waterfall",
]
