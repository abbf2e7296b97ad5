"""Build the sample workspace: CACHE. Prints its size and the seconds of each step."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from sample import builder as sample

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SEED = 2013

if __name__ == "__main__":
    folder = sample.build(Path(sys.argv[1]), NOW, SEED, lambda _share, _step: None)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    seconds = json.loads((folder / "complete.json").read_text())["seconds"]
    print(json.dumps({"bytes": size, **seconds}))
