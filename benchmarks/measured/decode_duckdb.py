"""Decode every column of the files given, with DuckDB, and nothing else."""

from __future__ import annotations

import json
import sys
import time

import duckdb


def decode(connection: duckdb.DuckDBPyConnection, path: str) -> int:
    """Ask for any one value of each column.

    The cheapest question for which DuckDB still decodes them all: it answers min, max and most
    counts from the file's statistics.
    """
    wanted = ", ".join(f'any_value("{name}")' for name in connection.read_parquet(path).columns)
    return len(connection.execute(f"select {wanted} from read_parquet(?)", [path]).fetchall()[0])


if __name__ == "__main__":
    started = time.process_time()
    duck = duckdb.connect()
    duck.execute("set preserve_insertion_order = false")
    columns = [decode(duck, path) for path in sys.argv[1:]]
    seconds = time.process_time() - started
    print(json.dumps({"work_cpu_seconds": seconds, "features": min(columns)}))
