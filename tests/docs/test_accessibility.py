"""What a browser shows of every page: axe-core finds nothing serious, a phone does not scroll
sideways, the keyboard reaches what the pointer does, and nothing is asked of another host."""

import shutil

import pytest

from bitsim.cli import main

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = [
    "--no-sandbox",  # root has none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SWEEP = """name = "widths"
accelerator = "dot_16x40"
network = "addition"
context = 16
[grid]
"array.columns" = [8, 16, 512]
"memory.peak_gb_per_s" = [12.8, 25.6]
"""

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """A run's page and a sweep's, with designs on the front, beaten and refused."""
    folder = tmp_path_factory.mktemp("reports")
    (folder / "widths.toml").write_text(SWEEP)
    assert main(["run", "--prompt", "2+2=", "--out", str(folder)]) == 0
    assert main(["explore", str(folder / "widths.toml"), "--out", str(folder)]) == 0
    return [folder / "report.html", folder / "widths.html"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_serious_and_no_page_is_wider_than_its_screen(
    browser, pages, reports, width, scheme
):
    from axe_playwright_python.sync_playwright import Axe

    faults, asked = [], []
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    context.on("request", lambda request: asked.append(request.url))
    documents = sorted(pages.rglob("*.html"))
    assert {"index", "api", "fields", "glossary"} <= {path.stem for path in documents}
    for path in (*documents, *reports):
        page = context.new_page()
        page.goto(path.as_uri())
        faults += [
            (path.name, found["id"], found["nodes"][0]["html"][:200])
            for found in Axe().run(page).response["violations"]
            if found["impact"] in ("serious", "critical")
        ]
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        faults += [(path.name, "wider than the screen", "")] * wide
        page.close()
    context.close()
    assert faults == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_axe_and_the_width_find_what_is_wrong(browser):
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.set_content('<!doctype html><html lang="en"><p style="width:900px"><img src="a.png">')
    found = {each["id"]: each["impact"] for each in Axe().run(page).response["violations"]}
    assert found["image-alt"] == "critical"
    assert page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.close()


def test_the_keyboard_goes_through_the_parts_of_a_picture_and_sorts_a_table(browser, reports):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(reports[0].as_uri())
    tip = page.locator("#tip")
    page.locator(".figure-machine svg").focus()
    page.keyboard.press("ArrowRight")
    assert tip.inner_text().startswith("DMA weights: ")
    page.keyboard.press("Home")
    assert tip.inner_text().startswith("DRAM: ")
    page.keyboard.press("Escape")
    assert tip.is_hidden()
    block = page.locator(".timeline").last.locator(".plot").first
    block.focus()
    page.keyboard.press("ArrowRight")
    assert "cycles" in tip.inner_text()
    page.goto(reports[1].as_uri())
    head = page.locator("th", has=page.get_by_role("button", name="tokens/s"))
    head.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    speeds = [
        float(text)
        for text in page.locator("#designs td:nth-child(4)").evaluate_all(
            "cells => cells.map((cell) => cell.dataset.value)"
        )
    ]
    assert speeds == sorted(speeds)
    assert len(speeds) > 1
    page.close()


def test_a_finger_gets_the_tooltip(browser, reports):
    context = browser.new_context(viewport={"width": 390, "height": 900}, has_touch=True)
    page = context.new_page()
    page.goto(reports[0].as_uri())
    page.locator(".figure-machine g[data-tip]").first.tap()
    assert page.locator("#tip").inner_text().startswith("DRAM: ")
    context.close()
