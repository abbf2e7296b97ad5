"""Waterfall: how parts add up from one value to another, and bars of what features add."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from monitoring.charts.figure import PRODUCTION, REFERENCE, THRESHOLD, Chart, Json, label
from monitoring.charts.traces import axis, bars, drawn, line, named_rows, whiskers

#: What makes the value better: a green that stands out 3 : 1 from white and from near-black.
BETTER = "#2E8B57"


class Step(NamedTuple):
    """A part of a change, with its 95 % interval."""

    name: str
    value: float
    low: float
    high: float
    is_known: bool = True


def waterfall(
    steps: Sequence[Step], total: Step, *, unit: str, worse: str = "higher", is_share: bool = False
) -> Chart:
    """Draw the parts of a change one after the other, from 0 to the change itself.

    Args:
        steps: Parts; they add up to `total`.
        total: The change.
        unit: Title of the value axis; ours, not from outside.
        worse: Which direction is drawn as harm: "higher" or "lower".
        is_share: Whether values are differences of shares, shown in points.
    """
    scale = 100.0 if is_share else 1.0
    values = np.array([step.value for step in (*steps, total)]) * scale
    ends = np.cumsum(values[:-1])
    x = np.arange(len(values), dtype=np.float64)
    pattern = {"shape": [*("" if s.is_known else "/" for s in steps), ""], "solidity": 0.25}
    columns = bars(
        "",
        x,
        values,
        {"color": [*(_colour(step, worse) for step in steps), PRODUCTION], "pattern": pattern},
        hover="%{customdata}<extra></extra>",
        base=np.concatenate([[0.0], ends[:-1], [0.0]]),
        customdata=[_told_step(step, is_share=is_share) for step in (*steps, total)],
        error_y=_errors([*steps, total], scale),
    )
    links = line(
        "", np.repeat(x, 2)[1:-1], np.repeat(ends, 2), REFERENCE, width=1, dash="dot", hover=""
    )
    return drawn(
        [columns, links],
        _summary(steps, total, unit, is_share=is_share),
        height=350,
        hovermode="closest",
        showlegend=False,
        bargap=0.4,
        xaxis={
            "tickvals": x,
            "ticktext": [_wrapped(step.name) for step in (*steps, total)],
            "tickangle": 0,
        },
        yaxis=axis(unit, zeroline=True, tickformat="+~g"),
    )


def _colour(step: Step, worse: str) -> str:
    if not step.is_known:
        return REFERENCE
    return THRESHOLD if (step.value > 0) == (worse == "higher") else BETTER


def _errors(steps: Sequence[Step], scale: float) -> Json:
    high = [max(step.high - step.value, 0.0) * scale for step in steps]
    low = [max(step.value - step.low, 0.0) * scale for step in steps]
    return whiskers(np.array(high), np.array(low), REFERENCE, thickness=1.2, width=4)


def _text(value: float, *, is_share: bool) -> str:
    if not is_share:
        return f"{value:+.3g}"
    return f"{value * 100:+.2f} points"


def _told_step(step: Step, *, is_share: bool) -> str:
    value, low, high = (_text(v, is_share=is_share) for v in (step.value, step.low, step.high))
    return f"{label(step.name)}: {value}, 95 % {low} to {high}"


def _wrapped(name: str) -> str:
    """Break a long name in two, for labels that stand side by side."""
    words = name.split()
    if len(name) <= 14 or len(words) == 1:  # noqa: PLR2004 - what fits under a bar
        return label(name)
    half = min(range(1, len(words)), key=lambda i: abs(len(" ".join(words[:i])) - len(name) / 2))
    return f"{label(' '.join(words[:half]))}<br>{label(' '.join(words[half:]))}"


def _summary(steps: Sequence[Step], total: Step, unit: str, *, is_share: bool) -> str:
    told = ", ".join(f"{step.name} {_text(step.value, is_share=is_share)}" for step in steps)
    return f"{unit}: {_text(total.value, is_share=is_share)} = {told}."


def contributions(
    rows: Sequence[tuple[str, Sequence[Step]]],
    parts: Sequence[str],
    *,
    unit: str,
    is_share: bool = False,
) -> Chart:
    """Draw what each feature adds to a change, its parts side by side on one bar.

    Args:
        rows: Feature and its parts, the most telling feature first.
        parts: Names of the parts, in the order of their colours; those that no row has are left out.
        unit: Title of the value axis; ours, not from outside.
        is_share: Whether values are shares, shown in points.
    """
    present = {step.name for _, steps in rows for step in steps}
    y = np.arange(len(rows), dtype=np.float64)
    scale = 100.0 if is_share else 1.0
    traces = []
    for at, part in enumerate(parts):
        if part not in present:
            continue
        values = [
            next((s.value for s in steps if s.name == part), 0.0) * scale for _, steps in rows
        ]
        colour, shape = _PARTS[at % len(_PARTS)]
        marker = {"color": colour, "pattern": {"shape": shape, "solidity": 0.25}}
        traces.append(bars(part, np.array(values), y, marker, hover="%{x:+.3~g}", orientation="h"))
    return drawn(
        traces,
        _told(rows, is_share=is_share),
        height=110 + 30 * max(len(rows), 2),
        barmode="relative",
        hovermode="y unified",
        bargap=0.3,
        xaxis=axis(unit, zeroline=True, tickformat="+~g"),
        yaxis=named_rows(y, [name for name, _ in rows]),
    )


#: Colour and pattern of parts, in their order.
_PARTS = ((PRODUCTION, ""), ("#8E6BBF", "x"), (THRESHOLD, ""), (REFERENCE, "/"))


def _told(rows: Sequence[tuple[str, Sequence[Step]]], *, is_share: bool) -> str:
    if not rows:
        return "No feature has a part in it."
    name, steps = rows[0]
    total = sum(step.value for step in steps)
    return (
        f"{name} goes with the largest part of the change, "
        f"{_text(total, is_share=is_share)}; {len(rows)} features are shown."
    )
