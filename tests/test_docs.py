"""What the documents say is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from monitoring.metrics.drift import METRICS
from monitoring.settings import VARIABLES, from_environment

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FIRST_SCREEN = "\n".join(README.splitlines()[:30])
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]


def first_column(heading: str) -> list[str]:
    section = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)


def test_the_two_commands_stand_on_the_first_screen() -> None:
    targets = re.findall(
        r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    for command in re.findall(r"make ([a-z]+)", FIRST_SCREEN):
        assert command in targets
    assert {"run", "test"} <= set(re.findall(r"^    make ([a-z]+)", FIRST_SCREEN, re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=[d.name for d in DOCUMENTS])
def test_links_and_pictures_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith(("http", "mailto:")):
            assert (document.parent / target).exists(), target


def test_every_setting_is_in_the_table_and_no_other() -> None:
    assert first_column("Settings") == list(VARIABLES)


def test_every_setting_is_read() -> None:
    source = (ROOT / "monitoring" / "settings.py").read_text(encoding="utf-8")
    for name in VARIABLES:
        assert source.count(f'"{name}"') >= 2, name
    assert from_environment({}).is_sample


def test_every_metric_is_in_the_table_and_no_other() -> None:
    assert sorted(first_column("How drift is judged")) == sorted(METRICS)


def test_requirements_name_what_is_imported_and_the_lock_holds_them() -> None:
    direct = re.findall(
        r"^([A-Za-z0-9_.-]+)", (ROOT / "requirements.in").read_text(encoding="utf-8"), re.MULTILINE
    )
    locked = (ROOT / "requirements.txt").read_text(encoding="utf-8").lower()
    for name in direct:
        assert re.search(rf"^{re.escape(name.lower())}(\[[^\]]*\])?==", locked, re.MULTILINE), name
    assert "://" not in locked


def test_the_supported_pythons_are_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
    assert "(3, 11) <= v <= (3, 13)" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "Python 3.11 to 3.13" in FIRST_SCREEN


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_pinned_package_has_its_hashes(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    assert len(entries) > 20
    assert [each.split()[0] for each in entries if "--hash=sha256:" not in each] == []
