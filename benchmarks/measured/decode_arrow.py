"""Decode every column of the files given, with Arrow, one row group at a time, and nothing else."""

from __future__ import annotations

import json
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq


def decode(path: str) -> int:
    """Read each row group; texts stay dictionaries, which is the faster way."""
    schema = pq.read_schema(path)
    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    file = pq.ParquetFile(path, read_dictionary=texts)
    for group in range(file.num_row_groups):
        file.read_row_group(group)
    return len(schema)


if __name__ == "__main__":
    started = time.process_time()
    columns = [decode(path) for path in sys.argv[1:]]
    seconds = time.process_time() - started
    print(json.dumps({"work_cpu_seconds": seconds, "features": min(columns)}))
