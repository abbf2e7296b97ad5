"""Who has to act on an answer of an online endpoint, by its response code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Who = Literal["", "client", "operator", "capacity", "model", "platform"]
#: Who has to act on an error -> what that means. Those behind the caller count against the objective.
BLAMES: Mapping[str, str] = {
    "client": "no permission or a bad request",
    "model": "it raised, was too slow, or its container was down",
    "capacity": "more requests than the instances may hold",
    "platform": "an error inside of Azure ML",
    "operator": "no deployment has traffic, or it is being changed",
}


@dataclass(frozen=True, slots=True)
class Blame:
    """Who has to act on a response, and what it says. who: empty where nothing is wrong."""

    who: Who
    words: str


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
