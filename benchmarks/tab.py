"""One tab without a browser: it speaks Streamlit's protocol, and costs next to no processor time."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

LIMIT_SECONDS = 120


class Tab:
    """A session on one page of a served app."""

    def __init__(self, url: str, page: str, query: str = "") -> None:
        address = url.replace("http", "ws", 1) + "/_stcore/stream"
        self._socket = connect(address, subprotocols=["streamlit"], max_size=None)  # type: ignore[list-item]
        self._page, self._query = page, query

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._socket.close()

    def rerun_seconds(self) -> float:
        """Run the page and return the seconds until its script has finished."""
        message = BackMsg()
        message.rerun_script.page_name = self._page
        message.rerun_script.query_string = self._query
        began = time.perf_counter()
        self._socket.send(message.SerializeToString())
        while not self._is_last(self._socket.recv(timeout=LIMIT_SECONDS)):
            pass
        return time.perf_counter() - began

    @staticmethod
    def _is_last(content: str | bytes) -> bool:
        answer = ForwardMsg()
        answer.ParseFromString(content.encode() if isinstance(content, str) else content)
        early = ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN
        return answer.WhichOneof("type") == "script_finished" and answer.script_finished != early
