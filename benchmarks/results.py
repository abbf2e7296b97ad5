"""The results file: part -> when, on what machine, and the values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from benchmarks.parts import Value


def load(file: Path) -> dict[str, dict[str, object]]:
    """Read what was recorded; nothing yet is no error."""
    return json.loads(file.read_text()) if file.exists() else {}


def record(
    file: Path,
    part: str,
    values: Mapping[str, Value],
    *,
    machine: Mapping[str, object],
    when: datetime,
    complete: bool,
) -> None:
    """Put the values of a part in place of its former ones; those of other parts stay."""
    entry = {
        "when": when.isoformat(timespec="seconds"),
        "complete": complete,
        "machine": machine,
        "values": values,
    }
    everything = dict(sorted({**load(file), part: entry}.items()))
    draft = file.with_suffix(".part")
    draft.write_text(json.dumps(everything, indent=2) + "\n")
    draft.replace(file)


def number_or_text(text: str) -> Value:
    """Read a value back from its printed line.

    >>> number_or_text("0.5"), number_or_text("not measured: no network")
    (0.5, 'not measured: no network')
    """
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() and "." not in text else number
