"""Right size on the cost page: the fewest instances that keep the objective on replayed load."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.capacity.right_size import Advice, Option
from monitoring.errors import MonitoringError
from monitoring.place import Place
from monitoring.signals.cost import judging as cost
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment
from ui.loaders import cost as loaded
from ui.loaders.cost import CostReport
from ui.parts import cards, states

HELP = (
    "The requests of the last seven days are replayed through other numbers of instances: a queue with "
    "as many servers as instances times concurrent requests, service times as measured, longer the "
    "busier the CPU, 429 beyond twice as many requests under way. Only sizes that keep the latency and "
    "error objectives in every hour are advised."
)


def show_advice(
    report: CostReport | None, deployments: Sequence[Deployment], window: Window
) -> cards.Freshness | None:
    """Draw the advice for each deployment."""
    part = loaded.replayed_window(window)
    rows, silent = [], []
    with st.spinner("Replaying the last days"):
        for deployment in deployments:
            try:
                found = loaded.advice(deployment, part)
            except MonitoringError as error:
                silent.append(f"{deployment.place}: {error}")
                continue
            rows.append(_advice_row(found, _rates(report, found.place), currency_of(report)))
    if rows:
        alt = f"Advised size of {len(rows)} deployments, with its effect on latency and money."
        cards.show_table(pd.DataFrame(rows), key="advice", alt=alt)
        st.caption(
            f"Replayed: {part}. P95 is of the slowest hour, with the model's error in the worst tenth "
            "of hours as the upper end. Money: from the bill's price of an instance-hour to the table's. An advised size has no spare: Azure recommends at least three "
            "instances where an endpoint must survive the loss of one."
        )
    for line in silent:
        st.text(f"No advice for {line}")
    if not rows and not silent:
        states.show(states.blind(None, "The scope has no online deployment."))
        return None
    return cards.answered(loaded.arrivals(part))


def _rates(report: CostReport | None, place: Place) -> list[float]:
    """Return the price of an instance-hour, the bill's first; two differ by what the table gets wrong."""
    return list(cost.hourly_rates(report.days, place).values()) if report else []


def rate_of(report: CostReport | None, place: Place) -> float | None:
    """Return the price of an instance-hour: the bill's, else the table's; None without either."""
    return next(iter(_rates(report, place)), None)


def currency_of(report: CostReport | None) -> str:
    """Return the currency of a report; "" without one."""
    return report.days[0].currency if report and report.days else ""


def _advice_row(found: Advice, rates: list[float], currency: str) -> dict[str, object]:
    best = found.best
    margin = found.error.margin
    return {
        "Deployment": str(found.place),
        "Runs": found.running_now,
        "Advice": "nothing tried keeps the objective" if best is None else best.label,
        f"Saved a month, {currency}": _saved(found, rates),
        "P95 now": _range(found.now, margin),
        "P95 advised": "–" if best is None else _range(best, margin),
        "Hours broken now": f"{found.now.hours_broken} of {found.now.hours}",
        "Model error": _error(found),
    }


def _saved(found: Advice, rates: Sequence[float]) -> str:
    """Return what the advice saves a month, from the bill's price to the table's."""
    saved = [each for rate in rates if (each := found.saving_per_month(rate)) is not None]
    if not saved:
        return "no price"
    low, high = f"{min(saved):,.0f}", f"{max(saved):,.0f}"
    return low if low == high else f"{low} to {high}"


def _range(option: Option, margin: float) -> str:
    if np.isnan(option.worst_p95_ms):
        return "too few requests"
    upper = option.worst_p95_ms * (1 + margin)
    return f"{option.worst_p95_ms:,.0f} to {upper:,.0f} ms"


def _error(found: Advice) -> str:
    if not found.error.hours:
        return "not known: no hour has 30 answers"
    return f"±{found.error.median:.0%} of P95 in {found.error.hours} hours"


