"""Every panel that shows what was measured says when, how complete and from what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

from docs.make_shots import QUERIES
from monitoring.settings import Settings
from ui.loaders import workspace
from ui.shell import nav

from .conftest import ROOT, open_page

#: Panels in which a reader writes or chooses, or which point elsewhere: nothing is measured in them.
FORMS = {
    "Before you switch",
    "Switch",
    "New baseline",
    "Freeze",
    "Query",
    "Prices an hour",
    "Incidents",
}


#: What stands in a panel where there is nothing to measure.
NOTHING = {"No result yet", "Not run yet", "No GPU"}


@pytest.fixture(autouse=True)
def connected(
    fresh: None, sample: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sample workspace, and the folder of the example files to open them from."""
    here = replace(settings, files=ROOT / "docs")
    monkeypatch.setattr(workspace, "settings", lambda: here)


def panels(block: Block) -> Iterator[tuple[str, Block]]:
    """The boxes that begin with a heading, by that heading."""
    children = list(block.children.values())
    first = children[0] if children else None
    if getattr(first, "tag", "") == "h2":
        yield first.value, block
    for child in children:
        if isinstance(child, Block):
            yield from panels(child)


def footer(panel: Block) -> str:
    return next((c.value for c in panel.caption if c.value.startswith("Updated ")), "")


def shown_badly(app: AppTest) -> list[str]:
    """The panels that show something without a footer."""
    return [
        title
        for title, panel in panels(app.main)
        if title not in FORMS and not footer(panel) and not is_nothing(panel)
    ]


def is_nothing(panel: Block) -> bool:
    badges = " ".join(each.value for each in panel.markdown)
    return any(title in badges for title in NOTHING)


@pytest.mark.parametrize("row", nav.TABLE, ids=lambda row: row.file)
def test_every_panel_with_a_result_has_a_footer(row: nav.Row) -> None:
    query = dict(parse_qsl(QUERIES.get(row.file.removesuffix(".py"), "").removeprefix("?")))
    app = open_page(row.file, **query)
    assert not app.exception
    assert shown_badly(app) == []
    for button in [each for each in app.button if each.label == "Run"][:1]:
        button.click().run(timeout=240)
        assert not app.exception
        assert shown_badly(app) == []
    assert list(panels(app.main))
