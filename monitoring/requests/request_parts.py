"""What the time of one request went into, and who is to blame for its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Who = Literal["", "client", "operator", "capacity", "model", "platform"]
#: Answers that the gateway gives without asking the model.
WITHOUT_MODEL = (400, 401, 403, 404, 405, 409, 413, 415, 429)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a request's time. start_ms: since the request began."""

    name: str
    start_ms: int
    milliseconds: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Blame:
    """Who has to act on a response, and what it says. who: empty where nothing is wrong."""

    who: Who
    words: str


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


def blame(code: int | None, model_code: int | None = None) -> Blame:
    """Return who has to act on a response code.

    Source:
        Microsoft Learn, "Troubleshooting online endpoint deployment and scoring", HTTP status
        codes. 409, 502, 503 and 504 come from Kubernetes online endpoints only.

    >>> blame(429).who, blame(424, 500).who, blame(200).who
    ('capacity', 'model', '')
    """
    if code is None:
        return Blame("", "The log has no response code.")
    if code == 424:  # noqa: PLR2004 - failed dependency
        return Blame("model", _model_words(model_code))
    if found := _CODES.get(code):
        return found
    if code < 400:  # noqa: PLR2004 - no error
        return Blame("", "The request was answered.")
    if code < 500:  # noqa: PLR2004 - the caller's errors
        return Blame("client", "The request was refused: look at what the caller sent.")
    return Blame("platform", "An error inside of Azure ML.")


_CODES: dict[int, Blame] = {
    401: Blame("client", "The key or token was not accepted: missing, wrong, expired or rotated."),
    403: Blame("client", "The caller's identity has no permission to score."),
    404: Blame("operator", "No deployment with traffic answers here, or the path is wrong."),
    408: Blame("model", "The model took longer than the deployment's request timeout."),
    409: Blame("operator", "The deployment was being changed."),
    413: Blame("client", "The request was too large."),
    429: Blame("capacity", "More requests were pending than the instances may hold."),
    500: Blame("platform", "An error inside of Azure ML."),
    502: Blame("model", "The model's container crashed or closed the connection."),
    503: Blame("capacity", "No instance was ready to take the request."),
    504: Blame("model", "The model did not answer in time."),
}


def _model_words(model_code: int | None) -> str:
    if not model_code:
        return "The model's container gave no answer: it may have crashed or be starting."
    words = {
        400: "score.py refused the input (400).",
        404: "the container does not know the scoring route (404).",
        500: "score.py raised an error (500).",
        502: "the container's web server lost its worker (502).",
        503: "the container was not ready: starting, restarting or overloaded (503).",
        504: "score.py did not answer in time (504).",
    }
    return f"Failed in the model: {words.get(model_code, f'its status was {model_code}.')}"