def show_sizes(
    deployment: Deployment, report: CostReport | None, window: Window
) -> cards.Freshness | None:
    """Draw what each size would have done, for one deployment, with how that is known."""
    part = loaded.replayed_window(window)
    found = loaded.advice(deployment, part)
    rate = rate_of(report, found.place)
    margin = found.error.margin
    _say(found, rate, currency_of(report))
    drawn = [
        charts.Size(
            name=o.label,
            instances=o.instances,
            worst_p95_ms=o.worst_p95_ms,
            upper_p95_ms=o.worst_p95_ms * (1 + margin),
            refused=o.refused,
            is_best=o is found.best,
            is_broken=bool(o.hours_broken),
        )
        for o in found.options
    ]
    table = pd.DataFrame([_option_row(o, rate, margin) for o in (found.now, *found.options)])
    chart = charts.sizes(drawn, found.objective.p95_ms)
    cards.show_chart(chart, key="sizes-chart", table=table)
    st.caption(
        "Star: advised. Cross: breaks the objective in some hour, with the model's error or without."
    )
    _show_measured(found)
    return cards.answered(loaded.arrivals(part))


def _say(found: Advice, rate: float | None, currency: str) -> None:
    best, now = found.best, found.now
    objective = (
        f"P95 of {found.objective.p95_ms:,.0f} ms and {found.objective.failed_share:.0%} errors"
    )
    if best is None:
        st.text(f"No size that was tried keeps {objective} in every hour.")
        return
    saved = found.saving_per_month(rate)
    money = ""
    if saved is not None and abs(saved) >= 1:
        money = f", {abs(saved):,.0f} {currency} a month {'less' if saved > 0 else 'more'}"
    running = f"{found.running_now} run now"
    if found.is_right:
        st.text(f"The size is right: {best.label} keep {objective} in every replayed hour.")
    elif now.hours_broken:
        st.text(
            f"{running} and break {objective} in {now.hours_broken} of {now.hours} hours "
            f"({now.refused:,.0f} requests refused as replayed, {found.error.refused_measured:,.0f} in "
            f"the log). To keep it in those too takes {best.label}{money}."
        )
    else:
        st.text(f"{running}; {best.label} keeps {objective} in every replayed hour{money}.")


def _option_row(option: Option, rate: float | None, margin: float) -> dict[str, object]:
    worst = option.worst_p95_ms
    return {
        "Size": option.label,
        "Instances, mean paid": round(option.instances, 2),
        "P95, ms": round(option.p95_ms),
        "P95 of slowest hour, ms": _rounded(worst),
        "With model error, ms": _rounded(worst * (1 + margin)),
        "Refused": round(option.refused),
        "Over the timeout": round(option.late),
        "Hours broken": f"{option.hours_broken} of {option.hours}",
        "CPU, peak minute %": round(option.peak_cpu_percent),
        "Queue wait P95 (formula), ms": _rounded(option.queue_p95_ms, 1),
        "Cost a month": _rounded(option.cost_per_month(rate), 0),
    }


def _show_measured(found: Advice) -> None:
    service, error = found.service, found.error
    cpu = (
        "its CPU does not follow the requests, so no instance is promised more than it has had "
        f"({service.measured_rpm:.0f} a minute)"
        if service.most_rpm is None
        else f"its CPU is full at {service.most_rpm:.0f} requests a minute"
    )
    slowing = "measured" if service.is_slowing_measured else "assumed as in processor sharing"
    left_out = f" {found.hours_left_out} quiet hours were left out." if found.hours_left_out else ""
    st.caption(
        f"Measured on {service.answers:,} answers: {service.mean_ms:.0f} ms alone on an instance "
        f"(squared coefficient of variation {service.variability:.2f}); {cpu}; slowing under load "
        f"{slowing}. Each day predicted from the others: P95 of an hour is off by {error.median:.0%} in "
        f"the median of {error.hours} hours, too low by {error.margin:.0%} or more in a tenth of them; "
        f"{error.refused:,.0f} refused against {error.refused_measured:,.0f} in the log.{left_out}"
    )


def _rounded(value: float | None, digits: int | None = None) -> float | None:
    return None if value is None or np.isnan(value) else round(value, digits)
