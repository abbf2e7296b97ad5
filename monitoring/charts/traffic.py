"""Traffic: requests and errors over time, percentiles from two sources, what time goes into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import ArrayLike

from monitoring.arrays import Floats
from monitoring.charts.figure import PRODUCTION, REFERENCE, THRESHOLD, Chart, Json, floats, label
from monitoring.charts.traces import axis, bars, drawn, level, line, milliseconds, shade

#: What is to blame -> colour; the caller's own errors are grey, as they count against nobody.
BLAME_COLOURS = {
    "model": "#D64545",
    "capacity": "#C77700",
    "platform": "#8A63D2",
    "operator": "#2A9A8F",
    "client": REFERENCE,
}
PART_COLOURS = {
    "Throttling": "#C77700",
    "Request upload": "#8A63D2",
    "Model": PRODUCTION,
    "Gateway": "#2A9A8F",
    "Response": REFERENCE,
}
#: Percentile -> colour; orange is left to the objective.
PERCENTILE_COLOURS = {50: "#2A9A8F", 90: "#2F7FD6", 95: "#8A63D2", 99: "#D64545"}


def requests(
    times: Sequence[datetime],
    per_minute: ArrayLike,
    errors: Mapping[str, ArrayLike],
    *,
    step: timedelta,
    objective: float,
    incomplete: tuple[datetime, datetime] | None = None,
) -> Chart:
    """Draw requests a minute above the share of them that failed, stacked by who is to blame.

    Args:
        times: Start of each step, UTC, ascending.
        per_minute: Requests a minute; NaN leaves a gap.
        errors: Share of requests by who is to blame, the caller's own last.
        objective: Share that may fail through no fault of the caller, drawn as a dotted line.
        incomplete: Where logs may still arrive.
    """
    x, rate = milliseconds(times), floats(per_minute)
    shares = {who: 100 * floats(share) for who, share in errors.items()}
    hover = "%{y:.2f} %"
    data = [
        line("requests per minute", x, rate, PRODUCTION, width=1.6, hover="%{y:,.1f}", shape="hv"),
        *(
            _bars(x, share, f"{who} errors", BLAME_COLOURS[who], step, hover) | {"yaxis": "y2"}
            for who, share in shares.items()
        ),
    ]
    # A label on the line would stand behind the bars.
    said: Json = {"showlegend": True, "name": f"objective {100 * objective:g} %"}
    return drawn(
        data,
        _requests_summary(times, rate, shares),
        height=380,
        barmode="stack",
        shapes=[level(100 * objective, yref="y2", **said), *_unfinished(incomplete)],
        xaxis={"type": "date", "anchor": "y2"},
        yaxis=axis("requests / min", domain=[0.58, 1.0], rangemode="tozero"),
        yaxis2=axis("% of requests", domain=[0.0, 0.5], rangemode="tozero"),
    )


def percentiles(
    logged: Mapping[int, tuple[Sequence[datetime], ArrayLike]],
    measured: Mapping[int, tuple[ArrayLike, ArrayLike]],
    *,
    objective_ms: float,
    incomplete: tuple[datetime, datetime] | None = None,
) -> Chart:
    """Draw percentiles of latency by the traffic log as lines, by the platform metric dashed.

    Args:
        logged: By percentile, start of each step and milliseconds; NaN leaves a gap.
        measured: By percentile, datetime64 in UTC and milliseconds.
        objective_ms: Of the 95th percentile, drawn as a dotted line.
        incomplete: Where logs may still arrive.
    """
    data: list[Json] = []
    for percent, colour in PERCENTILE_COLOURS.items():
        if percent in logged:
            times, values = logged[percent]
            x = milliseconds(times)
            data.append(_percentile(percent, "log", x, floats(values), colour))
    for percent, colour in PERCENTILE_COLOURS.items():
        if percent in measured:
            at, means = measured[percent]
            x = np.asarray(at, dtype="datetime64[ms]").astype(np.int64).astype(np.float64)
            data.append(_percentile(percent, "metric", x, floats(means), colour))
    said = _percentiles_summary(data)
    if data:
        data.append(_objective(data, objective_ms))
    return drawn(
        data,
        said,
        height=360,
        shapes=_unfinished(incomplete),
        xaxis={"type": "date"},
        # A tail is many times the middle; on an even scale a timeout hides all else.
        yaxis=axis("ms, log scale", type="log", dtick=1),
    )


def latency_parts(
    times: Sequence[datetime],
    parts: Mapping[str, ArrayLike],
    *,
    step: timedelta,
    incomplete: tuple[datetime, datetime] | None = None,
) -> Chart:
    """Draw the mean time of a request, stacked by what it went into.

    Args:
        times: Start of each step, UTC, ascending.
        parts: Milliseconds by the name of the part; NaN leaves a gap.
        incomplete: Where logs may still arrive.
    """
    x, hover = milliseconds(times), "%{y:,.1f} ms"
    values = {name: floats(part) for name, part in parts.items()}
    data = [_bars(x, y, name, PART_COLOURS[name], step, hover) for name, y in values.items()]
    means = {name: float(np.nanmean(y)) for name, y in values.items() if _any(y)}
    largest = sorted(means.items(), key=lambda each: -each[1])
    said = ", ".join(f"{name.lower()} {mean:,.1f} ms" for name, mean in largest if mean >= 0.05)  # noqa: PLR2004 - what rounds to 0.1
    return drawn(
        data,
        f"Mean time of a request by part, mean over the steps: {said or 'nothing was measured'}.",
        height=320,
        barmode="stack",
        shapes=_unfinished(incomplete),
        xaxis={"type": "date"},
        yaxis=axis("mean ms", rangemode="tozero"),
    )


def _bars(x: Floats, y: Floats, name: str, colour: str, step: timedelta, hover: str) -> Json:
    marker = {"color": colour, "line": {"width": 0}}
    width = step / timedelta(milliseconds=1)
    return bars(label(name), x, y, marker, hover=hover, offset=0, width=width)


def _percentile(percent: int, source: str, x: Floats, y: Floats, colour: str) -> Json:
    width, dash = (1.8, "solid") if source == "log" else (1.4, "dot")
    name = f"P{percent} {source}"
    return line(name, x, y, colour, width=width, hover="%{y:,.0f} ms", dash=dash)


def _objective(data: Sequence[Json], objective_ms: float) -> Json:
    """Return the objective as a line of its own: a shape cannot be placed on a log scale."""
    ends = np.array([min(each["x"][0] for each in data), max(each["x"][-1] for each in data)])
    name, y = f"objective P95 {objective_ms:,.0f} ms", np.array([objective_ms, objective_ms])
    return line(name, ends, y, THRESHOLD, width=1.6, hover="", dash="dash")


def _unfinished(span: tuple[datetime, datetime] | None) -> list[Json]:
    """Shade where rows may still arrive."""
    if span is None or span[0] >= span[1]:
        return []
    return [shade(*span, "rgba(122,134,148,0.28)", layer="below")]


def _any(values: Floats) -> bool:
    return bool((~np.isnan(values)).any())


def _requests_summary(times: Sequence[datetime], rate: Floats, shares: Mapping[str, Floats]) -> str:
    if not _any(rate):
        return "Requests: none in this window."
    peak = int(np.nanargmax(rate))
    said = [f"Requests: at most {rate[peak]:,.1f} a minute, at {times[peak]:%d %b %H:%M} UTC"]
    for who, share in shares.items():
        if _any(share) and np.nanmax(share) > 0:
            worst = int(np.nanargmax(share))
            said.append(f"{who} errors at most {share[worst]:.2g} % at {times[worst]:%d %b %H:%M}")
    return "; ".join(said) + "."


def _percentiles_summary(data: Sequence[Json]) -> str:
    said = []
    for each in data:
        known = each["y"][~np.isnan(each["y"])]
        if len(known):
            said.append(f"{each['name']} last {known[-1]:,.0f} ms, highest {known.max():,.0f} ms")
    return ("; ".join(said) or "Latency: nothing was measured") + "."
