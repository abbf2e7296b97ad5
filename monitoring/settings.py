"""Every setting, and the only module that reads the environment or the clock."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from monitoring.errors import InputError
from monitoring.window import LATEST

#: Environment variable -> what it sets. The README's table is tested against this.
VARIABLES = {
    "AZURE_TENANT_ID": "tenant of the identity, where the environment names one",
    "AZURE_CLIENT_ID": "client id of the identity, where the environment names one; processes of one "
    "identity and one database share its Log Analytics budget",
    "AZURE_SUBSCRIPTION_ID": "subscription of the Azure ML workspace",
    "AZURE_RESOURCE_GROUP": "resource group of the Azure ML workspace",
    "AZURE_ML_WORKSPACE": "Azure ML workspace; without it the sample workspace is served",
    "AZURE_ML_REGISTRY": "Azure ML registry, optional",
    "LOG_ANALYTICS_WORKSPACE_ID": "GUID (customerId) of the Log Analytics workspace",
    "COLLECTED_DATA_URL": "fsspec URL of the folder that holds modelDataCollector, e.g. "
    "abfs://container@account.dfs.core.windows.net",
    "DATABASE_URL": "where results, baselines, thresholds and their history are kept: sqlite:///file or "
    "postgresql://user:password@host/name, default .leeway/leeway.sqlite beside the cache",
    "LEEWAY_ADDRESS": "address to serve the pages at, default 127.0.0.1: this machine alone",
    "LEEWAY_CACHE": "folder for the sample workspace and stored profiles, default .cache",
    "LEEWAY_FILES": "folder whose files anybody may open by path on the page, default none: uploads only",
    "LEEWAY_HOSTS": "host names under which readers reach the pages through a proxy, comma between",
    "LEEWAY_NOW": "ISO time to take for now, for demonstrations and tests",
    "LEEWAY_RETENTION_DAYS": "days for which results are kept, default 400; incidents stay",
    "LEEWAY_SEED": "seed of the sample workspace, default 2013",
    "LEEWAY_WITHOUT_SIGN_IN": "yes: serve at another address than this machine's own although nobody has to "
    "sign in, since a proxy or network keeps strangers out; every page warns",
}


#: The sample workspace moves a year of data to before now.
FIRST_NOW = datetime(1980, 1, 1, tzinfo=UTC)
_DEFAULTS = {
    "LEEWAY_ADDRESS": "127.0.0.1",
    "LEEWAY_CACHE": ".cache",
    "LEEWAY_RETENTION_DAYS": "400",
    "LEEWAY_SEED": "2013",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the product needs to know before it can ask anything.

    `workspace` is None when no Azure is configured: then the sample workspace is served.
    """

    cache: Path
    address: str = _DEFAULTS["LEEWAY_ADDRESS"]
    hosts: tuple[str, ...] = ()
    without_sign_in: bool = False
    files: Path | None = None
    now: datetime | None = None
    seed: int = 2013
    tenant_id: str = ""
    client_id: str = ""
    subscription_id: str = ""
    resource_group: str = ""
    workspace: str | None = None
    registry: str | None = None
    log_analytics_workspace_id: str = ""
    collected_data_url: str = ""
    database_url: str = ""
    retention_days: int = 400

    @property
    def database(self) -> str:
        """URL of the database: by default a file outside the cache, which may be wiped."""
        file = self.cache.resolve().parent / ".leeway" / "leeway.sqlite"
        return self.database_url or f"sqlite:///{file}"

    @property
    def is_sample(self) -> bool:
        """Whether the sample workspace is served instead of Azure."""
        return self.workspace is None

    @property
    def identity(self) -> str:
        """Who Log Analytics counts queries for, as far as the environment says.

        >>> Settings(cache=Path(), tenant_id="t", client_id="c", workspace="ml").identity
        't/c'
        """
        return "sample" if self.is_sample else f"{self.tenant_id}/{self.client_id}"

    def clock(self) -> datetime:
        """Return the time to take for now, to the minute, so that equal questions share a cache entry."""
        return (self.now or datetime.now(UTC)).replace(second=0, microsecond=0)


