"""How much it matters, which is not how it is judged."""

from __future__ import annotations

from typing import Literal

Severity = Literal["critical", "high", "medium", "low"]
#: Worst first.
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low")
