"""Figures of results, each with one sentence that says what it shows: the only package that knows plotly."""

from monitoring.charts.figure import Chart
from monitoring.charts.heat_map import heat_map
from monitoring.charts.overlay import overlay, overlay_categories
from monitoring.charts.trend import sparkline, trend

__all__ = ["Chart", "heat_map", "overlay", "overlay_categories", "sparkline", "trend"]
