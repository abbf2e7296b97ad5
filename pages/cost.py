"""What each deployment costs, for how many predictions, and the size and scaling it needs."""

import streamlit as st

from monitoring.errors import MonitoringError
from ui.loaders import compute, cost, workspace
from ui.parts import cards, states
from ui.shell import scope
from ui.views.compute import compute_view
from ui.views.cost import cost_view, scaling_view, size_view

chosen = scope.current()
now = workspace.now()
window = chosen.window_at(now)
days = window.whole_days()
st.title("Cost")
st.caption(cards.escaped(f"{chosen}, {days}"))

report, here = None, ()
try:
    here = compute.in_scope(chosen)
except MonitoringError as error:
    states.show_error(error)
with cards.panel("Cost per day") as panel:
    report = cost.report(days, cost_view.edited())
    panel.freshness = cost_view.show_cost(report, here, days)
with cards.panel("Idle and over-provisioned") as panel:
    panel.freshness = cost_view.show_idle(here, days)
with cards.panel("Right size", help=size_view.HELP) as panel:
    panel.freshness = size_view.show_advice(report, here, window)
deployment = compute_view.pick(here, "size-of")
if deployment:
    with cards.panel("What each size would have done") as panel:
        panel.freshness = size_view.show_sizes(deployment, report, window)
    with cards.panel("Autoscale and the demand it met") as panel:
        panel.freshness = scaling_view.show_rules(deployment, window)
    with cards.panel("What if the rules were others") as panel:
        panel.freshness = scaling_view.show_what_if(deployment, report, window)
with cards.panel("Energy") as panel:
    panel.freshness = cost_view.show_energy(here, days)
with cards.panel("Prices an hour"):
    cost_view.show_prices(here)
