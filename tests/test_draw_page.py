"""The page of `mnistcli draw` in a real browser: drawn on by mouse, touch, pen and keys."""

import base64
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsers import SMALLEST_CONTRAST
from commands import run_in_process
from draw_server import PageServer, Points, page_server, trace
from drawings import draw_five, encode
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from mnistcli.data import MNIST_DATA_DIR, load_dataset
from mnistcli.images import Digit, read_picture
from mnistcli.recognition import open_lite_recognizer
from mnistcli.runs import builtin_run

OpenPage = Callable[..., Page]
EMPTY = "\u2013"  # in place of an answer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    with page_server(tmp_path_factory.mktemp("draw")) as server:
        yield server


@pytest.fixture
def open_page(browser: Browser, server: PageServer) -> Iterator[OpenPage]:
    """Opens the page in a new context; it must log nothing, and ask nobody else."""
    problems: list[str] = []
    contexts: list[BrowserContext] = []

    def open_page(**options: Any) -> Page:
        context = browser.new_context(**{"locale": "en-US"} | options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on("request", lambda request: _note_request(request.url, server, problems))
        page.goto(server.address)
        expect(page.locator("#run option").first).to_be_attached()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def _note_request(url: str, server: PageServer, problems: list[str]) -> None:
    if not url.startswith(server.address):
        problems.append(f"request: {url[:80]}")


def read_page(page: Page) -> tuple[str, str]:
    """What the page says, once it has read all that is drawn."""
    expect(page.locator(".answer")).to_have_attribute("aria-busy", "false")
    return page.locator("#digit").inner_text(), page.locator("#reason").inner_text()


def place(page: Page, strokes: list[Points], share: float, left: float, top: float) -> list[Points]:
    """The strokes of an image of 28x28, where they are on the page: shares of the paper's size."""
    page.locator("#paper").scroll_into_view_if_needed()
    box = page.locator("#paper").bounding_box()
    assert box
    scale = share * box["height"] / 28
    x, y = box["x"] + left * box["width"], box["y"] + top * box["height"]
    return [[(x + right * scale, y + down * scale) for right, down in each] for each in strokes]


def draw(page: Page, strokes: list[Points]) -> None:
    for first, *rest in strokes:
        page.mouse.move(*first)
        page.mouse.down()
        for point in rest:
            page.mouse.move(*point)
        page.mouse.up()


def set_pen(page: Page, width: int) -> None:
    page.locator("#pen").fill(str(width))


FIVE = [[(x * 0.28, y * 0.28) for x, y in ((75, 5), (30, 5), (27, 45), (55, 40), (75, 60))]]
FIVE[0] += [(65 * 0.28, 90 * 0.28), (20 * 0.28, 85 * 0.28)]


def choose_digits() -> list[NDArray[np.uint8]]:
    """The first test digit of each class that the built-in network is sure of."""
    data = load_dataset("mnist" if os.environ.get(MNIST_DATA_DIR) else "digits")
    run = builtin_run()
    images, labels = data.test_images[:300], data.test_labels[:300]
    recognizer = open_lite_recognizer(run)
    predictions = recognizer.predict([Digit("", image) for image in images])
    return [
        next(
            image
            for image, label, prediction in zip(images, labels, predictions, strict=True)
            if label == prediction.digit == digit and prediction.confidence > 0.999
        )
        for digit in range(10)
    ]


def test_ten_digits_of_any_size_at_any_place(open_page: OpenPage) -> None:
    page = open_page()
    for digit, image in enumerate(choose_digits()):
        share = (0.95, 0.5, 0.25)[digit % 3]
        left, top = (0.02, 0.35, 0.7)[digit % 3], (0.0, 0.3, 0.7)[digit // 3 % 3] * (1 - share)
        set_pen(page, round(share * 420 / 28 * 2.2 / 4) * 4)
        draw(page, place(page, trace(image), share, left, top))
        assert (digit, read_page(page)[0]) == (digit, str(digit))
        page.locator("#clear").click()


def test_what_is_drawn_is_saved_and_predict_reads_the_file_alike(
    open_page: OpenPage, server: PageServer, tmp_path: Path
) -> None:
    page = open_page()
    page.locator("#teach > summary").click()
    expect(page.locator("#teach-body")).to_contain_text("No pictures in mine yet.")
    draw(page, place(page, FIVE, 0.5, 0.6, 0.1))
    shown = read_page(page)
    with page.expect_response("**/api/drawings*") as response:
        page.locator("[data-digit='5']").click()
    path = server.folder / response.value.json()["saved"]
    expect(page.locator("#teach-body [role=status]")).to_have_text(f"Saved as mine/5/{path.name}.")
    expect(page.locator("#teach-body")).to_contain_text("Pictures in mine: 1")
    expect(page.locator("#teach-body code")).to_contain_text(
        'data.extra=[{path: "mine", repeat: 20}]'
    )
    done = run_in_process("predict", path, "--json", "--run", "builtin", folder=tmp_path)
    (prediction,) = json.loads(done.stdout)["predictions"]
    assert shown == (str(prediction["digit"]), "")
    shown_bars = [
        float(bar.get_attribute("data-probability") or 0) for bar in page.locator("#bars li").all()
    ]
    assert shown_bars == prediction["probabilities"]


def test_what_is_saved_is_what_is_on_the_paper(open_page: OpenPage, server: PageServer) -> None:
    page = open_page()
    for panel in ("reasons", "teach"):
        page.locator(f"#{panel} > summary").click()
    draw(page, place(page, [[(14.0, 2.0), (14.0, 26.0)]], 0.5, 0.3, 0.2))
    read_page(page)
    with page.expect_response("**/api/drawings?*label=*") as response:
        page.evaluate(  # a click before the last stroke has been read
            """() => {
              const event = (key) => new KeyboardEvent("keydown", {key, bubbles: true});
              for (const key of [" ", ...Array(20).fill("ArrowRight"), " "]) {
                document.getElementById("paper").dispatchEvent(event(key));
              }
              document.querySelector("[data-digit='4']").click();
            }"""
        )
    saved = read_picture(server.folder / response.value.json()["saved"])
    url = page.evaluate("document.getElementById('paper').toDataURL()")
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as shown:
        assert np.array_equal(saved, np.asarray(shown.convert("RGB")))
    read_page(page)
    expect(page.locator("#teach-body [role=status]")).to_contain_text("Saved as mine/4/")


def test_pictures_by_choice_paste_and_drop(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page()
    path = tmp_path / "five.png"
    path.write_bytes(encode(draw_five()))
    page.locator("#file").set_input_files(path)
    expect(page.locator("#digit")).to_have_text("5")
    page.locator("#undo").click()
    expect(page.locator("#digit")).to_have_text(EMPTY)
    content = base64.b64encode(path.read_bytes()).decode()
    for kind in ("paste", "drop"):
        page.evaluate(
            """async ([kind, content]) => {
              const bytes = Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
              const data = new DataTransfer();
              data.items.add(new File([bytes], "five.png", {type: "image/png"}));
              const name = kind === "paste" ? "clipboardData" : "dataTransfer";
              const type = kind === "paste" ? ClipboardEvent : DragEvent;
              document.body.dispatchEvent(
                new type(kind, {[name]: data, bubbles: true, cancelable: true}));
            }""",
            [kind, content],
        )
        expect(page.locator("#digit")).to_have_text("5")
        page.keyboard.press("Delete")
        expect(page.locator("#digit")).to_have_text(EMPTY)
    path.write_bytes(b"no picture")
    page.locator("#file").set_input_files(path)
    expect(page.locator("#reason")).to_contain_text("not a picture that can be read")
    draw(page, place(page, FIVE, 0.8, 0.3, 0.1))  # takes the picture's place
    assert read_page(page) == ("5", "")


def test_two_pages_at_once(open_page: OpenPage) -> None:
    pages = [open_page(), open_page()]
    one = [[(14.0, 2.0), (14.0, 26.0)]]
    for page, strokes in zip(pages, (FIVE, one), strict=True):
        page.locator("#layers > summary").click()
        draw(page, place(page, strokes, 0.7, 0.3, 0.1))
    assert [read_page(page) for page in pages] == [("5", ""), ("1", "")]


def test_several_digits(open_page: OpenPage) -> None:
    page = open_page()
    for left in (0.05, 0.5):
        draw(page, place(page, FIVE, 0.5, left, 0.2))
    assert read_page(page)[1].startswith("There seem to be several digits")
    page.get_by_role("switch").focus()
    page.keyboard.press("Space")
    expect(page.locator("#digit")).to_have_text("55")
    assert [box.inner_text() for box in page.locator(".box").all()] == ["5", "5"]
    first = page.locator(".box").first.bounding_box()
    paper = page.locator("#paper").bounding_box()
    assert first
    assert paper
    assert abs(first["x"] - paper["x"] - 0.05 * paper["width"]) < 0.15 * paper["width"]
    expect(page.locator("#closer")).to_be_hidden()


def test_touch_and_pen(open_page: OpenPage) -> None:
    page = open_page(has_touch=True, viewport={"width": 360, "height": 800})
    session = page.context.new_cdp_session(page)
    (stroke,) = place(page, FIVE, 0.8, 0.2, 0.1)
    for kind, (x, y) in zip(("touchStart", *["touchMove"] * 9), stroke, strict=False):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert read_page(page) == ("5", "")
    assert page.evaluate("scrollY") == 0
    ink = "[...paper.getContext('2d').getImageData(0, 0, 560, 420).data].filter((v) => !v).length"
    areas = []
    for force in (0.1, 1):
        page.keyboard.press("Delete")
        for kind, (x, y) in zip(("mousePressed", *["mouseMoved"] * 9), stroke, strict=False):
            pointer = {"button": "left", "buttons": 1, "clickCount": 1, "pointerType": "pen"}
            event = {"type": kind, "x": x, "y": y, "force": force}
            session.send("Input.dispatchMouseEvent", event | pointer)
        session.send("Input.dispatchMouseEvent", {**event, "type": "mouseReleased", **pointer})
        assert read_page(page)[0] == "5"
        areas.append(page.evaluate(ink))
    assert areas[1] > 1.5 * areas[0]


def test_keys_alone(open_page: OpenPage) -> None:
    page = open_page()
    page.locator("#paper").focus()
    page.keyboard.press("Space")
    for _ in range(24):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert read_page(page) == ("1", "")
    expect(page.locator("#spoken")).to_contain_text("1, ")
    page.keyboard.press("Control+z")
    assert read_page(page) == (EMPTY, "")
    page.locator("body").press("]")
    assert page.locator("#pen").input_value() == "32"
    focused = []
    page.locator("#language").focus()
    for _ in range(9):
        page.keyboard.press("Tab")
        focused.append(page.evaluate("document.activeElement.id"))
        outline = page.evaluate(
            "[document.activeElement, document.activeElement.nextElementSibling,"
            " document.activeElement.previousElementSibling]"
            ".some((e) => e && getComputedStyle(e).outlineStyle === 'solid')"
        )
        assert outline, focused[-1]
    assert focused[:2] == ["theme", "paper"]
    assert {"pen", "file", "several"} < set(focused)


def test_how_a_unit_is_computed(open_page: OpenPage) -> None:
    page = open_page()
    draw(page, place(page, FIVE, 0.8, 0.3, 0.1))
    for panel in ("stages", "reasons", "layers"):
        page.locator(f"#{panel} > summary").click()
    titles = page.locator(".layers h3")
    expect(titles).to_have_count(6)
    expect(titles.first).to_have_text("Conv2D → BatchNormalization → ReLU")
    page.locator(".maps canvas").first.hover(position={"x": 16, "y": 16})
    unit = page.locator(".unit")
    expect(unit.locator("h3")).to_have_text("Map 0, row 5, column 5")
    expect(unit.locator("tbody tr")).to_have_count(1)
    page.locator(".maps canvas").last.focus()
    page.keyboard.press("ArrowRight")
    expect(unit.locator("h3")).to_have_text("Unit 1")
    expect(unit.locator("tbody tr")).to_have_count(8)
    expect(unit.locator("tfoot tr")).to_have_count(3)
    expect(page.locator("#stages figure")).to_have_count(6)
    page.locator("#reasons").get_by_role("button", name="3").click()
    expect(page.locator("#reasons .legend")).to_have_text("for 3against 3")


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (800, "light"), (1400, "dark")])
def test_the_page_fits_and_can_be_read(open_page: OpenPage, width: int, scheme: str) -> None:
    page = open_page(viewport={"width": width, "height": 900}, color_scheme=scheme, locale="ko-KR")
    for left in (0.05, 0.5):
        draw(page, place(page, FIVE, 0.5, left, 0.2))
    for panel in ("stages", "reasons", "layers", "teach"):
        page.locator(f"#{panel} > summary").click()
    read_page(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.locator("#clear")).to_have_text("지우기")
    contrast, text = page.evaluate(SMALLEST_CONTRAST)
    assert contrast >= 4.5, text  # WCAG 2.2, level AA
    page.locator("#language").select_option("en")
    expect(page.locator("#clear")).to_have_text("Clear")
    texts = page.evaluate(
        """async () => {
          const {TEXTS} = await import("/files/texts.js");
          const keys = (texts) => Object.entries(texts).flatMap(([key, value]) =>
            typeof value === "string" ? [key] : key === "stageNames" ? [] : keys(value));
          return Object.values(TEXTS).map((texts) => keys(texts).join());
        }"""
    )
    assert texts[0] == texts[1]
    names = "[...document.querySelectorAll('button, input, select, canvas')].filter("
    names += "(e) => !(e.ariaLabel || e.textContent.trim() || e.labels?.length))"
    assert page.evaluate(f"{names}.length") == 0
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
