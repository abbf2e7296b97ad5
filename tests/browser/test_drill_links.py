"""A link says all: what a click opens, its address opens for somebody else, and Back undoes it."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from docs.make_shots import settle
from tests.browser.test_segment_path import pick

LONG = 90_000
WINDOW = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d to \d{4}-\d\d-\d\d \d\d:\d\d UTC")

Drill = Callable[[Page], None]


def facts(page: Page) -> dict[str, object]:
    """What a reader would compare: heading, scope, window, and every number in a tile."""
    settle(page)
    main = page.get_by_test_id("stMain")
    boxes = ("Endpoint", "Deployment", "Feature", "Incident")
    boxed = {name: page.get_by_role("combobox", name=name, exact=True) for name in boxes}
    return {
        "heading": page.get_by_role("heading", level=1).inner_text(),
        "panels": main.get_by_role("heading", level=3).all_inner_texts(),
        "scope": {name: box.input_value() for name, box in boxed.items() if box.count()},
        "windows": set(WINDOW.findall(main.inner_text())),
        "numbers": page.get_by_test_id("stMetricValue").all_inner_texts(),
    }


@pytest.fixture
def elsewhere(browser: Browser, app_url: str, browser_context_args: dict) -> Iterator[Page]:
    """A browser that has never been here."""
    context = browser.new_context(**browser_context_args)
    yield context.new_page()
    context.close()


def of_green(respect: int) -> Drill:
    """Open the page of a column, for a deployment that is not the one with the most traffic."""

    def click(page: Page) -> None:
        name = page.get_by_role("heading", name="flight-delay / green")
        opens = page.get_by_role("button", name=re.compile("^Open "))
        rows = page.get_by_test_id("stVerticalBlock").filter(has=name).filter(has=opens)
        rows.last.get_by_role("button", name=re.compile("^Open ")).nth(respect).click()

    return click


def button(name: str | re.Pattern[str]) -> Drill:
    """Press the first button of this name."""

    def click(page: Page) -> None:
        buttons = page.get_by_test_id("stMain").get_by_test_id("stButton")
        first = buttons.get_by_role("button", name=name).first
        expect(first).to_be_visible(timeout=LONG)
        first.click()

    return click


def suspect(page: Page) -> None:
    """Open the page of the first suspect that has one."""
    known = ("Traffic", "Compute", "Data drift", "Data quality", "Compare versions", "Logs")
    main = page.get_by_test_id("stMain")
    first = main.get_by_role("button", name=re.compile("|".join(known))).first
    expect(first).to_be_visible(timeout=LONG)
    first.click()


def first_row(page: Page) -> None:
    """Tick the first of the slowest requests."""
    table = page.get_by_label(re.compile("slowest requests")).or_(
        page.get_by_test_id("stDataFrame").last
    )
    table.last.scroll_into_view_if_needed()
    box = table.last.bounding_box()
    page.mouse.click(box["x"] + 15, box["y"] + 52)


def heat_map(page: Page) -> None:
    """Choose a feature by its row of the heat map."""
    plot = page.locator(".js-plotly-plot").first
    plot.scroll_into_view_if_needed()
    box = plot.locator(".nsewdrag").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.9)


DRILLS = {
    "Overview, model": (
        "/overview?window=30d",
        of_green(0),
        "performance",
    ),
    "Overview, data": ("/overview", of_green(1), "*"),
    "Overview, infrastructure": ("/overview?window=24h", of_green(2), "*"),
    "Overview, all incidents": ("/overview", button("Open incidents"), "incidents"),
    "Overview, an incident": ("/overview", button(re.compile("since .* UTC$")), "incidents"),
    "Incident to the page of a suspect": ("an incident", suspect, "*"),
    "Incident to a failed request": ("an incident", button(re.compile(r"(^|\s)Open$")), "request"),
    "Traffic to a request": (
        "/traffic?endpoint=flight-delay&deployment=blue&window=24h",
        first_row,
        "request",
    ),
}


@pytest.fixture(scope="module")
def incident(browser: Browser, app_url: str) -> str:
    """Path of an incident in which requests fail."""
    page = browser.new_page()
    page.goto(f"{app_url}/incidents?window=7d")
    box = page.get_by_role("combobox", name="Incident", exact=True)
    expect(box).to_be_visible(timeout=4 * LONG)
    settle(page)
    pick(page, "Incident", page.get_by_role("option", name=re.compile("requests fail")).first)
    page.wait_for_url("**incident=*")
    path = page.url.removeprefix(app_url)
    page.close()
    return path


@pytest.mark.parametrize("drill", DRILLS)
def test_a_link_opens_the_same_for_somebody_else_and_back_undoes_it(
    visit, elsewhere: Page, request: pytest.FixtureRequest, drill: str
) -> None:
    path, click, target = DRILLS[drill]
    page = visit(request.getfixturevalue("incident") if path == "an incident" else path)
    before, there = facts(page), page.url
    click(page)
    page.wait_for_url(lambda url: url.split("?")[0] != there.split("?")[0], timeout=LONG)
    expected = facts(page)
    assert target in ("*", page.url.split("?")[0].rsplit("/", 1)[1])

    elsewhere.goto(page.url)
    assert facts(elsewhere) == expected

    page.go_back()
    assert facts(page) == before
    assert page.url == there


def test_a_feature_clicked_in_the_heat_map_is_in_the_address(visit, elsewhere: Page) -> None:
    page = visit("/data_drift?endpoint=flight-delay&deployment=green&window=7d&feature=temp")
    heat_map(page)
    page.wait_for_url(lambda url: "feature=" in url and "feature=temp" not in url, timeout=LONG)
    expected = facts(page)
    elsewhere.goto(page.url)
    assert facts(elsewhere) == expected


def test_the_menu_leads_back_to_the_whole_fleet(visit) -> None:
    page = visit("/overview?window=30d")
    before = facts(page)
    of_green(0)(page)
    page.wait_for_url("**/performance*")
    settle(page)
    page.get_by_role("link", name="Overview").click()
    page.wait_for_url("**/overview*")
    assert facts(page) == before


def test_a_scope_chosen_on_the_overview_is_kept(visit) -> None:
    page = visit("/overview")
    of_green(0)(page)
    page.wait_for_url("**/performance*")
    settle(page)
    page.go_back()
    settle(page)
    page.get_by_role("combobox", name="Endpoint", exact=True).click()
    page.get_by_role("option", name="digits").click()
    page.wait_for_url("**endpoint=digits*")
    settle(page)
    page.get_by_role("link", name="Traffic").click()
    page.wait_for_url("**/traffic*")
    settle(page)
    page.get_by_role("link", name="Overview").click()
    page.wait_for_url("**/overview*")
    assert facts(page)["scope"]["Endpoint"] == "digits"
