"""Where the benchmark keeps things."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
#: Data files and the peers' environments: large, made once, never committed.
CACHE = PROJECT / ".cache" / "bench"
RESULTS = PROJECT / "benchmarks" / "results.json"
GUIDE = PROJECT / "docs" / "benchmarks.md"
