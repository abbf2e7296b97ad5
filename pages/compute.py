"""How full the machines are, whether there are enough of them, and what clusters and jobs do."""

import streamlit as st

from monitoring.errors import MonitoringError
from ui.loaders import compute, workspace
from ui.parts import cards, states
from ui.shell import scope
from ui.views.compute import compute_view, jobs_view

chosen = scope.current()
now = workspace.now()
window = chosen.window_at(now)
st.title("Compute")
st.caption(cards.escaped(f"{chosen}, {window}"))

try:
    here = compute.in_scope(chosen)
except MonitoringError as error:
    states.show_error(error)
    here = ()

with cards.panel("Machines of the deployments") as panel:
    panel.freshness = compute_view.show_machines(here, window)
deployment = compute_view.pick(compute_view.worst_first(here, window), "machines-of")
if deployment:
    with cards.panel("Each instance") as panel:
        panel.freshness = compute_view.show_instances(deployment, window)
    with cards.panel("Instances against demand") as panel:
        panel.freshness = compute_view.show_demand(deployment, window)
with cards.panel("Clusters") as panel:
    panel.freshness = jobs_view.show_clusters(window)
with cards.panel("Jobs") as panel:
    panel.freshness = jobs_view.show_jobs(window, now)
