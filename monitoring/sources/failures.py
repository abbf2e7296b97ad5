"""What the Azure SDKs and file systems raise, told as one sentence and one thing to do."""

from __future__ import annotations

from contextlib import contextmanager
from json import JSONDecodeError
from typing import TYPE_CHECKING

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
    from collections.abc import Iterator

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
        role: The role that lets an identity read it, and where it is given.

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


def failure(error: Exception, what: str, role: str) -> SourceError:  # noqa: PLR0911 - one for each case
    """Return the error to raise for what an SDK or a file system raised."""
    status = error.status_code if isinstance(error, HttpResponseError) else None
    if isinstance(error, DecodeError):
        return _unreadable(what)
    if status == NO_CONTENT:
        return SourceError(
            f"Cannot read {what}: Azure sent an empty answer (HTTP 204)",
            hint="Try again in a minute; if it stays, look whether the resource holds any data.",
        )
    if isinstance(error, PermissionError) or status == FORBIDDEN:
        return NotPermittedError(
            f"Cannot read {what}: Azure refused this identity",
            hint=f"Give this app's identity the role {role}.",
        )
    if isinstance(error, ClientAuthenticationError) or status == UNAUTHORIZED:
        return NotPermittedError(
            f"Cannot read {what}: Azure did not accept the sign-in ({_first_line(error)})",
            hint=f"Sign in with az login, or give this app an identity with the role {role}.",
        )
    if isinstance(error, FileNotFoundError) or status == NOT_FOUND:
        return NotFoundError(
            f"Cannot read {what}: it does not exist",
            hint="Check the name; Azure also hides what an identity may not see.",
        )
    if status in BUSY:
        return SourceError(
            f"Cannot read {what}: Azure is busy (HTTP {status})", hint="Try again in a minute."
        )
    if isinstance(error, (ServiceRequestError, ServiceResponseError)):
        return SourceError(
            f"Cannot read {what}: Azure could not be reached ({_first_line(error)})",
            hint="Check the network, the proxy and the firewall of this machine.",
        )
    return SourceError(
        f"Cannot read {what}: {_first_line(error)}",
        hint="Check the names in the settings against the Azure portal.",
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
