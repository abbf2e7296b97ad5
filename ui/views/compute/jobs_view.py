"""Clusters and jobs on the compute page: nodes by what they do, quota, and what waits, fails or takes long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.arrays import Floats
from monitoring.metric import Status
from monitoring.signals.clusters import judging as clusters
from monitoring.signals.jobs import judging as jobs
from monitoring.window import Window
from ui.loaders import compute, logs
from ui.parts import cards, states
from ui.parts.cards import Tile
from ui.parts.numbers import NONE, text

_MOST_JOBS = 200


def show_clusters(window: Window) -> cards.Freshness | None:
    """Draw the nodes of each cluster by what they do, and the cores that are used up."""
    found = compute.nodes(window)
    if not found.value:
        states.show(
            states.State(
                "No cluster",
                ":material/dns:",
                "gray",
                "Azure Monitor has no metric of a compute cluster in this workspace and window.",
                "Serverless jobs have none.",
            )
        )
        return cards.taken(found)
    answer = logs.ask("clusters", window)
    latest = {each.cluster.lower(): each for each in clusters.latest(answer.records())}
    for cluster in found.value:
        own = [r for r in answer.records() if r["Cluster"].lower() == cluster.cluster.lower()]
        _show_cluster(cluster, latest.get(cluster.cluster.lower()), _refused(own))
    return cards.answered(answer)


def _refused(resizes: Sequence[dict[str, object]]) -> str:
    """Return what was wrong with resizes of the window, newest first; "" if nothing was."""
    wrong = [row for row in resizes if row["Error"]]
    if not wrong:
        return ""
    last = wrong[0]
    return f"{len(wrong)} resize events with an error, the last on {last['TimeGenerated']:%d %b %H:%M} UTC: {last['Error']}"


def _show_cluster(cluster: clusters.Nodes, last: clusters.Resize | None, refused: str) -> None:
    st.subheader(cards.escaped(cluster.cluster), anchor=False)
    _show_cluster_tiles(cluster, last)
    nodes = {
        name.lower(): values
        for name, values in cluster.by_state.items()
        if name in {"Active", "Idle"} or np.nansum(values)
    }
    quota = charts.Row(
        title="quota, %",
        lines={"quota used": cluster.quota_percent},
        threshold=clusters.QUOTA_PERCENT,
        top=105.0,
    )
    drawn = [charts.Row(title="nodes", lines=nodes, fill=True), quota]
    most, worst = np.nanmax(cluster.by_state["Active"]), _highest(cluster.quota_percent)
    summary = f"Cluster {cluster.cluster}: at most {most:.0f} nodes"
    summary += "." if worst is None else f", quota at most {worst:.0f} %."
    times = {"Time (UTC)": cluster.times}
    table = pd.DataFrame({**times, **cluster.by_state, "Quota %": cluster.quota_percent})
    chart = charts.rows_over_time(cluster.times, drawn, summary)
    cards.show_chart(chart, key=f"cluster-{cluster.cluster}", table=table)
    if refused:
        st.text(refused)


def _known(values: Floats) -> Floats:
    return values[~np.isnan(values)]


def _newest(values: Floats) -> float | None:
    known = _known(values)
    return float(known[-1]) if len(known) else None


def _highest(values: Floats) -> float | None:
    known = _known(values)
    return float(known.max()) if len(known) else None


def _resized(last: clusters.Resize | None) -> str:
    return f"resized {last.time:%d %b %H:%M}" if last else "no resize in the window"


def _limit(value: float | None, threshold: float) -> Status:
    if value is None:
        return "no_data"
    return "breached" if value > threshold else "ok"


def show_jobs(window: Window, now: datetime) -> cards.Freshness | None:
    """Draw jobs that wait, failed or took longest, with their error and how busy their nodes were."""
    answers = compute.job_answers(window)
    runs, statuses, used = (answer.records() for answer in answers)
    found = jobs.runs(runs, statuses, used)
    if not found:
        states.show(
            states.State(
                "No job",
                ":material/work_off:",
                "gray",
                "No log has an event of a job in this window.",
                "Either none ran, or the workspace has no diagnostic setting for "
                "AmlComputeJobEvent and AmlRunStatusChangedEvent.",
            )
        )
        return cards.answered(*answers)
    _show_job_tiles(found, window, now)
    chosen = st.segmented_control(
        "Jobs",
        ["Longest", "Failed", "Waiting"],
        default="Longest",
        required=True,
        key="jobs-shown",
        label_visibility="collapsed",
    )
    _show_job_table(_chosen(found, chosen, now), chosen, now)
    return cards.answered(*answers)


def _show_cluster_tiles(cluster: clusters.Nodes, last: clusters.Resize | None) -> None:
    unusable, quota = _highest(cluster.by_state["Unusable"]), _highest(cluster.quota_percent)
    cores = f", {last.quota_cores} cores" if last and last.quota_cores else ""
    cards.tiles(
        *(
            Tile(name, text(_newest(cluster.by_state[state]), ".0f"), note="newest grain")
            for name, state in (("Nodes running", "Active"), ("Nodes idle", "Idle"))
        ),
        Tile(
            "Nodes unusable",
            text(unusable, ".0f"),
            _limit(unusable, clusters.UNUSABLE_NODES),
            "highest of the window",
        ),
        Tile("Nodes preparing", text(last and last.preparing, ".0f"), note=_resized(last)),
        Tile(
            "Quota used, highest",
            NONE if quota is None else f"{quota:.0f} %",
            _limit(quota, clusters.QUOTA_PERCENT),
            f"threshold > {clusters.QUOTA_PERCENT:g} %{cores}",
        ),
    )


def _show_job_tiles(found: Sequence[jobs.Run], window: Window, now: datetime) -> None:
    failed, waited = jobs.judged(found, window, window.length)[-2:]
    longest = max(found, key=lambda run: run.ran(now) or timedelta(0))
    waiting = [run for run in found if run.is_waiting]
    wait = None if waited.value is None else timedelta(minutes=waited.value)
    cards.tiles(
        Tile("Jobs queued now", str(len(waiting)), note=f"of {len(found)} seen"),
        Tile(
            "Jobs failed",
            text(failed.value, ".0f"),
            failed.status,
            f"threshold > {failed.threshold:g} · n {failed.rows}",
        ),
        Tile(
            "Longest wait",
            _length(wait),
            waited.status,
            f"threshold > {waited.threshold:g} min",
        ),
        Tile("Longest run", _length(longest.ran(now)), note=longest.name[:40]),
    )


def _chosen(found: Sequence[jobs.Run], chosen: str, now: datetime) -> list[jobs.Run]:
    if chosen == "Failed":
        return [run for run in found if run.is_failed]
    if chosen == "Waiting":
        return [run for run in found if run.is_waiting]
    return sorted(found, key=lambda run: run.ran(now) or timedelta(0), reverse=True)


def _show_job_table(found: Sequence[jobs.Run], chosen: str, now: datetime) -> None:
    if not found:
        states.show(states.no_results("jobs", {"state": chosen.lower()}))
        return
    shown = found[:_MOST_JOBS]
    table = pd.DataFrame(
        [
            {
                "Job": run.name,
                "State": run.state,
                "Compute": run.cluster or "serverless",
                "Submitted (UTC)": f"{run.submitted:%d %b %H:%M}" if run.submitted else "before",
                "Waited": _length(run.waited(now)),
                "Ran": _length(run.ran(now)),
                "CPU, mean %": text(run.cpu_percent, ".0f"),
                "GPU, mean %": text(run.gpu_percent, ".0f"),
                "Error": run.error,
            }
            for run in shown
        ]
    )
    if all(run.gpu_percent is None for run in shown):
        table = table.drop(columns="GPU, mean %")
    alt = f"{len(shown)} of {len(found)} jobs, {chosen.lower()}."
    cards.show_table(table, key="jobs-table", alt=alt)
    said = f"Showing {len(shown)} of {len(found)}. " if len(shown) < len(found) else ""
    st.caption(
        f"{said}Utilization is the mean of all samples that the nodes of a job wrote; serverless jobs "
        "write none."
    )


def _length(length: timedelta | None) -> str:
    """Return a length of time in two units.

    >>> _length(timedelta(hours=19, minutes=45)), _length(timedelta(seconds=40)), _length(None)
    ('19 h 45 min', '40 s', '–')
    """
    if length is None:
        return "–"
    seconds = int(length.total_seconds())
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
