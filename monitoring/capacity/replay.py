"""Replays requests through servers whose number changes: who waits, who is refused, who is too late."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.arrays import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """What became of each request, in order of arrival.

    wait_ms: shape (n,), nan for those that were refused. refused: shape (n,).
    """

    wait_ms: Floats
    refused: NDArray[np.bool_]


def replay(
    arrival_ms: ArrayLike,
    service_ms: ArrayLike,
    servers: ArrayLike,
    *,
    pending_per_server: int = 2,
) -> Replayed:
    """Serve requests first come, first served, as Kiefer and Wolfowitz (1955) follow the servers.

    A request goes to the server that is free first. It is refused when as many requests are under
    way as the limit allows: a managed online endpoint answers 429 beyond 2 x
    max_concurrent_requests_per_instance x instances. A server that is taken away finishes what it
    has; of the servers the one that is free first goes.

    Args:
        arrival_ms: Times of arrival, ascending, shape (n,).
        service_ms: Time that each takes once it is begun, shape (n,).
        servers: How many there are when each arrives, instances times concurrent requests; one
            number, or shape (n,). Without one all are refused.

    >>> done = replay([0, 10, 20, 30], [100, 100, 100, 100], 1)
    >>> done.wait_ms.tolist(), done.refused.tolist()
    ([0.0, 90.0, nan, nan], [False, False, True, True])
    """
    arrivals = np.asarray(arrival_ms, dtype=np.float64)
    wanted = np.broadcast_to(np.asarray(servers, dtype=np.int64), arrivals.shape)
    services = np.broadcast_to(np.asarray(service_ms, dtype=np.float64), arrivals.shape)
    is_start, crowded = _stretches(arrivals, services, wanted)
    if not len(crowded):
        return Replayed(np.zeros(len(arrivals)), np.zeros(len(arrivals), dtype=bool))
    # Lists: the loop below reads single numbers, which is slow in arrays.
    course = arrivals.tolist(), services.tolist(), wanted.tolist(), is_start.tolist()
    waits, done = [0.0] * len(arrivals), 0
    for start in crowded.tolist():
        if start >= done:
            done = _serve(course, start, waits, pending_per_server)
    found = np.array(waits)
    return Replayed(found, np.isnan(found))


def _stretches(
    arrivals: Floats, services: Floats, servers: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return which requests find nothing under way, and from which of them on servers are short.

    As if there were servers without end: as long as none is missed, that is what happens, and the
    slow loop is spared what it would not change.
    """
    leaves = arrivals + services
    before = np.concatenate([[-np.inf], np.maximum.accumulate(leaves)[:-1]])[: len(arrivals)]
    is_start = arrivals >= before
    starts = np.flatnonzero(is_start)
    if not len(starts):
        return is_start, starts
    under_way = np.arange(len(arrivals)) - np.searchsorted(np.sort(leaves), arrivals, "right")
    return is_start, starts[np.add.reduceat(under_way >= servers, starts) > 0]


def _serve(
    course: tuple[list[float], list[float], list[int], list[bool]],
    start: int,
    waits: list[float],
    pending_per_server: int,
) -> int:
    """Serve one by one from a request that finds all idle, until one does again; return which.

    It ends only where a stretch begins: that one is known to be calm, or is served next.
    """
    arrivals, services, servers, is_start = course
    free: list[float] = []  # heap: when each server is free
    under_way: list[float] = []  # heap: when each request leaves
    for n in range(start, len(arrivals)):
        now, count = arrivals[n], servers[n]
        while under_way and under_way[0] <= now:
            heapq.heappop(under_way)
        if n > start and not under_way and is_start[n]:
            return n
        while len(free) < count:
            heapq.heappush(free, now)
        while len(free) > count:
            heapq.heappop(free)
        if len(under_way) >= pending_per_server * count:
            waits[n] = np.nan
            continue
        begun = max(now, free[0])
        leaves = begun + services[n]
        heapq.heapreplace(free, leaves)
        heapq.heappush(under_way, leaves)
        waits[n] = begun - now
    return len(arrivals)
