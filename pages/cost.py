"""What each deployment costs, for how many predictions, and the size and scaling it needs."""

import streamlit as st

from ui.loaders import cost, workspace
from ui.parts import cards
from ui.shell import scope
from ui.views.compute import compute_view
from ui.views.cost import cost_view, scaling_view, size_view

chosen = scope.current()
now = workspace.now()
window = chosen.window_at(now)
days = window.whole_days()
st.title("Cost")
st.caption(cards.escaped(f"{chosen}, {days}"))

report = None
here = compute_view.in_scope(chosen)
with cards.panel("Cost per day") as panel:
    report = cost.report(days, cost_view.edited())
    panel.freshness = cost_view.show_cost(report, here, days)
cards.fill("Idle and over-provisioned", cost_view.show_idle, here, days)
cards.fill("Right size", size_view.show_advice, report, here, window, help=size_view.HELP)
deployment = compute_view.pick(here, "size-of")
if deployment:
    place = deployment, report, window
    cards.fill("What each size would have done", size_view.show_sizes, *place)
    cards.fill("Autoscale and the demand it met", scaling_view.show_rules, deployment, window)
    cards.fill("What if the rules were others", scaling_view.show_what_if, *place)
cards.fill("Energy", cost_view.show_energy, here, days)
cards.fill("Prices an hour", cost_view.show_prices, here)
