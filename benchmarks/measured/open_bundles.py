"""Hostile bundles drawn by the page: FILE NUMBER SEED. Prints how each ended; faults go to standard error."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.hostile_bundles import hostile

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

#: What a reader sees of a fault of ours, and not of the file.
FAULT = "A fault in this app"
LIMIT_SECONDS = 20


def page() -> None:
    """Draw what the page draws of a chosen file; runs as a script."""
    import streamlit as st  # noqa: PLC0415

    from ui.views.incidents import replay_view  # noqa: PLC0415

    for opened in ("frozen-timeline-open", "frozen-timeline-events-open"):
        st.session_state.setdefault(opened, True)
    replay_view.show()


def main(file: Path, count: int, seed: int) -> dict[str, object]:
    """Draw them one after the other, each in a session of its own."""
    from streamlit.testing.v1 import AppTest  # noqa: PLC0415 - a second

    from monitoring.incidents import bundle  # noqa: PLC0415

    for name in ("streamlit", "leeway"):
        logging.getLogger(name).setLevel(logging.ERROR)
    sound = bundle.write(bundle.open_(file.read_bytes()))
    ended: Counter[str] = Counter()
    longest = 0.0
    for number, content in enumerate(chain([sound], hostile(sound, count, seed))):
        app = AppTest.from_function(page, default_timeout=LIMIT_SECONDS).run()
        began = time.perf_counter()
        end = _end(app, content)
        longest = max(longest, time.perf_counter() - began)
        ended[end] += 1
        if end in {"fault", "hang"}:
            print(f"number {number}: {end}", file=sys.stderr)
        if number == 0 and end != "drawn":
            raise SystemExit(f"the sound bundle was {end}")
    names = ("drawn", "refused", "fault", "hang")
    return {**{name: ended[name] for name in names}, "longest_seconds": longest}


def _end(app: AppTest, content: bytes) -> str:
    try:
        app.file_uploader[0].set_value(("x.zip", content, "application/zip")).run()
        if app.select_slider and not app.exception:
            app.select_slider[0].set_value(app.select_slider[0].options[0]).run()
    except RuntimeError:  # AppTest's word for a script that does not end
        return "hang"
    words = " ".join(str(each.value) for each in app.text)
    if app.exception or FAULT in words:
        for each in app.exception:
            print(each.value, *each.stack_trace[-6:], sep="\n", file=sys.stderr)
        return "fault"
    return "refused" if "Cannot " in words and not app.header else "drawn"


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
