"""The pages of `mnistcli report` in a real browser, Chromium, with the network off."""

import json
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from browsers import SMALLEST_CONTRAST
from commands import invoke
from playwright.sync_api import Browser, Page, expect

from mnistcli.runs import RunDirectory

SCRIPT = "<script>alert(1)</script>"
# A folder's name holds no slash.
NAME = "<img src=x onerror=alert(2)> \"'&{{7*7}}\u202eb"
SHOWN_NAME = NAME.replace("\u202e", "\\u202e")
# Gives the cells of the matrix each of their colours, whichever this run has.
ALL_COLOURS = """
() => {
  const cells = [...document.querySelectorAll(".matrix td[class]")];
  const colours = "none right-0 right-1 right-2 wrong-0 wrong-1 wrong-2 wrong-3 wrong-4";
  colours.split(" ").forEach((colour, i) => { cells[i].className = colour; });
}
"""


@pytest.fixture(scope="module")
def hostile_report(trained_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run whose name, error, paths and config hold HTML."""
    run = RunDirectory(shutil.copytree(trained_run, tmp_path_factory.mktemp("hostile") / NAME))
    document = json.loads(run.record.read_text())
    document["status"] = "failed"
    document["error"] = f"{SCRIPT}\nline two"
    document["command"] = ["mnistcli", "--set", f"'{SCRIPT}\""]
    document["versions"] |= {SCRIPT: SCRIPT}
    document["dataset"]["source"] = f"/tmp/{SCRIPT}"
    document["layers"][0]["name"] = SCRIPT
    run.record.write_text(json.dumps(document))
    run.config.write_text(f"# {SCRIPT} \u202e\n{run.config.read_text()}", encoding="utf-8")
    assert invoke("report", run.path) is None
    return run.path / "report.html"


@pytest.fixture
def problems() -> list[str]:
    """What a page did that no page may do."""
    return []


@pytest.fixture
def page(browser: Browser, hostile_report: Path, problems: list[str]) -> Iterator[Page]:
    """The report, without a network."""
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        page.on("console", lambda message: problems.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on("dialog", lambda dialog: problems.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: problems.append(f"request: {request.url[:80]}"))
        page.goto(hostile_report.as_uri())
        yield page
        own = [f"request: {hostile_report.as_uri()}"[:89], "request: data:image/png"]
        assert [each for each in problems if not each.startswith(tuple(own))] == []


@pytest.mark.parametrize("width", [400, 1200])
def test_the_page_fits_and_holds_nothing_but_text(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.get_by_role("heading", level=1)).to_have_text(SHOWN_NAME)
    assert page.title() == f"{SHOWN_NAME}: a run of mnistcli"
    for place in (".error pre", ".environment", ".code", "#layers ~ div"):
        assert SCRIPT in page.locator(place).inner_text()
    assert page.locator("script").count() == 3  # of the page, and the values of two charts
    heights = (
        "[...document.querySelectorAll('svg text')].map(e => e.getBoundingClientRect().height)"
    )
    assert min(page.evaluate(heights)) >= 11  # of a line: letters of 9.5 pixels


def test_values_by_pointer_and_by_keys(page: Page) -> None:
    chart = page.locator(".plot").last
    tip, cross = chart.locator(".tip"), chart.locator(".cross")
    expect(tip).to_be_hidden()
    expect(cross).to_have_css("display", "none")
    training, validation = (
        page.locator(".chart").nth(1).locator("tbody tr").first.locator("td").all()
    )
    values = [f"training {training.text_content()}", f"validation {validation.text_content()}"]
    chart.locator("svg").hover(position={"x": 50, "y": 100})
    expect(tip.locator("span")).to_have_text(["epoch 1", *values])
    page.mouse.move(0, 0)
    expect(tip).to_be_hidden()
    chart.focus()
    page.keyboard.press("End")
    expect(tip.locator("span").first).to_have_text("epoch 30")
    page.keyboard.press("ArrowLeft")
    expect(tip.locator("span").first).to_have_text("epoch 29")
    assert str(chart.get_attribute("aria-valuetext")).startswith("epoch 29, training ")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.locator(".plot").first.focus()  # shows its values
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(paper[4:].split(",")[0]) < 40) == (scheme == "dark")
    page.evaluate(ALL_COLOURS)
    contrast, text = page.evaluate(SMALLEST_CONTRAST)
    assert contrast >= 4.5, text  # WCAG 2.2, level AA


def test_structure_for_those_who_cannot_see_it(page: Page) -> None:
    images = page.locator("img")
    assert images.count() > 10
    assert page.evaluate("[...document.images].every(e => e.alt && e.complete && e.naturalWidth)")
    levels = page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3')].map(e => Number(e.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(level <= before + 1 for before, level in pairwise(levels))
    assert page.evaluate("[...document.querySelectorAll('th')].every(e => e.scope)")
    assert page.evaluate(
        "[...document.querySelectorAll('svg:not([aria-hidden])')].every(e => e.ariaLabel)"
    )
    for link in page.locator("nav a").all():
        assert page.locator(str(link.get_attribute("href"))).count() == 1
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()


def test_paper_is_white_and_has_all_values(page: Page) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    expect(page.locator("nav")).to_be_hidden()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("details table").first).to_be_visible()
    assert page.pdf().startswith(b"%PDF")


def test_a_comparison_fits_too(page: Page, hostile_report: Path, trained_run: Path) -> None:
    run, out = hostile_report.parent, hostile_report.with_name("report.html.comparison.html")
    assert invoke("report", run, trained_run, "--out", out, "--force") is None
    page.set_viewport_size({"width": 400, "height": 900})
    page.goto(out.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert SHOWN_NAME in page.locator(".lead").inner_text()
    assert SCRIPT in page.locator(".error pre").inner_text()
    page.locator(".plot").first.focus()
    expect(page.locator(".tip").first).to_contain_text(SHOWN_NAME)
