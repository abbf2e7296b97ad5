"""An id, pasted: the request's time, its error line and the features that it sent; and back again."""

import re
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import expect

from docs.make_shots import settle

LONG = 90_000


@pytest.fixture(scope="module")
def failed_id(sample: Path) -> str:
    with duckdb.connect(str(sample / "workspace.duckdb"), read_only=True) as connection:
        (found,) = connection.execute(
            """SELECT XRequestId FROM AmlOnlineEndpointTrafficLog
            WHERE EndpointName = 'flight-delay' AND DeploymentName = 'blue' AND ModelStatusCode = 500
                AND UserAgent NOT LIKE 'fare%' AND TimeGenerated < '2026-11-21 02:00'
            ORDER BY TimeGenerated DESC LIMIT 1"""
        ).fetchall()[0]
    return str(found)


def test_paste_an_id_see_its_features_and_go_back_to_all(visit, failed_id: str) -> None:
    page = visit("/request?endpoint=flight-delay&window=24h")
    expect(page.get_by_role("heading", name="Slow and failed requests")).to_be_visible()
    box = page.get_by_role("textbox", name="Request id")
    box.fill(failed_id)
    box.press("Enter")
    page.wait_for_url(f"**request={failed_id}*")
    expect(page.get_by_role("heading", name="Features sent, and the prediction")).to_be_visible(
        timeout=LONG
    )
    settle(page)
    expect(page.get_by_text(re.compile(r"of 19 features stand out, .*temp"))).to_be_visible(
        timeout=LONG
    )
    expect(page.get_by_text(f"ERROR x-request-id={failed_id}").first).to_be_visible()
    expect(page.get_by_text("features: found")).to_be_visible()
    expect(page.get_by_text("The other side closed a connection").first).to_be_visible()

    page.reload()  # the link is all it takes
    settle(page)
    expect(page.get_by_text(re.compile(r"of 19 features stand out"))).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Choose another").click()
    expect(page.get_by_role("heading", name="Slow and failed requests")).to_be_visible()
    settle(page)
    assert "request=" not in page.url
    assert "window=24h" in page.url


def test_a_click_on_a_dot_opens_its_request(visit) -> None:
    page = visit("/request?endpoint=flight-delay&window=24h")
    points = page.locator(".scatterlayer .point")
    expect(points.first).to_be_visible()
    settle(page)
    box = points.nth(3).bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**request=*", timeout=LONG)
    expect(page.get_by_role("heading", name="Where the time went")).to_be_visible(timeout=LONG)
