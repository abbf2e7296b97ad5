"""Predictions: how often each class was answered, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike

from monitoring.arrays import Floats
from monitoring.charts.figure import Chart, Json, floats, label
from monitoring.charts.traces import axis, bars, drawn, milliseconds

#: Colour-blind safe on white and near-black (Okabe and Ito, darkened or lightened to 3 : 1), each with
#: a pattern of its own from the fourth on.
SHADES = ("#2F7FD6", "#D9730D", "#1C9A77", "#B4679A", "#7A8694", "#B8860B")
PATTERNS = ("", "/", "x", ".")
DRAWN_CLASSES = 12


def class_mix(times: Sequence[datetime], names: Sequence[str], rows: ArrayLike) -> Chart:
    """Draw the share of each class per day as stacked bars, at most 12 classes and the rest as one.

    Args:
        times: Start of each day, UTC, ascending.
        names: Classes, from the bottom of the stack up.
        rows: Shape (days, classes).
    """
    counts = floats(rows).reshape(len(times), len(names))
    names, counts = _drawn(list(names), counts)
    total = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, total, out=np.full_like(counts, np.nan), where=total > 0)
    x = milliseconds(times)
    data = [_bars(x, shares[:, i], counts[:, i], name, i) for i, name in enumerate(names)]
    return drawn(
        data,
        _summary(times, names, counts),
        height=320,
        barmode="stack",
        bargap=0.15,
        xaxis={"type": "date"},
        yaxis=axis("share of predictions", tickformat=".0%", range=[0, 1]),
    )


def _drawn(names: list[str], counts: Floats) -> tuple[list[str], Floats]:
    if len(names) <= DRAWN_CLASSES:
        return names, counts
    ranked = np.argsort(-counts.sum(axis=0), kind="stable")
    top, rest = np.sort(ranked[:DRAWN_CLASSES]), ranked[DRAWN_CLASSES:]
    merged = np.column_stack([counts[:, top], counts[:, rest].sum(axis=1)])
    return [*(names[i] for i in top), f"{len(rest)} others"], merged


def _bars(x: Floats, shares: Floats, rows: Floats, name: str, at: int) -> Json:
    pattern = PATTERNS[at // len(SHADES) % len(PATTERNS)]
    marker = {
        "color": SHADES[at % len(SHADES)],
        "line": {"color": "rgba(255,255,255,0.6)", "width": 0.5},
        "pattern": {"shape": pattern, "size": 6, "solidity": 0.25},
    }
    hover = "%{y:.1%}, %{customdata:,.0f} rows"
    return bars(label(name), x, shares, marker, hover=hover, customdata=rows)


def _summary(times: Sequence[datetime], names: Sequence[str], counts: Floats) -> str:
    if not counts.sum():
        return "Nothing was predicted."
    shares = counts.sum(axis=0) / counts.sum()
    daily = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    swing = daily.max(axis=0) - daily.min(axis=0)
    at, most = int(np.argmax(swing)), int(np.argmax(shares))
    return (
        f"From {times[0]:%d %b} to {times[-1]:%d %b %Y}, {names[most]} is the most frequent answer "
        f"({shares[most]:.1%}); {names[at]} varies most from day to day, "
        f"{daily[:, at].min():.1%} to {daily[:, at].max():.1%}."
    )
