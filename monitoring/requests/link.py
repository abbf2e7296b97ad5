"""One link from a request to what else is known of it; where it is missing, the reason has a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from monitoring.errors import MonitoringError

State = Literal["found", "none", "missing"]


@dataclass(frozen=True, slots=True)
class Link:
    """Whether a piece of evidence is there.

    state: `found`; `none`, there is rightly none (nothing was sent, nothing happened); `missing`,
    it should be there or cannot be known. cause: names the reason in two or three words; words:
    says it in a sentence; hint: what to do about it.
    """

    name: str
    state: State
    words: str
    cause: str = ""
    hint: str = ""

    @classmethod
    def of_error(cls, name: str, error: MonitoringError) -> Link:
        """Return the link that an error kept from being followed."""
        return cls(name, "missing", f"{error.message}.", "not readable", error.hint)
