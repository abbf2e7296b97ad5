"""Headers, compression and probes, as any client sees them."""

import gzip
import re
import urllib.error
import urllib.request

import pytest


def fetch(url: str, **headers: str):
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - our own server
    return urllib.request.urlopen(request, timeout=30)  # noqa: S310


def asset(app_url: str) -> str:
    with fetch(app_url) as page:
        return app_url + re.search(r'src="\.?(/static/js/[^"]+\.js)"', page.read().decode())[1]


@pytest.mark.parametrize("path", ["/", "/data_drift", "/livez", "/_stcore/health"])
def test_every_answer_carries_the_security_headers(app_url, path) -> None:
    with fetch(app_url + path) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe-eval" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_scripts_are_compressed_for_those_who_can_read_it(app_url) -> None:
    with fetch(asset(app_url), **{"Accept-Encoding": "gzip"}) as answer:
        packed = answer.read()
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "immutable" in answer.headers["Cache-Control"]
    with fetch(asset(app_url), **{"Accept-Encoding": "identity"}) as answer:
        plain = answer.read()
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain) / 2


@pytest.mark.parametrize(
    "path", ["/static/../../app.py", "/static/%2e%2e/%2e%2e/config.js", "/static/js/none.js"]
)
def test_no_file_outside_the_assets_is_served(app_url, path) -> None:
    try:
        with fetch(app_url + path, **{"Accept-Encoding": "gzip"}) as answer:
            body = answer.read()
            assert answer.headers.get("Content-Encoding") != "gzip"
    except urllib.error.HTTPError as error:
        body = error.read()
    assert b"Server entry" not in body


def test_probes(app_url) -> None:
    with fetch(f"{app_url}/livez") as answer:
        assert answer.read() == b'{"status":"ok"}'
    with fetch(f"{app_url}/readyz") as answer:
        assert answer.read() == b'{"status":"ok","source":"sample"}'


def test_a_foreign_origin_is_refused_without_asking_anyone_for_our_address(monkeypatch) -> None:
    import ui.shell.edge  # noqa: F401, PLC0415 - what the server does at start

    def asked(*_: object, **__: object) -> None:
        raise AssertionError("asked a web service")

    monkeypatch.setattr("streamlit.net_util._make_blocking_http_get", asked)
    from streamlit.web.server import server_util  # noqa: PLC0415

    assert not server_util.is_url_from_allowed_origins("http://elsewhere.invalid")
