"""`status`: what the overview shows, from what is kept."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from monitoring.commands import BLIND, OK, headlines
from monitoring.errors import SourceError

if TYPE_CHECKING:
    from monitoring.overview.state import PlaceState
    from monitoring.report import Headline


def add(commands: Any) -> None:
    """Add the command."""
    status = commands.add_parser(
        "status",
        help="print what the overview shows",
        description="Model, data and infrastructure of every deployment as of the last round; of one"
        " deployment every signal. Exit code 0 when all is well, 2 with a breach, 3 when nothing was"
        " judged or nobody evaluates any more, 1 on an error.",
    )
    status.add_argument("place", nargs="?", default="", metavar="ENDPOINT[/DEPLOYMENT]")
    status.add_argument("--format", choices=("table", "json"), default="table")
    status.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from monitoring.database.database import Database  # noqa: PLC0415 - half a second
    from monitoring.overview import heartbeat, state  # noqa: PLC0415 - knows every signal
    from monitoring.results.leases import Rounds  # noqa: PLC0415
    from monitoring.results.snapshots import Snapshots  # noqa: PLC0415
    from monitoring.settings import from_environment  # noqa: PLC0415
    from monitoring.sources.azure import connect  # noqa: PLC0415

    settings = from_environment()
    workspace = connect(settings).workspace_id.lower()
    database = Database(settings.database)
    states = {str(each.place): each for each in state.fleet(Snapshots(database, workspace))}
    stale = heartbeat.stale(Rounds(database, workspace).last(), settings.clock())
    if not states:
        raise SourceError(
            "Nothing has been evaluated yet",
            hint="Start python -m monitoring serve and wait a minute.",
        )
    names = headlines.chosen(options.place, states)
    shown = _shown([states[name] for name in names], whole="/" in options.place)
    if options.format == "json":
        oldest = min(states[name].taken for name in names)
        headlines.write_json(shown, as_of=oldest.isoformat(), stale=stale)
    else:
        headlines.write_table(shown)
    if stale:
        print(stale, file=sys.stderr)
    code = headlines.exit_code(shown)
    return BLIND if stale and code == OK else code


def _shown(states: Sequence[PlaceState], *, whole: bool) -> list[Headline]:
    """Return every signal of a deployment, or the three cells of each."""
    if whole:
        return [headline for state in states for headline in state.headlines]
    return [cell for state in states for cell in state.cells.values() if cell]
