"""How often bands hold and chunks are refused: TASK NUMBER of chunks."""

from __future__ import annotations

import json
import sys

from benchmarks.chunks import outcomes
from monitoring.methods.multivariate.domain_classifier import one_thread

if __name__ == "__main__":
    with one_thread():
        found = list(outcomes(sys.argv[1], int(sys.argv[2])))
    n = len(found)
    shares = {f"held_{m}": sum(each.held[m] for each in found) / n for m in found[0].held}
    shares["refused_honest"] = sum(each.refused for each in found) / n
    shares["refused_broken"] = sum(each.refused_broken for each in found) / n
    print(json.dumps({"chunks": n, **shares}))
