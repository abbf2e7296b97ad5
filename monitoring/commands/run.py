"""`run`: the dashboard, and beside it what evaluates."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

#: The pages come first: whoever evaluates beside them takes what they leave of the processor.
EVALUATOR_NICENESS = 5
#: How this machine calls itself.
OWN_HOSTS = ("localhost", "127.0.0.1", "::1")


def add(commands: Any) -> None:
    """Add the command."""
    run = commands.add_parser(
        "run",
        help="serve the dashboard and evaluate beside it",
        description="Builds the sample workspace if no Azure is configured, serves the dashboard and"
        " runs the evaluator beside it until either SIGTERM or Ctrl-C. The exit code is the dashboard's.",
    )
    run.add_argument("--port", type=int, default=8501)
    run.add_argument("--address", help="address to listen at, by default that of LEEWAY_ADDRESS")
    run.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from monitoring.commands.supervisor import Program, run_together  # noqa: PLC0415
    from monitoring.settings import from_environment, is_public  # noqa: PLC0415

    settings = from_environment()
    address = options.address or settings.address
    hosts = settings.hosts or (("*",) if is_public(address, settings) else ())
    own = (sys.executable, "-m", "monitoring")
    # A process of its own: what it takes to build is not held for as long as the dashboard runs.
    sample = [Program("sample workspace", (*own, "sample"))]
    return run_together(
        Program("dashboard", app_command(options.port, address, hosts)),
        Program("evaluator", (*own, "serve"), EVALUATOR_NICENESS),
        before=sample if settings.is_sample else (),
    )


def app_command(port: int, address: str, hosts: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the command that serves the pages.

    Args:
        hosts: Names under which a proxy is reached, beside this machine's own; "*" for any.

    >>> app_command(8600, "127.0.0.1")[2:6]
    ('streamlit', 'run', 'app.py', '--server.port=8600')
    >>> app_command(8600, "127.0.0.1", ["leeway.example.com"])[-2:]
    ('--server.allowedHosts=leeway.example.com', '--server.corsAllowedOrigins=https://leeway.example.com')
    """
    allowed = (f"--server.allowedHosts={host}" for host in (*OWN_HOSTS, *hosts))
    # A proxy that sends its own name on needs no more; others keep the reader's in the origin alone.
    origins = (f"--server.corsAllowedOrigins=https://{host}" for host in hosts if "*" not in host)
    options = (f"--server.port={port}", f"--server.address={address}", *allowed, *origins)
    return (sys.executable, "-m", "streamlit", "run", "app.py", *options)
