"""Figures of results, each with one sentence that says what it shows: the only package that knows plotly."""

from monitoring.charts.course import course
from monitoring.charts.figure import Chart
from monitoring.charts.groups import group_intervals
from monitoring.charts.heat_map import heat_map
from monitoring.charts.importances import importances
from monitoring.charts.overlay import overlay, overlay_categories
from monitoring.charts.predictions import class_mix
from monitoring.charts.telling import telling
from monitoring.charts.trend import sparkline, trend
from monitoring.charts.waterfall import contributions, waterfall

__all__ = [
    "Chart",
    "class_mix",
    "contributions",
    "course",
    "group_intervals",
    "heat_map",
    "importances",
    "overlay",
    "overlay_categories",
    "sparkline",
    "telling",
    "trend",
    "waterfall",
]
