"""What the Azure SDKs and file systems raise, told as one sentence and one thing to do."""

from __future__ import annotations

from contextlib import contextmanager
from json import JSONDecodeError
from typing import TYPE_CHECKING, NamedTuple

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

from monitoring.errors import NotPermittedError, SourceError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

NO_CONTENT, UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 204, 401, 403, 404
#: 529 is the metrics backend's own word for "too many requests".
BUSY = frozenset({408, 429, 500, 502, 503, 504, 529})


class NotFoundError(SourceError):
    """What was asked for does not exist, or is hidden from this identity."""


@contextmanager
def explained(what: str, *, role: str) -> Iterator[None]:
    """Turn whatever an SDK raises into a SourceError.

    Args:
        what: What was being read, as the object of "Cannot read".

    Raises:
        NotPermittedError: Azure refused this identity.
        NotFoundError: There is no such thing.
        SourceError: Anything else went wrong outside.
    """
    try:
        yield
    except SourceError:
        raise
    except (AzureError, OSError) as error:
        raise failure(error, what, role) from error
    except JSONDecodeError as error:
        raise _unreadable(what) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # The SDKs translate what Azure sent; what they do not expect ends in one of these.
        raise SourceError(
            f"Cannot read {what}: the Azure SDK could not read the answer ({_first_line(error)})",
            hint="Open the resource in Azure ML studio and see whether it is complete.",
        ) from error


class _Case(NamedTuple):
    """One way to fail, by HTTP status or by class. says, hint: with `role`, `status` and `error`."""

    says: str
    hint: str
    statuses: Collection[int] = ()
    errors: tuple[type[Exception], ...] = ()
    raised: type[SourceError] = SourceError


_OTHERWISE = _Case("{error}", "Check the names in the settings against the Azure portal.")
#: The first that holds counts.
_CASES = (
    _Case(
        "Azure sent an empty answer (HTTP 204)",
        "Try again in a minute; if it stays, look whether the resource holds any data.",
        {NO_CONTENT},
    ),
    _Case(
        "Azure refused this identity", "Give this app's identity the role {role}.",
        {FORBIDDEN}, (PermissionError,), NotPermittedError,
    ),
    _Case(
        "Azure did not accept the sign-in ({error})",
        "Sign in with az login, or give this app an identity with the role {role}.",
        {UNAUTHORIZED}, (ClientAuthenticationError,), NotPermittedError,
    ),
    _Case(
        "it does not exist", "Check the name; Azure also hides what an identity may not see.",
        {NOT_FOUND}, (FileNotFoundError,), NotFoundError,
    ),
    _Case("Azure is busy (HTTP {status})", "Try again in a minute.", BUSY),
    _Case(
        "Azure could not be reached ({error})",
        "Check the network, the proxy and the firewall of this machine.",
        errors=(ServiceRequestError, ServiceResponseError),
    ),
)  # fmt: skip


def failure(error: Exception, what: str, role: str) -> SourceError:
    """Return the error to raise for what an SDK or a file system raised."""
    if isinstance(error, DecodeError):
        return _unreadable(what)
    status = error.status_code if isinstance(error, HttpResponseError) else None
    holds = (c for c in _CASES if status in c.statuses or isinstance(error, c.errors))
    case = next(holds, _OTHERWISE)
    words = {"role": role, "status": status, "error": _first_line(error)}
    return case.raised(
        f"Cannot read {what}: {case.says.format(**words)}", hint=case.hint.format(**words)
    )


def _unreadable(what: str) -> SourceError:
    return SourceError(
        f"Cannot read {what}: the answer is not one of Azure",
        hint="Look for a proxy or a firewall that answers in its place.",
    )


def _first_line(error: Exception) -> str:
    message = error.message if isinstance(error, HttpResponseError) else str(error)
    lines = (message or "").strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
