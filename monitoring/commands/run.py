"""`run`: the dashboard, and beside it what evaluates."""

from __future__ import annotations

import argparse
import sys
from typing import Any

#: The pages come first: whoever evaluates beside them takes what they leave of the processor.
EVALUATOR_NICENESS = 5


def add(commands: Any) -> None:
    """Add the command."""
    run = commands.add_parser(
        "run",
        help="serve the dashboard and evaluate beside it",
        description="Builds the sample workspace if no Azure is configured, serves the dashboard and"
        " runs the evaluator beside it until either SIGTERM or Ctrl-C. The exit code is the dashboard's.",
    )
    run.add_argument("--port", type=int, default=8501)
    run.add_argument("--address", help="address to listen at, by default every one of the machine")
    run.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from monitoring.commands.supervisor import Program, run_together  # noqa: PLC0415
    from monitoring.settings import from_environment  # noqa: PLC0415

    own = (sys.executable, "-m", "monitoring")
    # A process of its own: what it takes to build is not held for as long as the dashboard runs.
    sample = [Program("sample workspace", (*own, "sample"))]
    return run_together(
        Program("dashboard", app_command(options.port, options.address)),
        Program("evaluator", (*own, "serve"), EVALUATOR_NICENESS),
        before=sample if from_environment().is_sample else (),
    )


def app_command(port: int, address: str | None = None) -> tuple[str, ...]:
    """Return the command that serves the pages.

    >>> app_command(8600, "127.0.0.1")[1:]
    ('-m', 'streamlit', 'run', 'app.py', '--server.port=8600', '--server.address=127.0.0.1')
    """
    serve = (sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}")
    return (*serve, f"--server.address={address}") if address else serve
