"""How full the machines are, whether there are enough of them, and what clusters and jobs do."""

import streamlit as st

from ui.loaders import workspace
from ui.parts import cards
from ui.shell import scope
from ui.views.compute import compute_view, jobs_view

chosen = scope.current()
now = workspace.now()
window = chosen.window_at(now)
st.title("Compute")
st.caption(cards.escaped(f"{chosen}, {window}"))

here = compute_view.in_scope(chosen)
cards.fill("Machines of the deployments", compute_view.show_machines, here, window)
deployment = compute_view.pick(compute_view.worst_first(here, window), "machines-of")
if deployment:
    cards.fill("Each instance", compute_view.show_instances, deployment, window)
    cards.fill("Instances against demand", compute_view.show_demand, deployment, window)
cards.fill("Clusters", jobs_view.show_clusters, window)
cards.fill("Jobs", jobs_view.show_jobs, window, now)
