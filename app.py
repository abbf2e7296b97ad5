"""Server entry: `streamlit run app.py`. The shell of every page is ui/shell/main.py.

An ASGI wrapper, so that responses carry security headers, Streamlit's assets go out compressed and
probes exist; and so that the shell does not sit beside pages/, where Streamlit's old page discovery
would run a page without the shell until the first visit of "/".
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from ui.loaders import uploads, workspace
from ui.parts.states import show_script_error
from ui.shell.edge import Edge, livez, readyz


@asynccontextmanager
async def begun(_: st.App) -> AsyncIterator[None]:
    """Connect before the first reader comes."""
    workspace.begin()
    uploads.begin()
    yield


app = st.App(
    "ui/shell/main.py",
    lifespan=begun,
    routes=[Route("/livez", livez), Route("/readyz", readyz)],
    middleware=[Middleware(Edge)],
    on_script_error=show_script_error,
)

if __name__ == "__main__":
    app.run()
