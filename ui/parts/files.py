"""Files of the reader's own: uploaded, or named by a path where a folder is open to paths."""

from __future__ import annotations

import streamlit as st

from monitoring.counting.engine.tables import READERS
from monitoring.openable import openable
from monitoring.settings import Settings
from ui.loaders import uploads
from ui.loaders.uploads import Given

TYPES = [suffix.removeprefix(".") for suffix in READERS] + ["gz"]


def pick(role: str, key: str, settings: Settings) -> Given | None:
    """Draw upload and path for one role and return the file, None while there is neither."""
    uploaded = st.file_uploader(f"{role.capitalize()} file", type=TYPES, key=f"{key}{role}-upload")
    path = _path(role, f"{key}{role}-path", settings)
    if uploaded is not None:
        return uploads.kept(role, uploaded)
    return Given(openable(path, settings), path) if path else None


def _path(role: str, key: str, settings: Settings) -> str:
    """Draw the field for a path; without a folder that is open only a link can hold one."""
    if settings.files is None:
        return st.query_params.get(key, "").strip()
    return st.text_input(
        f"or path of the {role} on the server",
        key=key,
        bind="query-params",
        placeholder="folder/file.parquet",
        help="A file or a folder below the one that LEEWAY_FILES names.",
    ).strip()
