"""The HTTP edge: security headers, compressed assets, probes. Draws nothing."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from streamlit import net_util

from monitoring.errors import MonitoringError
from monitoring.kept import disk
from ui.loaders import workspace

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Bytes that a file system takes for a name.
LONGEST_NAME = 255
STATIC = Path(st.__file__).parent / "static"
# To refuse a foreign origin Streamlit would first ask a web service for this machine's address.
net_util._external_ip = ""  # noqa: SLF001 - there is no setting for it
ASSETS = {".js": "text/javascript", ".css": "text/css"}


def _inline_scripts() -> str:
    """Return the CSP hashes of the scripts that Streamlit's page carries in itself."""
    scripts = re.findall(
        r"<script>(.*?)</script>", (STATIC / "index.html").read_text("utf-8"), re.DOTALL
    )
    digests = [hashlib.sha256(script.encode()).digest() for script in scripts]
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        f"script-src 'self' {_inline_scripts()}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws: wss:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
}
#: Plotly is the largest asset of each page with a chart: let the browser fetch it at once.
PRELOAD = ", ".join(
    f"</static/js/{asset.name}>; rel=modulepreload; crossorigin"
    for asset in (STATIC / "static/js").glob("PlotlyChart.*.js")
)


class Edge:
    """Middleware: headers on every HTTP response, and Streamlit's hashed assets compressed.

    Streamlit sends its 10 MB of scripts as they are; compressed once they are 3 MB.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.compressed: dict[str, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if not _is_path(scope["path"]):
            await Response("Not Found", 404, headers=HEADERS)(scope, receive, send)
            return
        asset = _asset(scope["path"]) if _accepts_gzip(scope) else None
        if asset is not None:
            await (await self._answer(asset))(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(MutableHeaders(scope=message))
            await send(message)

        await self.app(scope, receive, send_with_headers)

    async def _answer(self, asset: Path) -> Response:
        if asset.name not in self.compressed:
            body = await asyncio.to_thread(lambda: gzip.compress(asset.read_bytes(), 6))
            self.compressed[asset.name] = body
        headers = {
            "Content-Encoding": "gzip",
            "Vary": "Accept-Encoding",
            "Cache-Control": "public, max-age=31536000, immutable",
        }
        return Response(
            self.compressed[asset.name], media_type=ASSETS[asset.suffix], headers=HEADERS | headers
        )


def _is_path(path: str) -> bool:
    """Whether a file system takes its names: Streamlit looks for a file of whatever is asked for."""
    return "\0" not in path and all(len(part.encode()) <= LONGEST_NAME for part in path.split("/"))


def _accepts_gzip(scope: Scope) -> bool:
    return "gzip" in Headers(scope=scope).get("accept-encoding", "")


def _asset(path: str) -> Path | None:
    """Return Streamlit's own script or stylesheet at this path, never a file outside its folder."""
    if not path.startswith("/static/"):
        return None
    try:
        file = (STATIC / path.lstrip("/")).resolve()
        inside = file.is_relative_to(STATIC / "static") and file.is_file()
    except (OSError, ValueError):  # a name that no file system takes
        return None
    return file if inside and file.suffix in ASSETS else None


def _add_headers(headers: MutableHeaders) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if headers.get("content-type", "").startswith("text/html") and PRELOAD:
        headers["Link"] = PRELOAD


async def livez(_: Request) -> Response:
    """Say that the process answers."""
    return JSONResponse({"status": "ok"})


async def readyz(_: Request) -> Response:
    """Say whether pages can be served, and whether results are kept; asks nothing of Azure."""
    try:
        settings = workspace.settings()
    except MonitoringError as error:
        return JSONResponse({"status": "unusable settings", "why": str(error)}, status_code=503)
    if workspace.is_starting():
        return JSONResponse({"status": "starting"}, status_code=503)
    answer = {"status": "ok", "source": "sample" if settings.is_sample else "azure"}
    if (fault := disk.fault()) is not None:  # it still answers, so it stays in service
        answer |= {"status": "computing without keeping", "why": str(fault)}
    return JSONResponse(answer)
