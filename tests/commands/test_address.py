"""Who can reach the pages: this machine alone, unless somebody has said otherwise twice."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit import config
from streamlit.web.server.starlette import starlette_websocket as websocket

from monitoring.commands.run import OWN_HOSTS, app_command
from monitoring.errors import InputError
from monitoring.settings import Settings, from_environment, is_public

ROOT = Path(__file__).parents[2]
HERE = Settings(cache=Path())


def test_this_machine_alone_is_the_default() -> None:
    settings = from_environment({})
    assert settings.address == "127.0.0.1"
    assert not is_public(settings.address, settings)
    server = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["server"]
    assert server["address"] == settings.address
    assert tuple(server["allowedHosts"]) == OWN_HOSTS


OPEN = "0.0.0.0"  # noqa: S104 - nothing is bound


@pytest.mark.parametrize("address", [OPEN, "::", "192.0.2.2", "vm.example", "", None])
def test_another_address_asks_for_one_more_word(address: str | None) -> None:
    with pytest.raises(InputError, match="nobody has to sign in"):
        is_public(address, HERE)
    assert is_public(address, replace(HERE, without_sign_in=True))


@pytest.mark.slow
def test_run_refuses_it_in_one_sentence() -> None:
    environment = {"LEEWAY_ADDRESS": OPEN, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-m", "monitoring", "run", "--port=1"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("error: Cannot serve at '0.0.0.0'")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("text", ["https://x.example", "x.example:443", "a b", "*", "a,,/"])
def test_what_is_no_host_name_is_one_sentence(text: str) -> None:
    with pytest.raises(InputError, match="Cannot use the host name"):
        from_environment({"LEEWAY_HOSTS": text})


def test_what_is_neither_yes_nor_no_is_one_sentence() -> None:
    with pytest.raises(InputError, match="Cannot read LEEWAY_WITHOUT_SIGN_IN='perhaps'"):
        from_environment({"LEEWAY_WITHOUT_SIGN_IN": "perhaps"})


@pytest.fixture
def takes(monkeypatch: pytest.MonkeyPatch) -> Callable[..., bool]:
    """takes(hosts, origin, host) -> whether a websocket is, with what `run` tells the server."""

    def taken(hosts: str, origin: str, host: str) -> bool:
        told: dict[str, list[str]] = {}
        for option in app_command(1, "127.0.0.1", from_environment({"LEEWAY_HOSTS": hosts}).hosts):
            name, _, value = option.removeprefix("--").partition("=")
            told.setdefault(name, []).append(value)
        asked = config.get_option
        monkeypatch.setattr(config, "get_option", lambda name: told.get(name) or asked(name))
        monkeypatch.setattr("streamlit.net_util._make_blocking_http_get", lambda *_, **__: None)
        try:
            return websocket._is_origin_allowed(origin, host)
        finally:
            monkeypatch.setattr(config, "get_option", asked)

    return taken


NAME = "leeway.example.com"


@pytest.mark.parametrize(
    ("hosts", "origin", "host", "is_taken"),
    [
        ("", "http://127.0.0.1:8501", "127.0.0.1:8501", True),
        ("", "http://localhost:8501", "localhost:8501", True),
        ("", "http://[::1]:8501", "[::1]:8501", True),
        ("", f"https://{NAME}", NAME, False),  # as a page elsewhere that has rebound its name
        ("", f"https://{NAME}", "127.0.0.1:8501", False),
        (NAME, f"https://{NAME}", NAME, True),
        (NAME, f"https://{NAME}", "127.0.0.1:8501", True),  # a proxy that keeps the name to itself
        (NAME, "https://evil.example", NAME, False),
        (NAME, f"https://{NAME}.evil.example", f"{NAME}.evil.example", False),
        ("*.example.com", f"https://{NAME}", NAME, True),
        ("*.example.com", "https://evil.example", "evil.example", False),
    ],
)
def test_a_proxys_names_are_one_setting(
    takes: Callable[..., bool], hosts: str, origin: str, host: str, *, is_taken: bool
) -> None:
    assert takes(hosts, origin, host) is is_taken
