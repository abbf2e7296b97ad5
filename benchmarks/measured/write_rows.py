"""Write one file of the drift benchmark: PATH ROLE ROWS."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks import rows

if __name__ == "__main__":
    path, role, count = sys.argv[1:]
    rows.write(Path(path), "production" if role == "production" else "reference", int(count))
    print(json.dumps({"bytes": Path(path).stat().st_size}))
