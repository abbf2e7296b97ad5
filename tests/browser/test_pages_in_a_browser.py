"""What only a browser can tell: links, keyboard, accessibility, both colour schemes, a phone."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from docs.make_shots import settle
from ui.shell.nav import TABLE

PATHS = [f"/{Path(row.file).stem}" for row in TABLE]
#: What Streamlit 1.67 breaks in its own markup: rule -> what the element holds. All else is ours.
FLOOR = {
    "presentation-role-conflict": "",  # the file uploader; minor
    "svg-img-alt": "metric_chart_",  # the marks of a metric's sparkline
    # The grey label of what cannot be chosen yet: inactive, so that WCAG 1.4.3 does not ask for contrast.
    "color-contrast": "<p>Deployment</p>",
}


@pytest.mark.parametrize("path", PATHS)
def test_the_first_request_to_any_page_runs_the_shell(visit, path) -> None:
    page = visit(path)
    expect(page.get_by_role("combobox", name="Workspace")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("Real: the flights")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_accessibility(visit, page, path, scheme) -> None:
    page.emulate_media(color_scheme=scheme)
    visit(path)
    broken = [
        (violation["id"], node["html"][:200])
        for violation in Axe().run(page).response["violations"]
        for node in violation["nodes"]
        if violation["id"] not in FLOOR or FLOOR[violation["id"]] not in node["html"]
    ]
    assert broken == []


def test_the_root_opens_the_first_page_and_keeps_the_scope(visit) -> None:
    page = visit("/?endpoint=flight-time&window=30d")
    page.wait_for_url("**/overview?*")
    assert "endpoint=flight-time" in page.url
    assert "window=30d" in page.url


def test_the_scope_is_in_the_address_and_survives_the_menu(visit) -> None:
    page = visit("/overview")
    page.get_by_role("combobox", name="Endpoint").click()
    page.get_by_role("option", name="flight-delay").click()
    page.wait_for_url("**endpoint=flight-delay*")
    settle(page)
    page.get_by_role("link", name="Data drift").click()
    page.wait_for_url("**/data_drift*")
    settle(page)
    assert "endpoint=flight-delay" in page.url
    expect(page.get_by_role("combobox", name="Endpoint")).to_have_value("flight-delay")
    page.reload()
    settle(page)
    expect(page.get_by_role("combobox", name="Endpoint")).to_have_value("flight-delay")


def test_another_endpoint_takes_the_old_deployment_out_of_the_address(visit) -> None:
    page = visit("/overview?endpoint=flight-delay&deployment=blue")
    expect(page.get_by_role("combobox", name="Deployment")).to_have_value("blue")
    page.get_by_role("combobox", name="Endpoint").click()
    page.get_by_role("option", name="digits").click()
    page.wait_for_url("**endpoint=digits*")
    settle(page)
    assert "deployment" not in page.url


def test_an_unknown_page_says_so_and_still_works(visit) -> None:
    page = visit("/no_such_page")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(re.compile("not found", re.IGNORECASE))


@pytest.mark.parametrize("path", PATHS)
def test_a_phone_needs_no_sideways_scrolling(visit, page, path) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    visit(path)
    wide = page.evaluate(
        "() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
    )
    assert wide <= 0
