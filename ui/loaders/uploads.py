"""Files that a reader uploads: seen by their session alone, and gone with it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from monitoring.errors import MonitoringError
from monitoring.kept import private
from monitoring.kept.private import PrivateFolder
from ui.loaders import workspace

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile


@dataclass(frozen=True, slots=True)
class Given:
    """A file or folder on the server, and what its reader calls it."""

    path: Path
    name: str


class _Uploads:
    """What one session has uploaded, in a folder of its own."""

    def __init__(self, parent: Path) -> None:
        self.folder = PrivateFolder(parent)
        self._kept: dict[str, tuple[str, Path]] = {}

    def keep(self, role: str, uploaded: UploadedFile) -> Path:
        """Return where an upload lies; written once, whatever reruns."""
        known, path = self._kept.get(role, ("", Path()))
        if known != uploaded.file_id or not path.is_file() or path.stat().st_size != uploaded.size:
            path = self.folder.keep(role, uploaded.name, uploaded.getbuffer())
            self._kept[role] = uploaded.file_id, path
        return path


def _folder() -> Path:
    return workspace.settings().cache / "uploads"


@st.cache_resource(scope="session", show_spinner=False, on_release=lambda own: own.folder.remove())
def _own() -> _Uploads:
    return _Uploads(_folder())


def kept(role: str, uploaded: UploadedFile) -> Given:
    """Return an upload as a file of this session.

    Raises:
        InputError: It cannot be kept.
    """
    return Given(_own().keep(role, uploaded), uploaded.name)


def scratch() -> Path:
    """Return the folder of this session, in which copies of its files may lie.

    Raises:
        InputError: Nothing can be written anywhere.
    """
    return _own().folder.path


def begin() -> None:
    """Remove what sessions of processes that died have left behind."""
    with suppress(MonitoringError):  # settings that cannot be used are told to whoever comes
        private.remove_abandoned(_folder())
