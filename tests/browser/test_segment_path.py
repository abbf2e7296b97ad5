"""A segment, clicked: chosen, seen on the pages, kept by link, menu and back button, and cleared."""

import re

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as NotThere

from docs.make_shots import settle

LONG = 90_000


def pick(page: Page, name: str, option: Locator) -> None:
    """Open a box and choose; a page that is still being drawn closes the list again."""
    for _ in range(6):
        page.get_by_role("combobox", name=name).click()
        try:
            option.click(timeout=5_000)
        except NotThere:
            continue
        return
    raise AssertionError(f"{name} never offered {option}")


def choose_carrier(page: Page, value: str) -> None:
    page.get_by_role("button", name="Segment", exact=True).click()
    settle(page)
    pick(page, "Feature", page.get_by_role("option", name="carrier", exact=True))
    settle(page)
    pick(page, "is one of", page.get_by_role("option", name=re.compile(rf"^{value} \(")))
    page.keyboard.press("Escape")
    settle(page)
    page.get_by_role("button", name="Add condition").click()
    page.wait_for_url(f"**segment=carrier*{value}*")
    settle(page)


def test_choose_a_segment_see_its_performance_open_the_worst_feature_and_go_back(visit) -> None:
    page = visit("/performance?endpoint=flight-delay&deployment=blue&window=30d")
    rows = page.get_by_text(re.compile(r"of [\d,]+ predictions")).first.inner_text()
    choose_carrier(page, "UA")
    expect(page.get_by_role("button", name="carrier is UA")).to_be_visible()
    said = page.get_by_text(re.compile(r"segment: carrier is UA \([\d,]+ rows\)"))
    expect(said).to_be_visible()
    assert page.get_by_text(re.compile(r"of [\d,]+ predictions")).first.inner_text() != rows

    page.get_by_role("button", name="Compare", exact=True).click()
    heading = page.get_by_role("heading", name="Segments that explain it")
    expect(heading).to_be_visible(timeout=LONG)
    settle(page)
    scope = page.url
    worst = page.get_by_role("button", name=re.compile("^Open ")).first
    feature = worst.inner_text().splitlines()[-1].removeprefix("Open ")
    expect(page.get_by_text(f"coincides with {feature}").first).to_be_visible()
    worst.click()
    page.wait_for_url("**/data_drift*")
    expect(page.get_by_role("heading", name="Every metric of this feature")).to_be_visible(
        timeout=LONG
    )
    settle(page)
    expect(page.get_by_role("combobox", name="Feature", exact=True)).to_have_value(feature)
    expect(said).to_be_visible()
    for part in ("endpoint=flight-delay", "deployment=blue", "segment=carrier", "window=30d"):
        assert part in page.url

    page.go_back()
    page.wait_for_url("**/performance*")
    settle(page)
    assert page.url == scope
    expect(said).to_be_visible()
    expect(page.get_by_role("combobox", name="Deployment")).to_have_value("blue")
    expect(heading).to_be_visible(timeout=LONG)
    page.go_forward()
    page.wait_for_url("**/data_drift*")
    settle(page)
    expect(said).to_be_visible()


def test_look_at_the_segment_that_explains_most(visit) -> None:
    page = visit("/performance?endpoint=flight-delay&window=7d")
    page.get_by_role("button", name="Compare", exact=True).click()
    look = page.get_by_role("button", name="Look at this segment")
    expect(look).to_be_visible(timeout=LONG)
    settle(page)
    first = page.get_by_role("combobox", name="Segment").last.input_value()
    look.click()
    page.wait_for_url("**segment=*")
    settle(page)
    expect(page.get_by_role("button", name=first)).to_be_visible()


def test_a_segment_is_kept_by_the_menu_and_a_link_and_cleared_by_another_endpoint(visit) -> None:
    page = visit("/performance?endpoint=flight-delay&segment=carrier:UA;distance:500..")
    expect(page.get_by_role("button", name="distance is at least 500")).to_be_visible()
    page.get_by_role("link", name="Data drift").click()
    page.wait_for_url("**/data_drift*")
    settle(page)
    assert "segment=carrier" in page.url
    expect(page.get_by_text("segment: carrier is UA and distance is at least 500")).to_be_visible()
    page.reload()
    settle(page)
    page.get_by_role("button", name="distance is at least 500").click()
    expect(page.get_by_role("button", name="distance is at least 500")).to_have_count(0)
    expect(page.get_by_role("button", name="carrier is UA")).to_be_visible()
    page.get_by_role("link", name="Overview").click()
    page.wait_for_url("**/overview*")
    expect(page.get_by_text("looks past the segment carrier is UA")).to_be_visible()
    page.get_by_role("combobox", name="Endpoint").click()
    page.get_by_role("option", name="digits").click()
    page.wait_for_url("**endpoint=digits*")
    settle(page)
    assert "segment" not in page.url


def test_a_broken_segment_is_one_sentence_and_all_rows(visit) -> None:
    page = visit("/performance?endpoint=flight-delay&segment=carrier")
    expect(page.get_by_text("Cannot read the segment 'carrier'")).to_be_visible()
    expect(page.get_by_text(re.compile("segment: "))).to_have_count(0)
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("Cannot read the segment")).to_have_count(0)
