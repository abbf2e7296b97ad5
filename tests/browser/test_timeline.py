"""The path of an on-call engineer: choose an incident, brush its timeline, read what changed, freeze it."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from docs.make_shots import settle
from monitoring.incidents import bundle

CHANGES = "What changed just before"


def drag(page: Page, start: float, end: float) -> None:
    """Brush the row of errors between two shares of the axis."""
    row = page.locator(".js-plotly-plot .draglayer .xy5 .nsewdrag").first
    row.scroll_into_view_if_needed()
    box = row.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    for share in (0.3, 0.6, 1.0):
        page.mouse.move(box["x"] + (start + share * (end - start)) * box["width"], y + 2 * share)
    page.mouse.up()


def test_choose_an_incident_brush_its_timeline_read_the_list_and_freeze_it(
    visit, tmp_path: Path
) -> None:
    page = visit("/incidents?window=7d")
    # By keyboard, as everything must be.
    box = page.get_by_role("combobox", name="Incident", exact=True)
    box.click()
    page.get_by_role("option", name=re.compile("requests fail")).first.click()
    expect(page.get_by_role("heading", name="The incident")).to_be_visible(timeout=30_000)
    settle(page)
    identity = re.search(r"incident=([0-9a-f]+)", page.url)[1]
    expect(page.get_by_text(re.compile("Before and while it began"))).to_be_visible()
    expect(page.get_by_text(re.compile("this coincides with")).first).to_be_visible()

    drag(page, 0.1, 0.5)
    expect(page.get_by_text(re.compile("Before and in the chosen window"))).to_be_visible(
        timeout=30_000
    )
    settle(page)
    assert "from=" in page.url
    assert "to=" in page.url
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text(re.compile("Before and while it began"))).to_be_visible(timeout=30_000)
    settle(page)

    page.get_by_role("button", name="Freeze", exact=True).click()
    with page.expect_download(timeout=60_000) as caught:
        page.get_by_role("button", name=re.compile("Download the bundle")).click(timeout=60_000)
    assert caught.value.suggested_filename == f"{identity}.incident.zip"
    file = tmp_path / caught.value.suggested_filename
    caught.value.save_as(file)
    assert bundle.open_(file.read_bytes()).incident.id == identity

    page.get_by_text("Frozen", exact=True).click()
    settle(page)
    page.locator('input[type="file"]').set_input_files(file)
    expect(page.get_by_role("heading", name=re.compile("As it was known on"))).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(1)
    settle(page)


def test_times_are_utc_and_local_by_choice(browser, app_url: str) -> None:
    context = browser.new_context(
        timezone_id="Europe/Berlin", viewport={"width": 1440, "height": 900}
    )
    page = context.new_page()
    page.goto(f"{app_url}/incidents?window=7d&times=Local")
    settle(page)
    local = page.locator(".xtitle", has_text="Times are Europe/Berlin, UTC+01:00")
    expect(local).to_be_visible(timeout=60_000)
    page.get_by_role("radio", name="UTC", exact=True).or_(
        page.get_by_role("button", name="UTC", exact=True)
    ).first.click()
    expect(page.locator(".xtitle", has_text="Times are UTC")).to_be_visible(timeout=60_000)
    expect(local).to_have_count(0, timeout=30_000)
    context.close()
