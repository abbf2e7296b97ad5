"""A question of drift asked by hand is answered once: after a reload, and for who opens its link."""

import re
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from docs.make_shots import settle

LONG = 180_000
QUESTION = (
    "/data_drift?endpoint=flight-time&deployment=blue&period=October+2026"
    "&numerical-normalized_wasserstein_distance-robust=0.33"
)


def answer(page: Page) -> list[str]:
    settle(page)
    expect(page.get_by_role("heading", name="Every metric of this feature")).to_be_visible(
        timeout=LONG
    )
    assert page.get_by_text("Not what is chosen").count() == 0
    return page.get_by_test_id("stMetricValue").all_inner_texts()


def test_a_question_of_drift_is_answered_once(
    visit: Callable[[str], Page], browser: Browser, browser_context_args: dict
) -> None:
    page = visit(QUESTION)
    expect(page.get_by_role("spinbutton").first).to_have_value("0.33")
    page.get_by_role("button", name="Run", exact=True).click()
    numbers = answer(page)
    assert re.fullmatch(r"\d+ of \d+", numbers[0])
    link = page.url
    page.reload()
    assert answer(page) == numbers
    other = browser.new_context(**browser_context_args)
    try:
        elsewhere = other.new_page()
        elsewhere.goto(link)
        assert answer(elsewhere) == numbers
        expect(elsewhere.get_by_role("spinbutton").first).to_have_value("0.33")
    finally:
        other.close()
