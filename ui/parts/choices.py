"""Choices that are in the URL. What a browser sends is no proof: what is not offered is not taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st


def pick(label: str, offered: Sequence[str], key: str, **options: Any) -> str:
    """Draw the choice of one of several and return it, the first if nothing that is offered is chosen."""
    picked = st.selectbox(label, offered, key=key, bind="query-params", **options)
    return picked if picked in offered else offered[0]


def known_pick(label: str, offered: Sequence[str], key: str, **options: Any) -> str:
    """Draw the same where what is offered may have changed since something was chosen."""
    if st.session_state.get(key, offered[0]) not in offered:
        st.session_state[key] = offered[0]
    return pick(label, offered, key, **options)


def switch(
    label: str, offered: Mapping[str, str], key: str, default: str = "", **options: Any
) -> str:
    """Draw a few names beside each other, of which one is always chosen.

    Args:
        label: What is chosen.
        offered: Label by name; the URL has the name.
        key: Of the widget and in the URL.
        default: The first one if empty.
        options: Of Streamlit's control.
    """
    first = default or next(iter(offered))
    picked = st.segmented_control(
        label,
        list(offered),
        default=first,
        format_func=lambda name: offered[name],
        required=True,
        key=key,
        bind="query-params",
        **options,
    )
    return picked if picked in offered else first


def number(label: str, key: str, start: float, **options: Any) -> float:
    """Draw a number to write, which begins at `start`."""
    value = st.number_input(label, value=start, key=key, bind="query-params", **options)
    return float(value)


def clicked(selection: Any) -> dict[str, Any] | None:
    """Return the point of a chart that was clicked on; None without one."""
    points = (selection or {}).get("selection", {}).get("points", [])
    return points[0] if points else None


def limited(label: str, key: str, start: float, **options: Any) -> float:
    """Draw a number from 0 on, which begins at `start`."""
    return number(label, key, start, min_value=0.0, step=0.01, format="%.3g", **options)
