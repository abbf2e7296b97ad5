"""The sample workspace's engine answers queries/traffic.kql by minute: FOLDER ANSWER.

The same question about an empty hour goes before: what is timed is a question to a running engine.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from monitoring.sources.query import load
from sample.kql import Scope, Tables

MOST_ROWS = 500_000
SECONDS = 600
SCOPE = Scope(until=datetime(2026, 11, 22, tzinfo=UTC))
EMPTY = Scope(until=datetime(2026, 1, 1, tzinfo=UTC))

if __name__ == "__main__":
    folder, answer = map(Path, sys.argv[1:])
    tables = Tables(folder / "workspace.duckdb")
    query = load("traffic").bind({"endpoints": [], "step": timedelta(minutes=1)})
    tables.ask(query, EMPTY, rows=MOST_ROWS, seconds=SECONDS)
    started = time.process_time()
    found = tables.ask(query, SCOPE, rows=MOST_ROWS, seconds=SECONDS)
    seconds = time.process_time() - started
    if found.is_truncated:
        sys.exit("the answer was cut off")
    names = [name for name, _ in found.columns]
    columns = dict(zip(names, map(list, zip(*found.rows, strict=True)), strict=True))
    pq.write_table(pa.table(columns), answer)
    print(json.dumps({"work_cpu_seconds": seconds, "steps": len(found.rows)}))
