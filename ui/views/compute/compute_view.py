"""The compute page: machines of each deployment, and instances against demand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.arrays import Floats, Times
from monitoring.capacity import instances
from monitoring.capacity.instances import Capacity, Resource, Utilization
from monitoring.errors import MonitoringError
from monitoring.metric import STATUSES, MetricResult, Status
from monitoring.overview.objectives import step_of
from monitoring.place import Place
from monitoring.signals.saturation import judging as saturation
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment
from ui.loaders import compute
from ui.parts import cards, choices, states
from ui.shell.scope import Scope

_SHOWN = (instances.CPU, instances.MEMORY, instances.DISK, instances.GPU)


def in_scope(chosen: Scope) -> tuple[Deployment, ...]:
    """Return the deployments of the scope; what keeps them from being known is said."""
    try:
        return compute.in_scope(chosen)
    except MonitoringError as error:
        states.show_error(error)
        return ()


def show_machines(deployments: Sequence[Deployment], window: Window) -> cards.Freshness | None:
    """Draw how full the machines of each deployment are, worst first."""
    if not deployments:
        states.show(states.blind(None, "The scope has no online deployment."))
        return None
    used, counted = compute.utilization(window), compute.capacity(window)
    judged = compute.saturation(window, step_of(window))
    rows = []
    for deployment in deployments:
        own = [r for r in judged.value if r.place == deployment.place]
        rows.append(_machine_row(deployment, used.value, counted.value, own))
    table = pd.DataFrame(rows).sort_values("Peak share", ascending=False, kind="stable")
    table = table.drop(columns="Peak share")
    alt = f"Machines of {len(table)} deployments with their highest utilization and verdict."
    cards.show_table(table, key="machines", alt=alt)
    limits = (f"{r.label} {saturation.LIMITS[r.name].percent:g} %" for r in _SHOWN)
    st.caption(
        "Highest grain of the window of the fullest instance. CPU is a mean of 15 minutes (an hour in "
        "windows over 31 days), memory and disk the highest minute. Limits: "
        f"{', '.join(limits)}, ready {saturation.READY_SHARE:.0%} of the instances."
    )
    if not any(instances.has_gpu(d.instance_type) for d in deployments):
        st.text("No GPU: no machine type of these deployments has one, so none is asked for.")
    return cards.taken(used, counted, judged)


def _machine_row(
    deployment: Deployment,
    used: Sequence[Utilization],
    counted: Sequence[Capacity],
    results: Sequence[MetricResult],
) -> dict[str, object]:
    place = deployment.place
    peaks = {each: _peak(used, place, each) for each in _SHOWN[:3]}
    breached = [r for r in results if r.status == "breached"]
    latest = max((r.window.end for r in breached if r.window), default=None)
    return {
        "Deployment": f"{deployment.endpoint} / {deployment.name}",
        "Verdict": cards.status_label(_verdict(results)),
        "Machine": deployment.instance_type,
        "Ready of running": _ready(_capacity_of(counted, place)),
        **{f"{each.label}, highest %": _rounded(peak) for each, peak in peaks.items()},
        "Steps in breach": len(breached),
        "Last breach": f"{latest:%d %b %H:%M}" if latest else "none",
        "Peak share": len(breached) * 1000 + max(_share(*each) for each in peaks.items()),
    }


def _verdict(results: Sequence[MetricResult]) -> Status:
    """Return the worst status of the last three steps that could be judged, two to breach."""
    worst: list[Status] = []
    for metric in {r.metric for r in results}:
        own = sorted((r for r in results if r.metric == metric and r.window), key=_start)
        last = [r.status for r in own if r.status != "no_data"][-3:]
        breached = last.count("breached") > 1
        worst.append("breached" if breached else "ok" if last else "no_data")
    # A part that is blind keeps the whole from being green.
    return min(worst, key=STATUSES.index, default="no_data")


def _start(result: MetricResult) -> datetime:
    return result.window.start  # type: ignore[union-attr]  # every step has one


def _ready(capacity: Capacity | None) -> str:
    if capacity is None or np.isnan(capacity.running).all():
        return "not known"
    last = np.flatnonzero(~np.isnan(capacity.running))[-1]
    return f"{capacity.ready[last]:.0f} of {capacity.running[last]:.0f}"


def worst_first(deployments: Sequence[Deployment], window: Window) -> list[Deployment]:
    """Return the deployments, those with most steps in breach first; as they are without metrics."""
    try:
        found = compute.saturation(window, step_of(window)).value
    except MonitoringError:
        return list(deployments)
    breached = Counter(r.place for r in found if r.status == "breached")
    return sorted(deployments, key=lambda d: -breached[d.place])


def pick(deployments: Sequence[Deployment], key: str) -> Deployment | None:
    """Return the deployment to look at closely; asked for where the scope has several."""
    names = {f"{d.endpoint} / {d.name}": d for d in deployments}
    if len(names) <= 1:
        return next(iter(names.values()), None)
    return names[choices.pick("Look at", list(names), key, width=320)]


def show_instances(deployment: Deployment, window: Window) -> cards.Freshness | None:
    """Draw each instance over time, one row a resource."""
    asked = compute.utilization(window)
    place = deployment.place
    own = [u for u in asked.value if u.place == place]
    if not own:
        states.show(states.blind(None, f"Azure Monitor has no metric of {place} in this window."))
        return cards.taken(asked)
    shown = [u for u in own if u.resource in _SHOWN]
    rows = [
        charts.Row(
            title=f"{u.resource.label}, %",
            lines={name: u.percent[n] for n, name in enumerate(u.instances)},
            threshold=saturation.LIMITS[u.resource.name].percent,
            top=105.0,
        )
        for u in shown
    ]
    cards.show_chart(
        charts.rows_over_time(own[0].times, rows, _instance_summary(place, shown)),
        key="instances-chart",
        table=_instance_table(shown),
    )
    if missing := _gaps(shown):
        st.text(missing)
    return cards.taken(asked)


def _instance_summary(place: Place, used: Sequence[Utilization]) -> str:
    peaks = ", ".join(f"{u.resource.label} at most {np.nanmax(u.percent):.0f} %" for u in used)
    return f"Utilization of each instance of {place}: {peaks}."


def _instance_table(used: Sequence[Utilization]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Instance": name,
                "Resource": u.resource.label,
                "Mean %": round(float(np.nanmean(u.percent[n])), 1),
                "Highest %": round(float(np.nanmax(u.percent[n])), 1),
                "Grains with data": int((~np.isnan(u.percent[n])).sum()),
                "Grains": len(u.times),
            }
            for u in used
            for n, name in enumerate(u.instances)
            if not np.isnan(u.percent[n]).all()
        ]
    )


def _gaps(used: Sequence[Utilization]) -> str:
    cpu = next((u for u in used if u.resource is instances.CPU), None)
    if cpu is None:
        return ""
    blind = int(np.isnan(cpu.fullest).sum())
    return f"Gaps: no instance reported in {blind} of {len(cpu.times)} grains." if blind else ""


def show_demand(deployment: Deployment, window: Window) -> cards.Freshness | None:
    """Draw requests a minute, in all and per instance, above the instances there were."""
    step = timedelta(minutes=15 if window.length <= instances.FINE_UNTIL else 60)
    answer, counted = compute.demand(window, step), compute.capacity(window)
    place = deployment.place
    capacity = _capacity_of(counted.value, place)
    rows = [r for r in answer.records() if Place.of_row(r) == place]
    if capacity is None:
        states.show(
            states.blind(None, f"Azure Monitor does not say how many instances {place} has.")
        )
        return cards.answered(answer)
    asked = _on(capacity.times, rows, "Requests", step)
    refused = _on(capacity.times, rows, "CapacityErrors", step)
    with np.errstate(invalid="ignore", divide="ignore"):
        each = asked / capacity.running
    drawn = [
        charts.Row(title="requests/min", lines={"asked": asked, "refused (429)": refused}),
        charts.Row(title="per instance", lines={"asked per instance": each}),
        charts.Row(
            title="instances",
            lines={"running": capacity.running, "ready": capacity.ready},
            steps=True,
        ),
    ]
    highest = np.nanmax(each) if not np.isnan(each).all() else float("nan")
    summary = (
        f"Demand of {place}: at most {asked.max():.0f} requests a minute, {highest:.0f} per "
        f"instance; {np.nanmin(capacity.running):.0f} to {np.nanmax(capacity.running):.0f} instances."
    )
    table = pd.DataFrame(
        {
            "Time (UTC)": capacity.times,
            "Requests a minute": asked.round(2),
            "Refused a minute": refused.round(2),
            "Instances running": capacity.running,
            "Instances ready": capacity.ready,
        }
    )
    cards.show_chart(
        charts.rows_over_time(capacity.times, drawn, summary), key="demand-chart", table=table
    )
    if not rows:
        st.text("The traffic log has no request of this deployment in the window.")
    return cards.answered(answer)


def _on(times: Times, rows: Sequence[dict[str, object]], column: str, step: timedelta) -> Floats:
    """Put counts of the log, a minute, on the times of the metrics; no row is no request."""
    found = np.zeros(len(times))
    for row in rows:
        start = np.datetime64(row["TimeGenerated"].replace(tzinfo=None), "s")  # type: ignore[attr-defined]  # a datetime
        place = int(np.searchsorted(times, start, "right")) - 1
        if place >= 0:
            found[place] += float(row[column]) / (step / timedelta(minutes=1))  # type: ignore[arg-type]  # a number
    return found


def _capacity_of(counted: Sequence[Capacity], place: Place) -> Capacity | None:
    return next((each for each in counted if each.place == place), None)


def _peak(used: Sequence[Utilization], place: Place, resource: Resource) -> float | None:
    """Return the highest percent of a resource; None where it was not measured."""
    own = next((u for u in used if u.place == place and u.resource is resource), None)
    if own is None or np.isnan(own.fullest).all():
        return None
    return float(np.nanmax(own.fullest))


def _rounded(percent: float | None) -> float | None:
    return None if percent is None else round(percent, 1)


def _share(resource: Resource, peak: float | None) -> float:
    """Return how much of its limit a resource has reached."""
    return (peak or 0.0) / saturation.LIMITS[resource.name].percent
