"""Files of the reader's own: uploaded, or named by a path on the server."""

from __future__ import annotations

import hashlib
from pathlib import Path

import streamlit as st

from monitoring.counting.engine.tables import READERS
from monitoring.errors import InputError
from monitoring.kept.disk import Disk
from monitoring.settings import Settings

#: Beyond, the one unused for longest goes.
MOST_UPLOADS = 200
TYPES = [suffix.removeprefix(".") for suffix in READERS] + ["gz"]


def pick(role: str, key: str, settings: Settings) -> Path | None:
    """Draw upload and path for one role and return the file, None while there is neither."""
    uploaded = st.file_uploader(f"{role.capitalize()} file", type=TYPES, key=f"{key}{role}-upload")
    path = st.text_input(
        f"or path of the {role} on the server",
        key=f"{key}{role}-path",
        bind="query-params",
        placeholder="folder/file.parquet",
        help=f"A file or a folder under {settings.files.resolve()}.",
    )
    if uploaded is not None:
        return _stored(uploaded.name, uploaded.getvalue(), settings)
    return inside(Path(path.strip()), settings.files) if path.strip() else None


def _stored(name: str, content: bytes, settings: Settings) -> Path:
    place = f"{hashlib.sha256(content).hexdigest()[:16]}/{Path(name).name}"
    disk = Disk(settings.cache / "uploads", version=1, most_files=MOST_UPLOADS)
    path, _ = disk.path(place, place, lambda draft: draft.write_bytes(content))
    return path


def inside(path: Path, root: Path) -> Path:
    """Return the path if it lies under the folder that readers may open.

    Raises:
        InputError: It does not.
    """
    found = (root / path).resolve()
    if not found.is_relative_to(root.resolve()):
        raise InputError(
            f"Cannot open {str(path)!r}: it lies outside {str(root.resolve())!r}",
            hint="Upload the file, or have LEEWAY_FILES set to the folder that holds it.",
        )
    return found
