"""Print what `status` prints of a fleet that is kept: DATABASE_URL WORKSPACE SIGNALS."""

from __future__ import annotations

import json
import sys

from benchmarks.fleet import registered
from monitoring.commands import headlines
from monitoring.database.database import Database
from monitoring.overview import state
from monitoring.results.snapshots import Snapshots


def main(url: str, workspace: str, signals: int) -> None:
    """Print a table, then how many deployments it is of."""
    registered(signals)
    database = Database(url)
    states = state.fleet(Snapshots(database, workspace))
    headlines.write_table([cell for each in states for cell in each.cells.values() if cell])
    database.close()
    print(json.dumps({"deployments": len(states)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
