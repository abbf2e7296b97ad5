"""The sample workspace: real flights and real models in the layouts and tables of Azure.

The flights, their weather and planes, the scanned digits, the models' answers and the outcomes are
real. Travellers' requests, machines, costs and faults are simulated from a seed.
"""

from __future__ import annotations

from sample.builder.plan import VERSION
from sample.builder.workspace import build

__all__ = ["VERSION", "build"]
