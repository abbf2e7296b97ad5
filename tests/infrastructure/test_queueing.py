"""Waiting by formula against hand-worked numbers and simulation; the replay against hand-worked requests."""

from __future__ import annotations

import math

import numpy as np
import pytest

from monitoring.capacity.queueing import Waiting, erlang_c, waiting
from monitoring.capacity.replay import replay
from monitoring.errors import NotEnoughData


def erlang_c_by_hand(servers: int, offered: float) -> float:
    """The textbook's sum, which overflows for many servers."""
    last = offered**servers / math.factorial(servers) * servers / (servers - offered)
    return last / (sum(offered**n / math.factorial(n) for n in range(servers)) + last)


@pytest.mark.parametrize("servers", [1, 2, 3, 8, 30])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_erlang_c_is_the_textbooks_sum(servers: int, share: float) -> None:
    assert erlang_c(servers, servers * share) == pytest.approx(
        erlang_c_by_hand(servers, servers * share)
    )


def test_two_servers_with_one_erlang_make_a_third_wait() -> None:
    # 2 a second at 500 ms each: P(wait) 1/3, and 1/3 * 500 / (2 - 1) ms in the mean.
    found = waiting(2, 2.0, 500.0)
    assert found.probability == pytest.approx(1 / 3)
    assert found.mean_ms == pytest.approx(500 / 3)


def test_one_server_is_pollaczek_and_khinchine() -> None:
    # rho 0.8: W = rho / (1 - rho) * S * (1 + cs2) / 2 = 4 * 100 * 1.5
    assert waiting(1, 8.0, 100.0, service_variability=2.0).mean_ms == pytest.approx(600.0)


def test_more_than_the_servers_can_do_has_no_steady_state() -> None:
    with pytest.raises(NotEnoughData, match="no steady state"):
        waiting(2, 20.0, 100.0)
    with pytest.raises(ValueError, match="servers = 2"):
        erlang_c(2, 2.0)


def test_the_share_that_does_not_wait_has_no_wait() -> None:
    assert Waiting(0.04, 1.0).quantile_ms(0.95) == 0.0
    assert Waiting(0.5, 50.0).quantile_ms(0.99) > Waiting(0.5, 50.0).quantile_ms(0.95) > 0


@pytest.mark.parametrize("servers", [1, 2, 4])
@pytest.mark.parametrize("variability", [0.25, 1.0])
def test_error_of_the_approximation(servers: int, variability: float) -> None:
    random = np.random.default_rng(7)
    requests, service, load = 120_000, 100.0, 0.7
    rate = load * servers / service
    arrivals = np.cumsum(random.exponential(1 / rate, requests))
    spread = math.log1p(variability)
    services = service * np.exp(random.normal(-spread / 2, math.sqrt(spread), requests))
    waits = replay(arrivals, services, servers, pending_per_server=10**9).wait_ms[5_000:]
    said = waiting(servers, 1000 * rate, service, service_variability=variability)
    assert said.mean_ms == pytest.approx(waits.mean(), rel=0.12)
    assert said.quantile_ms(0.95) == pytest.approx(np.quantile(waits, 0.95), rel=0.15)


def test_five_requests_by_hand() -> None:
    # Two servers, at most four under way; 0 and 10 are begun at once, 20 waits for the first (100),
    # 30 for the second (110); at 40 four are under way, so it is refused.
    done = replay([0, 10, 20, 30, 40], [100] * 5, 2)
    assert done.wait_ms[:4].tolist() == [0.0, 0.0, 80.0, 80.0]
    assert done.refused.tolist() == [False, False, False, False, True]


def test_a_second_server_takes_the_next_request_from_when_it_is_there() -> None:
    # One server until 50 ms: the second request would wait until 100, the third finds a new server.
    done = replay([0, 10, 50], [100, 100, 100], [1, 1, 2], pending_per_server=9)
    assert done.wait_ms.tolist() == [0.0, 90.0, 0.0]


def one_by_one(
    arrivals: np.ndarray, services: np.ndarray, servers: np.ndarray, most: int
) -> list[float]:
    """The definition, without a heap and without leaving anything out."""
    free: list[float] = []
    leaves: list[float] = []
    waits = []
    for now, service, count in zip(arrivals, services, servers, strict=True):
        free = sorted([*free, *[now] * (count - len(free))])[max(len(free) - count, 0) :]
        if sum(each > now for each in leaves) >= most * count:
            waits.append(float("nan"))
            continue
        waits.append(max(free[0] - now, 0.0))
        free[0] = now + waits[-1] + service
        leaves.append(free[0])
    return waits


@pytest.mark.parametrize("seed", range(12))
def test_what_is_left_out_of_the_loop_changes_nothing(seed: int) -> None:
    random = np.random.default_rng(seed)
    arrivals = np.cumsum(random.exponential(10.0 + 5 * seed, 400))
    services = random.lognormal(2.5, 1.0, 400)
    servers = np.repeat(random.integers(1, 4, 8), 50)
    found = replay(arrivals, services, servers).wait_ms
    np.testing.assert_allclose(found, one_by_one(arrivals, services, servers, 2), atol=1e-9)


def test_without_a_server_everything_is_refused() -> None:
    assert replay([0, 1], [5, 5], 0).refused.all()


def test_one_server_without_a_limit_is_lindleys_recursion() -> None:
    random = np.random.default_rng(3)
    arrivals = np.cumsum(random.exponential(10.0, 5_000))
    services = random.exponential(9.0, 5_000)
    found = replay(arrivals, services, 1, pending_per_server=10**9).wait_ms
    # Lindley (1952): W(n+1) = max(0, W(n) + S(n) - A(n+1) + A(n)), unrolled with running minima.
    walk = np.cumsum(np.concatenate([[0.0], services[:-1] - np.diff(arrivals)]))
    np.testing.assert_allclose(found, walk - np.minimum.accumulate(walk), atol=1e-6)


def test_more_servers_never_make_a_request_wait_longer() -> None:
    random = np.random.default_rng(4)
    arrivals = np.cumsum(random.exponential(10.0, 3_000))
    services = random.exponential(25.0, 3_000)
    waits = [
        replay(arrivals, services, k, pending_per_server=10**9).wait_ms.mean() for k in (3, 4, 6)
    ]
    assert waits[0] > waits[1] > waits[2]
