"""Models and data as Azure ML names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from monitoring.errors import SourceError


@dataclass(frozen=True, slots=True)
class AssetId:
    """Name and version of a model or data asset, and the registry it lies in (None: the workspace).

    >>> AssetId.parse("azureml://registries/shared/models/credit/versions/2")
    AssetId(name='credit', version='2', registry='shared')
    >>> str(AssetId.parse("azureml:credit:7"))
    'credit:7'
    """

    name: str
    version: str
    registry: str | None = None

    @classmethod
    def parse(cls, text: str) -> AssetId:
        """Read an asset id in any of the forms that Azure ML writes.

        Raises:
            SourceError: It is none of them.
        """
        versioned = re.search(r"/(?:models|data)/([^/]+)/versions/([^/]+)/?$", text, re.IGNORECASE)
        if versioned:
            registry = re.search(r"(?:^|[:/])registries/([^/]+)/", text, re.IGNORECASE)
            return cls(versioned[1], versioned[2], registry[1] if registry else None)
        if short := re.fullmatch(r"(?:azureml:)?(?!azureml:)([^:/]+):([^:/]+)", text):
            return cls(short[1], short[2])
        raise SourceError(
            f"Cannot read the asset id {text!r}", hint="Write it as azureml:<name>:<version>."
        )

    def __str__(self) -> str:
        return f"{self.name}:{self.version}" + (f" in {self.registry}" if self.registry else "")

    @property
    def where(self) -> Literal["workspace", "registry"]:
        """Whether it lies in the workspace or in a registry."""
        return "registry" if self.registry else "workspace"


@dataclass(frozen=True, slots=True)
class DataAsset:
    """One version of a data asset. `path` is relative to the root of its container."""

    name: str
    version: str
    path: str
    uri: str
    datastore: str = ""
