"""What the time of one request went into."""

from __future__ import annotations

from dataclasses import dataclass

#: Answers that the gateway gives without asking the model.
WITHOUT_MODEL = (400, 401, 403, 404, 405, 409, 413, 415, 429)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a request's time. start_ms: since the request began."""

    name: str
    start_ms: int
    milliseconds: int
    meaning: str


def parts(
    total_ms: int,
    request_ms: int | None,
    response_ms: int | None,
    request_throttling_ms: int | None = 0,
    response_throttling_ms: int | None = 0,
    *,
    reached_model: bool = True,
) -> tuple[Part, ...]:
    """Return what the time of a request went into, in order; the parts always add up to the total.

    The traffic log has marks on one clock, not parts: the last byte of the request after
    `request_ms`, the model's first byte after `response_ms`, the end after `total_ms`. A throttling
    delay lies inside of the transfer that it slows down. Marks that contradict each other, as
    rounding and a caller that hangs up make them, are pulled inside of the total.

    Args:
        total_ms: TotalDurationMs.
        request_ms: RequestDurationMs; None where the log has none.
        response_ms: ResponseDurationMs; None likewise.
        request_throttling_ms: RequestThrottlingDelayMs.
        response_throttling_ms: ResponseThrottlingDelayMs.
        reached_model: Whether the model was asked: else the time in the middle is the gateway's.

    Source:
        Azure Monitor, table AmlOnlineEndpointTrafficLog, descriptions of its columns.

    >>> [(p.name, p.milliseconds) for p in parts(100, 12, 90, 10, 4)]
    [('throttling in', 10), ('upload', 2), ('model', 78), ('response', 6), ('throttling out', 4)]
    """
    total = max(total_ms, 0)
    uploaded = min(max(request_ms or 0, 0), total)
    answered = min(max(response_ms if response_ms is not None else total, uploaded), total)
    slow_in = min(max(request_throttling_ms or 0, 0), uploaded)
    slow_out = min(max(response_throttling_ms or 0, 0), total - answered)
    middle = "model" if reached_model else "gateway"
    lengths = (
        ("throttling in", slow_in, "Network throttling held the request back."),
        ("upload", uploaded - slow_in, "The caller sent the request."),
        (
            middle,
            answered - uploaded,
            "From the request's last byte to the model's first one: queue, container, score.py."
            if reached_model
            else "The gateway answered without asking the model.",
        ),
        ("response", total - answered - slow_out, "The answer went back to the caller."),
        ("throttling out", slow_out, "Network throttling held the answer back."),
    )
    found, start = [], 0
    for name, length, meaning in lengths:
        found.append(Part(name, start, length, meaning))
        start += length
    return tuple(found)
