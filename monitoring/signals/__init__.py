"""Monitoring questions, one a file or folder; what defines SIGNAL is found by listing the package."""

from __future__ import annotations

from monitoring.plugins import find
from monitoring.signal import Signal

SIGNALS: dict[str, Signal] = find(__name__, "SIGNAL", Signal)
