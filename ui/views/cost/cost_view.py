"""The cost page: what each deployment costs, for how many predictions, and which machines idle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import takewhile

import numpy as np
import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.capacity import energy as energies
from monitoring.capacity import instances, prices
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.signals.cost import judging as cost
from monitoring.signals.cost.judging import CostDay
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment
from ui.loaders import compute
from ui.loaders import cost as loaded
from ui.loaders.cost import CostReport
from ui.parts import cards, states
from ui.parts.cards import Tile
from ui.parts.numbers import NONE, or_nan

_PRICES = "edited-prices"


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
    dates = {d.day for d in days}
    cards.tiles(
        _tile_total(days, f"Cost, {currency}"),
        _tile_a_day(days, window, f"A day, {currency}"),
        _tile_per_thousand(days, f"Per 1,000 predictions, {currency}"),
        _tile_reconciled(cost.reconciled(days)),
    )
    if window.end.date() in dates:
        st.caption("The last day is not over: its cost is estimated up to now.")


def _total(days: Sequence[CostDay]) -> float:
    return sum(d.cost for d in days if d.cost is not None)


def _predictions(days: Sequence[CostDay]) -> int:
    return sum(d.predictions or 0 for d in days)


def _whole(days: Sequence[CostDay], window: Window) -> list[CostDay]:
    """Return what is about days that are over."""
    return [d for d in days if Window.day(d.day).end <= window.end]


def _tile_total(days: Sequence[CostDay], label: str) -> Tile:
    total = _total(days)
    guessed = _total([d for d in days if d.source == "estimated"])
    share = f"{guessed / total:.0%} of it estimated" if guessed else "all billed"
    return Tile(label, f"{total:,.2f}", note=f"{len({d.day for d in days})} days · {share}")


def _tile_a_day(days: Sequence[CostDay], window: Window, label: str) -> Tile:
    whole = _whole(days, window)
    count = len({d.day for d in whole})
    if not count:
        return Tile(label, NONE, note="no whole day")
    each = _total(whole) / count
    month = each * prices.HOURS_A_MONTH / 24
    return Tile(label, f"{each:,.2f}", note=f"{month:,.0f} a month · n {count} whole days")


def _tile_per_thousand(days: Sequence[CostDay], label: str) -> Tile:
    predictions = _predictions(days)
    value = f"{1000 * _total(days) / predictions:,.2f}" if predictions else NONE
    return Tile(label, value, note=f"n {predictions:,} predictions")


def _tile_reconciled(both: cost.Reconciliation | None) -> Tile:
    label = "Estimate against bill"
    if both is None:
        note = "no day has both a bill and instance-hours"
        return Tile(label, NONE, "no_data", note)
    # "Breached" is said of a signal; this compares two sources of one number.
    status = cards.status_of(breached=not both.is_reconciled, judged=True)
    note = f"threshold ±{cost.RECONCILED_WITHIN:.0%} · {both.days} deployment-days with both"
    return Tile(label, f"{100 * both.difference:+.1f} %", status, note)


def _show_days(days: Sequence[CostDay]) -> None:
    dates = sorted({d.day for d in days})
    costs = _costs(days, dates)
    guessed = {d.day for d in days if d.source == "estimated"}
    estimated = [day in guessed for day in dates]
    chart = charts.cost_per_day(dates, costs, estimated, days[0].currency)
    cards.show_chart(chart, key="cost-days", table=pd.DataFrame(map(_day_cells, days)))
    if guessed:
        st.caption("Hatched: days of which a part is estimated.")


def _day_cells(day: CostDay) -> dict[str, object]:
    return {
        "Day": day.day,
        "Deployment": str(day.place),
        "Billed": day.billed,
        "Estimated": day.estimated,
        "Instance-hours": day.instance_hours,
        "Predictions": day.predictions,
        "Per 1,000 predictions": day.per_thousand,
        "CPU, mean %": day.cpu_percent,
    }


def _show_by_deployment(days: Sequence[CostDay], window: Window) -> None:
    rows = [_deployment_cells(days, place, window) for place in sorted({d.place for d in days})]
    table = pd.DataFrame(rows)
    if "Cost" in table:
        table = table.sort_values("Cost", ascending=False, na_position="last")
    alt = f"Cost of {len(rows)} deployments, per 1,000 predictions and beside their CPU."
    cards.show_table(table, key="cost-deployments", alt=alt)


def _deployment_cells(days: Sequence[CostDay], place: Place, window: Window) -> dict[str, object]:
    own = [d for d in days if d.place == place and d.cost is not None]
    if not own:
        return {"Deployment": str(place), "Source": "not known"}
    total, predictions = _total(own), _predictions(own)
    whole = [d.cost for d in _whole(own, window) if d.cost is not None]
    cpu = [d.cpu_percent for d in own if d.cpu_percent is not None]
    rates = list(cost.hourly_rates(days, place).values())
    return {
        "Deployment": str(place),
        "Cost": round(total, 2),
        "A day": _mean(whole, 2),
        "Predictions": predictions,
        "Per 1,000 predictions": round(1000 * total / predictions, 2) if predictions else None,
        "CPU, mean %": _mean(cpu, 1),
        "Per instance-hour": round(rates[0], 3) if rates else None,
        "Source": " and ".join(sorted({d.source for d in own})),
    }


def show_idle(deployments: Sequence[Deployment], window: Window) -> cards.Freshness | None:
    """Draw which deployments pay for machines that their busiest quarter of an hour does not need."""
    found, used = loaded.idle(window), compute.utilization(window)
    idle = {u.place: cost.is_idle(u) for u in used.value if u.resource is instances.CPU}
    rows = []
    for each in deployments:
        own = [r for r in found.value if r.place == each.place and r.value is not None]
        rows.append(_idle_row(each, own, is_idle=idle.get(each.place)))
    if not rows:
        states.show(states.blind(None, "The scope has no online deployment."))
        return cards.taken(found)
    worst = [str(row["Deployment"]) for row in rows if str(row["Verdict"]).startswith("▲")]
    if worst:
        st.text(f"Paid for and not needed: {', '.join(worst)}.")
    alt = f"Machines not needed of {len(rows)} deployments."
    cards.show_table(pd.DataFrame(rows), key="idle", alt=alt)
    st.caption(
        f"Needed are as many instances as hold the CPU of the busiest 15 minutes of a day at "
        f"{cost.TARGET_CPU_PERCENT:g} % each. Breached when more than {cost.UNNEEDED_SHARE:.0%} of the "
        "paid ones are not needed on two of the last three whole days. Idle is Azure Advisor's rule: "
        f"95 % of a week's CPU below {cost.IDLE_CPU_PERCENT:g} %."
    )
    return cards.taken(found, used)


#: Of Azure Advisor's rule.
IDLE = {None: "not known", True: "yes", False: "no"}


def _idle_row(
    deployment: Deployment, known: Sequence[MetricResult], *, is_idle: bool | None
) -> dict[str, object]:
    last = known[-3:]
    breached = sum(r.status == "breached" for r in last) > 1
    newest = known[-1].value if known else None
    return {
        "Deployment": f"{deployment.endpoint} / {deployment.name}",
        "Verdict": cards.status_label(cards.status_of(breached=breached, judged=last)),
        "Not needed": NONE if newest is None else f"{100 * newest:.0f} %",
        "Threshold": f"> {100 * cost.UNNEEDED_SHARE:.0f} %",
        "Since": (_breached_since(known) if breached else "") or "none",
        "Days measured": len(known),
        "Idle (Advisor)": IDLE[is_idle],
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


def _breached_since(known: Sequence[MetricResult]) -> str:
    """Return the first of the last days that breach without a break; maybe it began before them."""
    run = list(takewhile(lambda result: result.status == "breached", reversed(known)))
    first = run[-1] if run else known[-1]
    older = "before " if first is known[0] else ""
    return f"{older}{first.window.start:%d %b}" if first.window else ""


def _mean(values: Sequence[float], digits: int) -> float | None:
    return round(float(np.mean(values)), digits) if values else None


def _costs(days: Sequence[CostDay], dates: Sequence[date]) -> dict[str, list[float]]:
    """Return what each deployment costs by day, NaN where it is not known."""
    by_key = {(d.place, d.day): d for d in days}
    places = sorted({d.place for d in days if d.cost is not None})
    return {str(place): [or_nan(by_key[place, day].cost) for day in dates] for place in places}
