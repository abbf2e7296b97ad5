"""Server entry: `streamlit run app.py`. The shell of every page is ui/shell/main.py.

An ASGI wrapper, so that responses carry security headers, Streamlit's assets go out compressed and
probes exist; and so that the shell does not sit beside pages/, where Streamlit's old page discovery
would run a page without the shell until the first visit of "/".
"""

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from ui.parts.states import show_script_error
from ui.shell.edge import Edge, livez, readyz

app = st.App(
    "ui/shell/main.py",
    routes=[Route("/livez", livez), Route("/readyz", readyz)],
    middleware=[Middleware(Edge)],
    on_script_error=show_script_error,
)

if __name__ == "__main__":
    app.run()
