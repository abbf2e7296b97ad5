"""Waiting in a queue with several servers: Erlang's formula, and Allen and Cunneen's for any distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass

from monitoring.errors import NotEnoughData


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long requests wait for a server in the steady state.

    probability: that one waits at all. mean_ms: over all requests, those that do not wait included.
    """

    probability: float
    mean_ms: float

    def quantile_ms(self, share: float) -> float:
        """Return the wait that this share of requests does not exceed, in milliseconds.

        The wait of those that wait is taken to be exponential, which it is in M/M/k and which heavy
        traffic makes it in general (Kingman 1961).

        >>> Waiting(probability=0.5, mean_ms=50.0).quantile_ms(0.5)
        0.0
        >>> round(Waiting(probability=0.5, mean_ms=50.0).quantile_ms(0.95), 1)
        230.3
        """
        beyond = 1 - share
        if self.probability <= beyond:
            return 0.0
        return self.mean_ms / self.probability * math.log(self.probability / beyond)


def erlang_c(servers: int, offered: float) -> float:
    """Probability that a request finds all servers busy in M/M/k.

    Computed from Erlang's loss formula by its recursion, which stays within 0 and 1.

    Args:
        servers: k.
        offered: Arrival rate times mean service time, in Erlang; below k, or the queue never ends.

    Source:
        Erlang (1917); recursion as in Cooper (1981), Introduction to Queueing Theory, 2nd ed., 3.2.

    >>> round(erlang_c(2, 1.0), 4)
    0.3333
    """
    if not 0 <= offered < servers:
        raise ValueError(f"0 <= offered < servers = {servers}, got {offered}")
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = offered * blocked / (n + offered * blocked)
    return servers * blocked / (servers - offered * (1 - blocked))


def waiting(
    servers: int,
    arrivals_per_second: float,
    service_ms: float,
    *,
    arrival_variability: float = 1.0,
    service_variability: float = 1.0,
) -> Waiting:
    """Approximate the wait in G/G/k (with the defaults M/M/k, where it is exact).

    Allen and Cunneen: the wait of M/M/k times (ca2 + cs2) / 2, where ca2 and cs2 are the squared
    coefficients of variation of the times between arrivals and of service. With one server and
    Poisson arrivals it is Pollaczek and Khinchine's formula, which is exact.

    Error of the mean wait against simulations of 400,000 requests, lognormal service, k = 1 to 8,
    utilization 0.5 to 0.9: -12 % to +8 % for cs2 of 0.25 and 1; for cs2 = 4 -5 % to +60 %, that is,
    too long, most so with 8 servers half empty, where the wait itself is 2 % of the service. The
    95th percentile (`quantile_ms`) errs by -12 % to +14 % for cs2 up to 1.

    Args:
        servers: Requests that are worked on at once.
        arrival_variability: ca2.
        service_variability: cs2.

    Raises:
        NotEnoughData: More arrives than the servers can do: there is no steady state.

    Source:
        Allen (1990), Probability, Statistics, and Queueing Theory, 2nd ed., 5.2.3; Kingman (1961),
        Proc. Camb. Phil. Soc. 57:902; Whitt (1993), Approximations for the GI/G/m queue, Production
        and Operations Management 2:114.

    >>> round(waiting(1, 5.0, 100.0).mean_ms, 6)
    100.0
    >>> waiting(1, 5.0, 100.0, service_variability=0.0).mean_ms
    50.0
    """
    offered = arrivals_per_second * service_ms / 1000
    if offered >= servers:
        raise NotEnoughData(
            f"There is no steady state: {offered:.3g} Erlang arrive at {servers} servers",
            hint="Add instances, or shorten what a request takes.",
        )
    probability = erlang_c(servers, offered)
    variability = (arrival_variability + service_variability) / 2
    return Waiting(probability, variability * probability * service_ms / (servers - offered))
