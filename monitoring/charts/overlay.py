"""Overlay: a reference and a production distribution on the same axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from monitoring.arrays import Floats
from monitoring.charts.figure import PRODUCTION, REFERENCE, Chart, Json, floats, label
from monitoring.charts.traces import HATCHED, axis, bars, drawn, named_rows, trace

DRAWN_BINS = 60
DRAWN_CATEGORIES = 20
DRAWN_SHARE = 0.998  # of each sample lies inside the drawn range
LOG_RATIO = 50.0


def overlay(
    left: ArrayLike,
    right: ArrayLike,
    reference: ArrayLike,
    production: ArrayLike,
    *,
    unit: str = "",
) -> Chart:
    """Draw the shares of a numerical feature in reference and production on common bins.

    The cells, often thousands, are merged into at most 60 bins of equal width on the axis. It is
    logarithmic when the cells grow with the value over a wide positive range. What lies outside
    the middle 99.8 % of both samples is left out, and the summary says how much that is.

    Args:
        left: Left end of each cell, ascending and finite, shape (cells,).
        right: Right end; equal to the left one where a cell holds one value.
        reference: Share of rows per cell.
    """
    cells = (floats(left), floats(right))
    samples = [floats(reference), floats(production)]
    edges, is_log = _drawn_edges(*cells, samples)
    bins = [_rebin(*cells, shares, edges) for shares in samples]
    traces = [
        _steps(edges, shares, is_log=is_log) | style
        for shares, style in zip(bins, (_REFERENCE_STYLE, _PRODUCTION_STYLE), strict=True)
    ]
    return drawn(
        traces,
        _overlay_summary(edges, *bins),
        height=300,
        xaxis=axis(label(unit), type="log" if is_log else "linear"),
        yaxis=axis("share of rows", tickformat=".0%", rangemode="tozero"),
    )


_REFERENCE_STYLE: Json = {
    "name": "reference",
    "line": {"color": REFERENCE, "width": 1.5, "shape": "hvh", "dash": "dot"},
    "fill": "tozeroy",
    "fillcolor": "rgba(122,134,148,0.25)",
}
_PRODUCTION_STYLE: Json = {
    "name": "production",
    "line": {"color": PRODUCTION, "width": 2, "shape": "hvh"},
    "fill": "tozeroy",
    "fillcolor": "rgba(47,127,214,0.12)",
}


def _drawn_edges(left: Floats, right: Floats, samples: list[Floats]) -> tuple[Floats, bool]:
    """Return the edges of the drawn bins, ascending, and whether they are spaced by their logarithm."""
    low, high = _drawn_range(left, right, samples)
    filled = (samples[0] + samples[1]) > 0
    points = np.unique(left[filled & (left >= low) & (right <= high)])
    if (right[filled] <= left[filled]).all() and len(points):
        step = float(np.diff(points).min()) if len(points) > 1 else 1.0
        steps = round((high - low) / step) + 1
        whole = -(-steps // DRAWN_BINS)  # steps per bin: a fraction would make some bins look full
        return floats(low - step / 2 + whole * step * np.arange(-(-steps // whole) + 1)), False
    if high <= low:
        low, high = low - 0.5, high + 0.5
    if _grows(left, right, low, high):
        return floats(np.geomspace(low, high, DRAWN_BINS + 1)), True
    return floats(np.linspace(low, high, DRAWN_BINS + 1)), False


def _drawn_range(left: Floats, right: Floats, samples: list[Floats]) -> tuple[float, float]:
    tail = (1 - DRAWN_SHARE) / 2
    ends = []
    for shares in samples:
        total = np.cumsum(shares)
        if len(total) and total[-1] > 0:
            first = int(np.searchsorted(total, tail * total[-1], side="right"))
            last = int(np.searchsorted(total, (1 - tail) * total[-1], side="left"))
            ends.append((left[min(first, len(left) - 1)], right[min(last, len(left) - 1)]))
    if not ends:
        return 0.0, 1.0
    return float(min(end[0] for end in ends)), float(max(end[1] for end in ends))


def _grows(left: Floats, right: Floats, low: float, high: float) -> bool:
    """Whether the cells inside the drawn range widen with the value, as logarithmic ones do."""
    if low <= 0 or high / low < LOG_RATIO:
        return False
    inside = (left >= low) & (right <= high) & (right > left)
    widths = (right - left)[inside]
    return len(widths) > 1 and bool(widths[-1] > 4 * widths[0])


def _rebin(left: Floats, right: Floats, shares: Floats, edges: Floats) -> Floats:
    """Spread the share of each cell evenly over the drawn bins that it touches, shape (bins,)."""
    wide = right > left
    total = np.cumsum(shares[wide])
    knots = np.stack([left[wide], right[wide]], axis=1).ravel()
    heights = np.stack([total - shares[wide], total], axis=1).ravel()
    bins = np.diff(np.interp(edges, knots, heights)) if len(knots) else np.zeros(len(edges) - 1)
    at = np.searchsorted(edges, left[~wide], side="right") - 1
    at = np.where(left[~wide] == edges[-1], len(bins) - 1, at)
    inside = (at >= 0) & (at < len(bins))
    np.add.at(bins, at[inside], shares[~wide][inside])
    return bins


def _steps(edges: Floats, shares: Floats, *, is_log: bool) -> Json:
    """Return a line through the middles of the bins, brought down to zero at both ends."""
    if is_log:
        grown = edges[1] / edges[0]
        ends = np.concatenate([[edges[0] / grown], edges, [edges[-1] * grown]])
        middle = np.sqrt(ends[:-1] * ends[1:])
    else:
        width = edges[1] - edges[0]
        ends = np.concatenate([[edges[0] - width], edges, [edges[-1] + width]])
        middle = (ends[:-1] + ends[1:]) / 2
    heights = np.concatenate([[0.0], shares, [0.0]]).astype(np.float32)
    hover = "%{y:.2%} from %{customdata[0]:.4~g} to %{customdata[1]:.4~g}"
    between = np.stack([ends[:-1], ends[1:]], axis=1)
    return trace("scatter", "", middle, heights, hover, mode="lines", customdata=between)


def _overlay_summary(edges: Floats, reference: Floats, production: Floats) -> str:
    gap = production - reference
    at = int(np.argmax(np.abs(gap)))
    outside = max(1 - reference.sum(), 1 - production.sum())
    note = f" {outside:.1%} of rows lie outside the drawn range." if outside > 0.0005 else ""  # noqa: PLR2004 - below 0.1 % prints as 0
    return (
        f"The widest gap lies at {edges[at]:.3g} to {edges[at + 1]:.3g}: "
        f"{reference[at]:.1%} of reference rows, {production[at]:.1%} of production rows.{note}"
    )


def overlay_categories(
    labels: Sequence[str], reference: ArrayLike, production: ArrayLike, *, unit: str = ""
) -> Chart:
    """Draw the shares of the 20 categories most frequent on either side, and of all others as one.

    Args:
        labels: Categories, in any order.
        reference: Share of rows per category.
    """
    p, q = floats(reference), floats(production)
    ranked = np.argsort(-np.maximum(p, q), kind="stable")
    top, rest = ranked[:DRAWN_CATEGORIES], ranked[DRAWN_CATEGORIES:]
    names = [labels[i] for i in top]
    shares = [p[top], q[top]]
    if len(rest):
        names.append(f"{len(rest)} others")
        shares = [np.append(side[top], side[rest].sum()) for side in (p, q)]
    y = np.arange(len(names), dtype=np.float64)
    data = [
        bars(name, side, y, marker, hover="%{x:.2%}", orientation="h")
        for name, side, marker in (
            ("reference", shares[0], HATCHED),
            ("production", shares[1], {"color": PRODUCTION}),
        )
    ]
    return drawn(
        data,
        _category_summary(names, *shares),
        height=96 + 26 * max(len(names), 2),
        hovermode="y unified",
        bargap=0.25,
        xaxis=axis("share of rows", tickformat=".0%", rangemode="tozero"),
        yaxis=axis(label(unit)) | named_rows(y, names),
    )


def _category_summary(names: Sequence[str], reference: Floats, production: Floats) -> str:
    if not len(names):
        return "No category was seen."
    at = int(np.argmax(np.abs(production - reference)))
    return (
        f"The widest gap is {names[at]}: {reference[at]:.1%} of reference rows, "
        f"{production[at]:.1%} of production rows."
    )
