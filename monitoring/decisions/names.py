"""Names that users give."""

from __future__ import annotations

from collections.abc import Collection

from monitoring.errors import InputError

LONGEST_NAME = 80


def checked(name: str, taken: Collection[str] = ()) -> str:
    """Return a name without spaces at its ends or doubled.

    Raises:
        InputError: It is empty, too long, cannot be shown, or means something already.

    >>> checked("  Quiet   weeks ")
    'Quiet weeks'
    """
    found = " ".join(name.split())
    if not found or len(found) > LONGEST_NAME or not found.isprintable():
        raise InputError(
            f"Cannot use the name {name[:LONGEST_NAME]!r}",
            hint=f"Write 1 to {LONGEST_NAME} characters.",
        )
    if found.lower() in {each.lower() for each in taken}:
        raise InputError(f"The name {found!r} means something already", hint="Choose another name.")
    return found
