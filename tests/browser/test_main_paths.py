"""The main paths, clicked: from the overview to a feature, and two files of the reader's own."""

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from playwright.sync_api import expect

from docs.make_shots import settle


def test_from_the_overview_to_the_drift_of_a_feature_and_back(visit) -> None:
    page = visit("/overview?window=30d")
    first = page.get_by_role("heading", level=3).first.inner_text().split(" / ")[0]
    page.get_by_role("button", name="Open performance").first.click()
    page.wait_for_url("**/performance*")
    settle(page)
    page.get_by_role("link", name="Data drift").click()
    page.wait_for_url("**/data_drift*")
    settle(page)
    expect(page.get_by_role("combobox", name="Endpoint")).to_have_value(first)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("heading", name="Features by day")).to_be_visible(timeout=60_000)
    settle(page)
    box = page.get_by_role("combobox", name="Feature", exact=True)
    worst = box.input_value()
    options = page.get_by_role("option")
    for _ in range(
        5
    ):  # by keyboard, as everything must be; a page still being drawn closes the list
        box.press("ArrowDown")
        if options.first.is_visible():
            break
        page.wait_for_timeout(1000)
    expect(options.first).to_be_visible()
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).not_to_have_value(worst)
    feature = box.input_value()
    page.wait_for_url(f"**feature={feature}*")
    settle(page)
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    link = page.url
    page.go_back()
    settle(page)
    page.goto(link)
    overlay = page.get_by_role("heading", name="Reference and production")
    expect(overlay).to_be_visible(timeout=60_000)
    expect(box).to_have_value(feature)


def test_results_can_be_downloaded(visit) -> None:
    page = visit("/data_drift?endpoint=flight-time&feature=distance")
    expect(page.get_by_role("heading", name="All numbers")).to_be_visible(timeout=60_000)
    settle(page)
    with page.expect_download() as caught:
        page.get_by_role("button", name=re.compile("JSON, whole window")).click()
    assert caught.value.suggested_filename.endswith(".json")


def test_two_uploaded_files_are_compared(visit, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    for name, shift in (("before", 0.0), ("after", 1.0)):
        columns = {"amount": random.normal(shift, 1, 800), "city": random.choice(["a", "b"], 800)}
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    page = visit("/your_own_files")
    inputs = page.locator('input[type="file"]')
    inputs.nth(0).set_input_files(tmp_path / "before.parquet")
    settle(page)
    inputs.nth(1).set_input_files(tmp_path / "after.parquet")
    settle(page)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("1 of 2", exact=True)).to_be_visible(timeout=60_000)
    expect(page.get_by_role("combobox", name="Feature", exact=True)).to_have_value("amount")


def test_a_run_can_be_cancelled(visit) -> None:
    # Azure ML's mode reads every row again for each of 90 days: long enough to change one's mind.
    page = visit("/data_drift?endpoint=flight-delay&window=90d&mode=As+Azure+ML")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("button", name="Cancel", exact=True).click(timeout=30_000)
    expect(page.get_by_text("Stopped before anything was finished.")).to_be_visible(timeout=30_000)
    settle(page)
