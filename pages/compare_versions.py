"""Two deployments or two model versions side by side: which is better, and is that certain?"""

import streamlit as st

from ui.loaders import deployments, versions, workspace
from ui.parts import cards, report_view
from ui.shell import page, scope, segment_view
from ui.views.compare_versions import compare_view
from ui.views.compare_versions import versions_view as view

chosen = scope.current()
st.title("Compare versions")

endpoint = page.endpoint_of(chosen)
picked: tuple[str, str] | None = None
with page.needed():
    sides = versions.sides(endpoint, chosen.deployment)
    registered = versions.registered(endpoint)
    known = registered.value
    deployed = {side.name: side for side in sides}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        what = view.pick_what() if len(sides) > 1 else view.MODELS
        if what == view.DEPLOYMENTS:
            picked = view.pick_pair(list(deployed), "")
            metric = view.pick_metric(deployments.served(endpoint, picked[0])[1].needed("task"))
            window = report_view.pick_period(chosen, workspace.now())
        elif len(known) > 1:
            picked = view.pick_pair(list(known), "model-")

if len(sides) < 2:  # noqa: PLR2004 - a pair
    view.show_alone(endpoint, sides)
ids = list(picked or list(known)[:1])
if what == view.DEPLOYMENTS and picked:
    note = segment_view.note(chosen.segment)
    both = " and ".join(f"{name} ({deployed[name].model})" for name in picked)
    st.caption(cards.escaped(f"{endpoint} / {both}, {window}{note}"))
    compare_view.show_deployments(endpoint, sides, picked, metric, window, chosen.segment)
    ids = [deployed[name].model for name in picked]
looked_at = [known[each] for each in ids if each in known]
if looked_at:
    with cards.made_of(cards.taken(registered, rows=len(known))):
        compare_view.show_models(endpoint, looked_at)
