"""`sample`: build the sample workspace."""

from __future__ import annotations

import argparse
from typing import Any

from monitoring.commands import OK
from monitoring.commands.output import clear, progress


def add(commands: Any) -> None:
    """Add the command."""
    sample = commands.add_parser("sample", help="build the sample workspace, once a day")
    sample.set_defaults(run=_run)


def _run(_: argparse.Namespace) -> int:
    from monitoring import settings as settings_  # noqa: PLC0415
    from sample.builder import build  # noqa: PLC0415

    settings = settings_.from_environment()
    if settings.is_sample:
        show = progress(plain=True)
        build(settings.cache, settings.clock(), settings.seed, show or (lambda _share, _text: None))
        clear()
    return OK
