"""Back to a page from which a link was followed: it shows again what it showed.

What a link chooses enters the address of the page that is left, one history entry a parameter, before
the browser goes on. Back leads to such an entry, and the menu carries the scope of the link; neither
is what the reader had chosen there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import streamlit as st

from ui.shell import scope

#: Endpoint, deployment and segment as the address spells them: empty for all.
Place: TypeAlias = tuple[str, ...]

#: Pages of many deployments: one that is opened from them does not become their scope.
FLEET = frozenset({"overview", "incidents"})
_ORIGINS, _PAGE, _DUE, _FOLLOWED = "_origins", "_page", "_due", "_followed"


@dataclass(frozen=True, slots=True)
class Origin:
    """What the address said when a link was followed, and the places in the entries of that link."""

    place: Place
    query: dict[str, str]
    entries: frozenset[Place]


def leave(before: Place, query: dict[str, str]) -> None:
    """Callback, once a link's scope is set: remember what the page that is left had shown."""
    after = here()
    entries = (after[:count] + ("",) * (len(after) - count) for count in range(len(after) + 1))
    origins = st.session_state.setdefault(_ORIGINS, {})
    origins[st.session_state.get(_PAGE)] = Origin(before, query, frozenset(entries))
    st.session_state[_FOLLOWED] = True


def here() -> Place:
    """Return the place that the scope's boxes say."""
    boxes = ((st.session_state.get(key), everything) for key, everything in scope.ALL.items())
    return tuple("" if value in (None, everything) else str(value) for value, everything in boxes)


def resume() -> bool:
    """Before the boxes are drawn: put back what is due. Return whether the browser went elsewhere."""
    st.session_state.update(st.session_state.pop(_DUE, {}))
    address = st.query_params.to_dict()
    window = st.session_state.get("window", scope.DEFAULT_WINDOW)
    is_here = tuple(address.get(key, "") for key in scope.ALL) == here()
    return not is_here or address.get("window", scope.DEFAULT_WINDOW) != window


def arrive(page: str, *, navigated: bool) -> None:
    """Once the page is known: show what it showed before a link was followed from it."""
    previous, st.session_state[_PAGE] = st.session_state.get(_PAGE), page
    followed = st.session_state.pop(_FOLLOWED, False)
    origins: dict[str, Origin] = st.session_state.get(_ORIGINS, {})
    if followed or page not in origins:
        return
    origin, came = origins[page], previous != page
    if _is_return(page, origin, came=came, navigated=navigated):
        _restore(origin, navigated=navigated)
    elif not came and here() != origin.place:
        del origins[page]  # another scope was chosen on the page itself


def _is_return(page: str, origin: Origin, *, came: bool, navigated: bool) -> bool:
    if came and page in FLEET:
        return True
    return (came or navigated) and here() in {origin.place, *origin.entries}


def _restore(origin: Origin, *, navigated: bool) -> None:
    """Run again with what the page had shown, if that differs from what is shown."""
    left_out = {k: v for k, v in origin.query.items() if k not in st.query_params}
    due: dict[str, str] = {}
    if here() != origin.place:
        places = zip(scope.ALL.items(), origin.place, strict=True)
        due = {key: value or everything for (key, everything), value in places}
    if navigated and "window" in left_out:
        due["window"] = left_out["window"]
    own = {key: value for key, value in left_out.items() if key not in scope.KEYS}
    if due or own:
        st.session_state[_DUE] = due
        st.query_params.update(own)
        st.rerun()
