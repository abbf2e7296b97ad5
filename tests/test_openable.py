"""What may be opened by its path, and what never."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.errors import InputError
from monitoring.openable import named, openable
from monitoring.settings import Settings, from_environment


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder that is open, with a cache and hidden folders in it, beside one that is not."""
    root = tmp_path / "open"
    for name in (
        "data/a.csv", "cache/uploads/x.csv", ".hidden/b.csv", "deep/.git/c.csv", "../secret/s.csv",
        "linked/own.csv",
    ):  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x\n1\n")
    (root / "linked" / "inner.csv").symlink_to(tmp_path / "secret" / "s.csv")
    (root / "away").symlink_to(tmp_path / "secret")
    (root / "tree").mkdir()
    (root / "tree" / "away").symlink_to(tmp_path / "secret")
    (root / "round").symlink_to(root / "round")
    return root


@pytest.fixture
def settings(root: Path) -> Settings:
    return Settings(cache=root / "cache", files=root)


def test_no_path_is_open_by_default(root: Path) -> None:
    settings = from_environment({"LEEWAY_CACHE": str(root / "cache")})
    assert settings.files is None
    for path in ("data/a.csv", ".", "", str(root)):
        with pytest.raises(InputError, match="no folder is open to paths"):
            openable(path, settings)


def test_files_and_folders_below_it_are(settings: Settings, root: Path) -> None:
    assert openable("data/a.csv", settings) == root / "data" / "a.csv"
    assert openable("data", settings) == root / "data"
    assert openable(str(root / "data"), settings) == root / "data"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("../secret", "lies outside"),
        ("/etc/passwd", "lies outside"),
        ("away/s.csv", "lies outside"),
        ("linked/inner.csv", "lies outside"),
        ("linked", "'inner.csv', a link leads outside"),
        ("tree", "'away', a link leads outside"),
        ("cache", "in the cache"),
        ("cache/uploads/x.csv", "in the cache"),
        ("data/../cache/uploads", "in the cache"),
        (".", "the cache lies in it"),
        (".hidden", "it is hidden"),
        (".hidden/b.csv", "it is hidden"),
        ("deep", "it is hidden"),
        ("a\0b.csv", "it is no path"),
        ("a" * 300, "it is no path"),
        ("round", "it is no path|Cannot open"),
    ],
)
def test_nothing_else_is_and_no_message_tells_where_it_lies(
    settings: Settings, root: Path, path: str, why: str
) -> None:
    with pytest.raises(InputError, match=why) as caught:
        openable(path, settings)
    assert str(root.parent) not in str(caught.value).replace(repr(path), "")


def test_errors_name_a_file_as_its_reader_does(root: Path) -> None:
    with pytest.raises(InputError) as caught, named({root / "data": "mine"}):
        raise InputError(f"Cannot read {str(root / 'data' / 'a.csv')!r}", hint=f"{root}/data")
    assert str(caught.value) == "Cannot read 'mine/a.csv'. Hint: mine"
