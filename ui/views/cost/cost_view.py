"""The cost page: what each deployment costs, for how many predictions, and which machines idle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.capacity import energy as energies
from monitoring.capacity import instances, prices
from monitoring.metric import MetricResult, Status
from monitoring.signals.cost import judging as cost
from monitoring.signals.cost.judging import CostDay
from monitoring.window import Window
from ui.loaders import compute
from ui.loaders import cost as loaded
from ui.loaders.cost import CostReport
from ui.parts import cards, states

if TYPE_CHECKING:
    from monitoring.workspace.endpoints import Deployment

_PRICES = "edited-prices"
UTILIZATION_HELP = "Mean CPU of all instances over the days, from Azure Monitor."


def edited() -> dict[str, float]:
    """Return the prices an hour that this session has set, by type of machine."""
    return dict(st.session_state.get(_PRICES, {}))


def show_cost(
    report: CostReport, deployments: Sequence[Deployment], window: Window
) -> cards.Freshness | None:
    """Draw what the scope costs a day, per deployment and per 1,000 predictions."""
    mine = {d.place for d in deployments}
    everything = {d.place for d in compute.all_deployments()}
    whole = mine == everything
    days = [d for d in report.days if d.place in mine or (whole and d.place not in everything)]
    _show_source(report)
    known = [d for d in days if d.cost is not None]
    if not known:
        states.show(
            states.blind(None, "Neither a bill nor instance-hours are known of these days.")
        )
        return _footer(report)
    _show_tiles(known, window)
    _show_days(days)
    _show_by_deployment(days, window)
    return _footer(report)


def _footer(report: CostReport) -> cards.Freshness:
    answer = report.answer
    return cards.Freshness(
        fetched=report.fetched,
        seconds=report.seconds,
        missing=report.missing,
        queries=(cards.Query(answer.name, answer.query),) if answer else (),
    )


def _show_source(report: CostReport) -> None:
    """Say where the money is from; without the bill it is estimated, and said to be."""
    if report.bill.fault is None:
        return
    st.badge("Estimated", icon=":material/calculate:", color="orange")
    st.text(
        f"{report.bill.fault.message}. All costs below are estimated: instance-hours of Azure Monitor "
        f"times the prices at the foot of this page ({prices.SOURCE}). {report.bill.fault.hint}"
    )


def _show_tiles(days: Sequence[CostDay], window: Window) -> None:
    currency = days[0].currency
    total = sum(d.cost for d in days if d.cost is not None)
    whole = [d for d in days if Window.day(d.day).end <= window.end]
    count = len({d.day for d in whole})
    each = sum(d.cost for d in whole if d.cost is not None) / count if count else None
    guessed = sum(d.cost for d in days if d.source == "estimated" and d.cost is not None)
    predictions = sum(d.predictions or 0 for d in days)
    both = cost.reconciled(days)
    columns = st.columns(4)
    with columns[0]:
        share = "all billed" if not guessed else f"{guessed / total:.0%} of it estimated"
        cards.kpi(
            f"Cost, {currency}",
            f"{total:,.2f}",
            None,
            note=f"{len({d.day for d in days})} days · {share}",
        )
    with columns[1]:
        cards.kpi(
            f"A day, {currency}",
            "–" if each is None else f"{each:,.2f}",
            None,
            note="no whole day"
            if each is None
            else f"{each * prices.HOURS_A_MONTH / 24:,.0f} a month · n {count} whole days",
        )
    with columns[2]:
        value = f"{1000 * total / predictions:,.2f}" if predictions else "–"
        note = f"n {predictions:,} predictions"
        cards.kpi(f"Per 1,000 predictions, {currency}", value, None, note=note)
    with columns[3]:
        _show_reconciled(both)
    if any(day == window.end.date() for day in {d.day for d in days}):
        st.caption("The last day is not over: its cost is estimated up to now.")


def _show_reconciled(both: cost.Reconciliation | None) -> None:
    if both is None:
        note = "no day has both a bill and instance-hours"
        cards.kpi("Estimate against bill", "–", "no_data", note=note)
        return
    # "Breached" is said of a signal; this compares two sources of one number.
    status: Status = "ok" if both.is_reconciled else "breached"
    cards.kpi(
        "Estimate against bill",
        f"{100 * both.difference:+.1f} %",
        status,
        note=f"threshold ±{cost.RECONCILED_WITHIN:.0%} · {both.days} deployment-days with both",
    )


def _show_days(days: Sequence[CostDay]) -> None:
    dates = sorted({d.day for d in days})
    places = sorted({d.place for d in days if d.cost is not None})
    by_key = {(d.place, d.day): d for d in days}
    costs = {
        str(place): [
            np.nan if by_key[place, day].cost is None else by_key[place, day].cost for day in dates
        ]
        for place in places
    }
    estimated = [any(by_key[s, day].source == "estimated" for s in places) for day in dates]
    table = pd.DataFrame(
        [
            {
                "Day": d.day,
                "Deployment": str(d.place),
                "Billed": d.billed,
                "Estimated": d.estimated,
                "Instance-hours": d.instance_hours,
                "Predictions": d.predictions,
                "Per 1,000 predictions": d.per_thousand,
                "CPU, mean %": d.cpu_percent,
            }
            for d in days
        ]
    )
    chart = charts.cost_per_day(dates, costs, estimated, days[0].currency)
    cards.show_chart(chart, key="cost-days", table=table)
    if any(estimated):
        st.caption("Hatched: days of which a part is estimated.")


def _show_by_deployment(days: Sequence[CostDay], window: Window) -> None:
    rows = []
    for place in sorted({d.place for d in days}):
        own = [d for d in days if d.place == place and d.cost is not None]
        if not own:
            rows.append({"Deployment": str(place), "Source": "not known"})
            continue
        total = sum(d.cost for d in own if d.cost is not None)
        predictions = sum(d.predictions or 0 for d in own)
        cpu = [d.cpu_percent for d in own if d.cpu_percent is not None]
        sources = {d.source for d in own}
        rates = list(cost.hourly_rates(days, place).values())
        rows.append(
            {
                "Deployment": str(place),
                "Cost": round(total, 2),
                "A day": _a_whole_day(own, window),
                "Predictions": predictions,
                "Per 1,000 predictions": round(1000 * total / predictions, 2)
                if predictions
                else None,
                "CPU, mean %": round(float(np.mean(cpu)), 1) if cpu else None,
                "Per instance-hour": round(rates[0], 3) if rates else None,
                "Source": " and ".join(sorted(sources)),
            }
        )
    table = pd.DataFrame(rows)
    if "Cost" in table:
        table = table.sort_values("Cost", ascending=False, na_position="last")
    alt = f"Cost of {len(rows)} deployments, per 1,000 predictions and beside their CPU."
    cards.show_table(table, key="cost-deployments", alt=alt)


def _a_whole_day(own: Sequence[CostDay], window: Window) -> float | None:
    costs = [d.cost for d in own if d.cost is not None and Window.day(d.day).end <= window.end]
    return round(sum(costs) / len(costs), 2) if costs else None


def show_idle(deployments: Sequence[Deployment], window: Window) -> cards.Freshness | None:
    """Draw which deployments pay for machines that their busiest quarter of an hour does not need."""
    found, used = loaded.idle(window), compute.utilization(window)
    mine = {d.place: d for d in deployments}
    idle = {u.place: cost.is_idle(u) for u in used.value if u.resource is instances.CPU}
    rows = []
    for place, deployment in mine.items():
        own = [r for r in found.value if r.place == place]
        rows.append(_idle_row(deployment, own, is_idle=idle.get(place)))
    if not rows:
        states.show(states.blind(None, "The scope has no online deployment."))
        return cards.taken(found)
    table = pd.DataFrame(rows)
    worst = [row["Deployment"] for row in rows if str(row["Verdict"]).startswith("▲")]
    if worst:
        st.text(f"Paid for and not needed: {', '.join(map(str, worst))}.")
    alt = f"Machines not needed of {len(rows)} deployments."
    cards.show_table(table, key="idle", alt=alt)
    st.caption(
        f"Needed are as many instances as hold the CPU of the busiest 15 minutes of a day at "
        f"{cost.TARGET_CPU_PERCENT:g} % each. Breached when more than {cost.UNNEEDED_SHARE:.0%} of the "
        "paid ones are not needed on two of the last three whole days. Idle is Azure Advisor's rule: "
        f"95 % of a week's CPU below {cost.IDLE_CPU_PERCENT:g} %."
    )
    return cards.taken(found, used)


def _idle_row(
    deployment: Deployment, results: Sequence[MetricResult], *, is_idle: bool | None
) -> dict[str, object]:
    known = [r for r in results if r.value is not None]
    last = known[-3:]
    breached = sum(r.status == "breached" for r in last) > 1
    status: Status = "breached" if breached else "ok" if last else "no_data"
    since = ""
    if breached:
        first = known[-1]
        for result in reversed(known):
            if result.status != "breached":
                break
            first = result
        older = "before " if first is known[0] else ""
        since = f"{older}{first.window.start:%d %b}" if first.window else ""
    return {
        "Deployment": f"{deployment.endpoint} / {deployment.name}",
        "Verdict": cards.status_label(status),
        "Not needed": f"{100 * known[-1].value:.0f} %"
        if known and known[-1].value is not None
        else "–",
        "Threshold": f"> {100 * cost.UNNEEDED_SHARE:.0f} %",
        "Since": since or "none",
        "Days measured": len(known),
        "Idle (Advisor)": "not known" if is_idle is None else "yes" if is_idle else "no",
        "Instances set": deployment.instance_count,
        "Machine": deployment.instance_type,
    }


def show_energy(deployments: Sequence[Deployment], window: Window) -> cards.Freshness | None:
    """Draw what GPUs used; without one, say so."""
    if not any(instances.has_gpu(d.instance_type) for d in deployments):
        states.show(
            states.State(
                "No GPU",
                ":material/bolt:",
                "gray",
                "None of these deployments runs on a machine with a GPU.",
                "Azure measures the energy of GPUs only (GpuEnergyJoules), so there is no watt hour "
                "and no gram of CO2 to show, and none is made up.",
            )
        )
        return None
    found = loaded.energy(window)
    mine = {d.place for d in deployments}
    own = [each for each in found.value if each.place in mine]
    if not own:
        states.show(states.blind(None, "No GPU reported its energy in this window."))
        return cards.taken(found)
    factor = st.number_input(
        "gCO2e per kWh",
        min_value=0.0,
        max_value=2000.0,
        value=energies.GRAMS_PER_KWH,
        help="The world's mean in 2024 (Ember 2025). Set it to that of your region or contract.",
        key="grams-per-kwh",
        width=200,
    )
    table = pd.DataFrame(
        [
            {
                "Deployment": str(each.place),
                "Wh": round(each.watt_hours, 1),
                "gCO2e": round(each.grams(factor), 1),
                "Measured": f"{each.measured_share:.0%} of the window",
            }
            for each in own
        ]
    )
    alt = f"Energy of the GPUs of {len(own)} deployments at {factor:g} gCO2e per kWh."
    cards.show_table(table, key="energy", alt=alt)
    st.caption("Of the GPUs alone: processors, memory, network and cooling are not measured.")
    return cards.taken(found)


def show_prices(deployments: Sequence[Deployment]) -> None:
    """Draw the price table, to be edited; it holds for this session."""
    types = sorted({d.instance_type for d in deployments})
    table = pd.DataFrame(
        {
            "Machine": types,
            "Price an hour": [prices.price_of(name, edited()) for name in types],
        }
    )
    changed = st.data_editor(
        table,
        hide_index=True,
        disabled=["Machine"],
        column_config={
            "Price an hour": st.column_config.NumberColumn(min_value=0.0, format="%.4f")
        },
        key="prices-editor",
        width=420,
        alt="Price of an hour of each machine type, to be edited.",
    )
    found: Mapping[str, float] = {
        str(name): float(price)
        for name, price in zip(changed["Machine"], changed["Price an hour"], strict=True)
        if pd.notna(price) and price != prices.LIST_PRICES.get(str(name))
    }
    if dict(found) != edited():
        st.session_state[_PRICES] = dict(found)
        st.rerun()
    st.caption(
        f"In {prices.CURRENCY}: {prices.SOURCE}. Used where there is no bill, and to check the bill. "
        "Your prices hold until you close this page."
    )