def is_public(address: str | None, settings: Settings) -> bool:
    """Whether others than this machine may reach an address to serve at; none is all addresses.

    Raises:
        InputError: They may, and nobody has said that it is meant.

    >>> here = Settings(cache=Path(), without_sign_in=True)
    >>> [is_public(each, here) for each in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "10.0.0.4", None)]
    [False, False, False, True, True, True]
    """
    if _is_own(address):
        return False
    if not settings.without_sign_in:
        raise InputError(
            f"Cannot serve at {address or 'all addresses'!r}: nobody has to sign in, so that whoever "
            "reaches it may read and switch everything",
            hint="Serve at 127.0.0.1 (LEEWAY_ADDRESS), or set LEEWAY_WITHOUT_SIGN_IN=yes where a proxy "
            "or network keeps strangers out.",
        )
    return True


def _is_own(address: str | None) -> bool:
    try:
        return address == "localhost" or ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


def time_of_day() -> datetime:
    """Return the time, whatever is taken for now: processes agree on it about leases."""
    return datetime.now(UTC)


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings.

    Raises:
        InputError: A value cannot be read, or a workspace is named without what is needed to reach it.
    """
    given = {name: environment.get(name, "").strip() for name in VARIABLES}
    env = {name: text or _DEFAULTS.get(name, "") for name, text in given.items()}
    workspace = env["AZURE_ML_WORKSPACE"] or None
    needed = ("AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "LOG_ANALYTICS_WORKSPACE_ID")
    if workspace and (missing := [name for name in needed if not env[name]]):
        raise InputError(
            f"Cannot reach the workspace {workspace!r}: {', '.join(missing)} not set",
            hint="Set them, or unset AZURE_ML_WORKSPACE to open the sample workspace.",
        )
    return Settings(
        cache=Path(env["LEEWAY_CACHE"]),
        address=env["LEEWAY_ADDRESS"],
        hosts=_hosts(env["LEEWAY_HOSTS"]),
        without_sign_in=_is_yes("LEEWAY_WITHOUT_SIGN_IN", env["LEEWAY_WITHOUT_SIGN_IN"]),
        files=Path(env["LEEWAY_FILES"]) if env["LEEWAY_FILES"] else None,
        now=_time(env["LEEWAY_NOW"]),
        seed=_between("LEEWAY_SEED", env["LEEWAY_SEED"], 0, 2**32 - 1),
        tenant_id=env["AZURE_TENANT_ID"],
        client_id=env["AZURE_CLIENT_ID"],
        subscription_id=env["AZURE_SUBSCRIPTION_ID"],
        resource_group=env["AZURE_RESOURCE_GROUP"],
        workspace=workspace,
        registry=env["AZURE_ML_REGISTRY"] or None,
        log_analytics_workspace_id=env["LOG_ANALYTICS_WORKSPACE_ID"],
        collected_data_url=env["COLLECTED_DATA_URL"],
        database_url=env["DATABASE_URL"],
        retention_days=_between("LEEWAY_RETENTION_DAYS", env["LEEWAY_RETENTION_DAYS"], 1, 36_500),
    )


def _time(text: str) -> datetime | None:
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"Cannot read LEEWAY_NOW={text!r}", hint="Write it as 2026-01-31T12:00:00Z."
        ) from error
    time = time.replace(tzinfo=time.tzinfo or UTC)
    if not FIRST_NOW <= time <= LATEST:
        raise InputError(
            f"Cannot take LEEWAY_NOW={text!r} for now",
            hint=f"Give a time from {FIRST_NOW:%Y} until {LATEST:%Y}.",
        )
    return time.astimezone(UTC)


def _hosts(text: str) -> tuple[str, ...]:
    hosts = tuple(filter(None, (host.strip().lower() for host in text.split(","))))
    for host in hosts:
        if not re.fullmatch(r"(\*\.)?[\w-]+(\.[\w-]+)*", host):
            raise InputError(
                f"Cannot use the host name {host!r} of LEEWAY_HOSTS",
                hint="Name hosts alone, without https:// and port: leeway.example.com,*.example.org.",
            )
    return hosts


def _is_yes(name: str, text: str) -> bool:
    if text.lower() not in {"", "yes", "no"}:
        raise InputError(f"Cannot read {name}={text!r}", hint="Write yes, or leave it out.")
    return text.lower() == "yes"


def _whole_number(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise InputError(f"Cannot read {name}={text!r}", hint="Give a whole number.") from error


def _between(name: str, text: str, least: int, most: int) -> int:
    number = _whole_number(name, text)
    if not least <= number <= most:
        raise InputError(
            f"Cannot use {name}={text[:40]!r}", hint=f"Give a whole number from {least} to {most}."
        )
    return number
