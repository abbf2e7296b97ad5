"""Autoscale on the cost page: the rules in force beside the demand they met, and a what-if of others."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.capacity import autoscale
from monitoring.capacity.autoscale import LAG_MINUTES, Episode, Rules
from monitoring.capacity.right_size import Option
from monitoring.errors import MonitoringError
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment
from ui.loaders import cost as loaded
from ui.loaders.cost import CostReport
from ui.parts import cards, numbers, states
from ui.parts.cards import Tile
from ui.views.cost import size_view


def show_rules(deployment: Deployment, window: Window) -> cards.Freshness | None:
    """Draw the rules in force and how they met demand."""
    asked = loaded.autoscale()
    own = [s for s in asked.value if s.target_id == deployment.id.lower()]
    if not own:
        states.show(
            states.State(
                "No autoscale",
                ":material/straighten:",
                "gray",
                f"{deployment.endpoint} / {deployment.name} has no autoscale setting: its number of "
                f"instances ({deployment.instance_count}) is fixed.",
            )
        )
        return cards.taken(asked)
    setting = own[0]
    table = pd.DataFrame(
        [
            {
                "When": f"{r.metric} {r.operator} {r.threshold:g} over {r.window}",
                "Then": f"{r.direction} by {r.change}",
                "Cooldown": str(r.cooldown),
            }
            for r in setting.rules
        ]
    )
    on = "on" if setting.is_enabled else "off"
    st.text(f"{setting.name} ({on}): {setting.minimum} to {setting.maximum} instances.")
    cards.show_table(table, key="rules", alt=f"Rules of {setting.name}.")
    if setting.profiles > 1:
        st.text(f"Only the first of its {setting.profiles} profiles is shown and replayed.")
    rules = autoscale.rules_of(setting)
    if rules is None:
        st.text(
            "No rule watches CpuUtilizationPercentage: what others would have done is not replayed."
        )
        return cards.taken(asked)
    _show_episodes(deployment, loaded.replayed_window(window), rules)
    return cards.taken(asked)


def _show_episodes(deployment: Deployment, window: Window, rules: Rules) -> None:
    found = loaded.episodes(deployment, window, rules.out_percent)
    if not found:
        st.text(
            f"The CPU was never beyond {rules.out_percent:g} % in {window}: no rule had to fire."
        )
        return
    table = pd.DataFrame([_episode_row(each) for each in found])
    alt = f"{len(found)} times the CPU was beyond {rules.out_percent:g} %, and what autoscale did."
    cards.show_table(table, key="episodes", alt=alt)
    worst = max(found, key=lambda e: e.refused + e.refused_after)
    late = worst.lateness
    if late is not None:
        st.text(
            f"On {worst.began:%d %b} the first new instance came {late.total_seconds() / 60:.0f} minutes "
            f"after the CPU passed {rules.out_percent:g} %; {worst.refused:,} requests were refused until "
            f"then and {worst.refused_after:,} after, with at most {worst.most} instances."
        )


def _episode_row(each: Episode) -> dict[str, object]:
    late = each.lateness
    return {
        "Began (UTC)": f"{each.began:%d %b %H:%M}",
        "Ended (UTC)": f"{each.ended:%d %b %H:%M}",
        "Autoscale logged": f"{each.fired:%H:%M}" if each.fired else "never",
        "More instances": f"{each.ready:%H:%M}" if each.ready else "never",
        "Late, min": None if late is None else round(late.total_seconds() / 60),
        "Instances": f"{each.before} to {each.most}",
        "Requests": each.requests,
        "Refused until then": each.refused,
        "Refused after": each.refused_after,
    }


def show_what_if(
    deployment: Deployment, report: CostReport | None, window: Window
) -> cards.Freshness | None:
    """Ask for other rules, and draw what they would have done."""
    part = loaded.replayed_window(window)
    found = loaded.advice(deployment, part)
    try:
        now = loaded.rules_of(deployment)
    except MonitoringError:
        now = None
    rules = _pick_rules(now or Rules(minimum=1, maximum=max(found.running_now, 2)))
    soon, late = (loaded.what_if(deployment, part, rules, lag) for lag in LAG_MINUTES)
    rate, currency = size_view.rate_of(report, found.place), size_view.currency_of(report)
    hours = late.instances * part.length.total_seconds() / 3600
    objective = f"objective {found.objective.p95_ms:,.0f} ms"
    cards.tiles(
        Tile(
            "P95 of the slowest hour",
            f"{late.worst_p95_ms:,.0f} ms",
            "breached" if late.hours_broken else "ok",
            f"{late.hours_broken} of {late.hours} hours broken · {objective}",
        ),
        Tile(
            f"Refused, {LAG_MINUTES[1]} min to scale",
            f"{late.refused:,.0f}",
            note=f"{soon.refused:,.0f} with a scale-out in {LAG_MINUTES[0]} min",
        ),
        Tile(
            "Instance-hours",
            f"{hours:,.0f}",
            note=f"{late.instances:.2f} instances in the mean",
        ),
        _tile_month(f"Cost a month, {currency}", late.cost_per_month(rate), found.now, rate),
    )
    _show_scaled(deployment, part, rules)
    st.caption(
        "Replayed on recorded arrivals, not measured. A scale-out takes 12 to 18 minutes; verdict and "
        "cost are at 18, and an instance is paid from when it is asked for."
    )
    return cards.answered(loaded.arrivals(part))


def _show_scaled(deployment: Deployment, window: Window, rules: Rules) -> None:
    """Draw demand above the instances that ran and those that the rules would have had."""
    course = loaded.scaled(deployment, window, rules, LAG_MINUTES[1])
    drawn = [
        charts.Row(title="requests/min", lines={"asked": course.demand}),
        charts.Row(
            title="instances",
            lines={"ran": course.ran, "by these rules": course.replayed.running},
            steps=True,
        ),
    ]
    actions = course.replayed.actions
    summary = (
        f"{len(actions)} changes by these rules, {min(course.replayed.running):.0f} to "
        f"{max(course.replayed.running):.0f} instances; {min(course.ran):.0f} to "
        f"{max(course.ran):.0f} ran."
    )
    table = pd.DataFrame(
        [
            {
                "Asked for (UTC)": course.minutes[each.at],
                "Ready after, min": each.ready - each.at,
                "From": each.before,
                "To": each.after,
            }
            for each in actions
        ],
        columns=["Asked for (UTC)", "Ready after, min", "From", "To"],
    )
    chart = charts.rows_over_time(course.minutes, drawn, summary)
    cards.show_chart(chart, key="what-if-chart", table=table)


def _pick_rules(now: Rules) -> Rules:
    """Ask for limits and rules; those in force are where the sliders start."""

    def slide(label: str, least: int, most: int, start: int, key: str) -> int:
        return st.slider(label, least, most, start, key=f"what-if-{key}")

    first, second, third = st.columns(3)
    with first:
        limits = now.minimum, now.maximum
        most = max(20, now.maximum)
        low, high = st.slider("Instances", 1, most, limits, key="what-if-instances")
        step = slide("Instances a step", 1, 5, min(now.out_step, 5), "step")
    with second:
        out = slide("Scale out above CPU, %", 20, 95, round(now.out_percent), "out")
        back = slide("Scale in below CPU, %", 0, 60, round(now.in_percent), "in")
    with third:
        cool = slide("Cooldown of scale-out, min", 1, 60, max(now.out_cooldown, 1), "cooldown")
        wait = slide("Cooldown of scale-in, min", 1, 240, max(now.in_cooldown, 1), "cooldown-in")
    return replace(
        now,
        minimum=low,
        maximum=high,
        out_percent=float(out),
        in_percent=float(min(back, out)),
        out_step=step,
        out_cooldown=cool,
        in_cooldown=wait,
    )


def _tile_month(label: str, month: float | None, now: Option, rate: float | None) -> Tile:
    before = now.cost_per_month(rate)
    if month is None or before is None:
        return Tile(label, numbers.text(month, ",.0f"), note="no price")
    return Tile(label, f"{month:,.0f}", note=f"{month - before:+,.0f} against now")
