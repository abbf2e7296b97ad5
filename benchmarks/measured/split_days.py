"""Cut a file of rows into files of equally many rows, one a day: PATH FOLDER DAYS."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pyarrow.parquet as pq


def main(path: Path, folder: Path, days: int) -> None:
    """Read batch by batch, so that memory does not grow with the rows."""
    source = pq.ParquetFile(path)
    size = source.metadata.num_rows // days
    batches = source.iter_batches(batch_size=size)  # a remainder of less than a day is left out
    for day, batch in zip(range(days), batches, strict=False):
        with pq.ParquetWriter(folder / f"{day:03d}.parquet", batch.schema) as writer:
            writer.write_batch(batch)
    print(json.dumps({"days": len(list(folder.iterdir())), "rows_a_day": size}))


if __name__ == "__main__":
    Path(sys.argv[2]).mkdir(parents=True, exist_ok=True)
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
