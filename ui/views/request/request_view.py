"""Choosing a request: by its id, or among the slow and failed ones of the scope."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.charts.request import Dot
from monitoring.window import Window
from ui.loaders import requests
from ui.loaders.requests import NotableRequest
from ui.parts import cards, choices, states
from ui.shell.scope import Scope

#: In the URL: /request?request=<id>
KEY = "request"
_NEXT, _ROUND = "_request-next", "_request-round"
KINDS = {"failed": "Failed", "slow": "Slow", "all": "Both"}
MOST_ROWS = 200


def ask() -> str:
    """Draw the box for an id and return what is in it."""
    if _NEXT in st.session_state:  # chosen below the box in the last run
        st.session_state[KEY] = st.session_state.pop(_NEXT)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Request id",
            key=KEY,
            bind="query-params",
            placeholder="x-request-id or x-ms-client-request-id",
            help="The gateway returns x-request-id with each response and logs it with each error; "
            "x-ms-client-request-id is what the caller sent.",
            width=420,
        )
        if text:
            st.button("Choose another", icon=":material/list:", on_click=_clear, key="another")
    return text or ""


def _clear() -> None:
    st.session_state[KEY] = ""
    # A chart that is drawn anew under its old key would still have its dot selected.
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def choose(chosen: Scope, window: Window) -> None:
    """Draw the slow and failed requests of the scope; a click on one opens it."""
    with cards.panel(
        "Slow and failed requests",
        help="Of each step of the window, deployment and response code the slowest request. "
        "A click on a dot or a row opens it.",
    ) as panel:
        answer, found = requests.notable(chosen.endpoint, chosen.deployment, window)
        panel.freshness = cards.answered(answer)
        kind = choices.switch("Show", KINDS, "request-kind")
        shown = [r for r in found if kind == "all" or r.is_failed == (kind == "failed")]
        if not shown:
            _show_none(chosen, found, window)
            return
        _pick_dot(shown)
        _pick_row(shown)


def _show_none(chosen: Scope, found: Sequence[NotableRequest], window: Window) -> None:
    if found:
        states.show(states.no_results("requests", {"scope": str(chosen), "window": str(window)}))
        return
    why = (
        f"The traffic log has no request of {chosen} from {window}: there was none, or the endpoint "
        "has no diagnostic setting for AmlOnlineEndpointTrafficLog."
    )
    states.show(states.blind(None, why))


def _pick_dot(shown: Sequence[NotableRequest]) -> None:
    dots = [
        Dot(r.request_id, r.time, float(r.total_ms), r.is_failed, r.alike, _told(r)) for r in shown
    ]
    key = f"request-dots-{st.session_state.get(_ROUND, 0)}"
    selection = cards.show_chart(charts.request_dots(dots), key=key, selectable=True)
    point = choices.clicked(selection) or {}
    if picked := point.get("customdata"):
        st.session_state[_NEXT] = str(picked[0] if isinstance(picked, list) else picked)
        st.rerun()


def _told(request: NotableRequest) -> str:
    return f"{request.endpoint} / {request.deployment}, {code_of(request)}, {request.alike:,} alike"


def code_of(request: NotableRequest) -> str:
    """Return the response code with the model's own status."""
    model = f" (model {request.model_code})" if request.is_failed and request.model_code else ""
    return f"HTTP {request.code}{model}"


def _pick_row(shown: Sequence[NotableRequest]) -> None:
    key = f"request-rows-{st.session_state.get(_ROUND, 0)}"
    ids = [request.request_id for request in shown[:MOST_ROWS]]

    def opened() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows and rows[0] < len(ids):
            st.session_state[_NEXT] = ids[rows[0]]

    st.dataframe(
        table(shown[:MOST_ROWS]),
        hide_index=True,
        key=key,
        on_select=opened,
        selection_mode="single-row",
        alt=f"{len(shown)} requests by time, newest first",
    )
    if len(shown) > MOST_ROWS:
        st.caption(f"The newest {MOST_ROWS} of {len(shown):,} are listed; all are in the chart.")


def table(shown: Sequence[NotableRequest]) -> pd.DataFrame:
    """Return requests as a table, in the order given."""
    return pd.DataFrame(
        [
            {
                "Time (UTC)": f"{r.time:%Y-%m-%d %H:%M:%S}",
                "Deployment": f"{r.endpoint} / {r.deployment}",
                "Response": code_of(r),
                "Milliseconds": r.total_ms,
                "Alike": r.alike,
                "Caller": r.agent,
                "x-request-id": r.request_id,
            }
            for r in shown
        ]
    )
