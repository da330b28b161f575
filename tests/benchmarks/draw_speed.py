"""How soon the page of `mnistcli draw` is there, and how soon it answers a stroke.

    python tests/benchmarks/draw_speed.py [--repeats N]

A stroke's answer is timed inside the page: from the end of the stroke to the moment at which the
answer is shown. It needs Chromium, as the tests of the page do.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, expect

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.readme import describe_machine
from browsers import open_browser
from draw_server import page_server

# Times the answers: a change of the paper marks the answer as busy until it is there.
WATCH = """() => {
  const answer = document.querySelector(".answer");
  window.seconds = [];
  let ended = 0;
  addEventListener("pointerup", () => { ended = performance.now(); }, true);
  new MutationObserver(() => {
    if (ended && answer.getAttribute("aria-busy") === "false") {
      window.seconds.push((performance.now() - ended) / 1000);
      ended = 0;
    }
  }).observe(answer, {attributes: true, attributeFilter: ["aria-busy"]});
}"""


def time_strokes(page: Page, address: str, count: int) -> list[float]:
    """Return the seconds from the end of each stroke to its answer."""
    page.goto(address)
    page.evaluate(WATCH)
    box = page.locator("#paper").bounding_box()
    assert box
    for number in range(count):
        x = box["x"] + box["width"] * (0.3 + 0.4 * number / count)
        page.mouse.move(x, box["y"] + box["height"] * 0.2)
        page.mouse.down()
        page.mouse.move(x + 10, box["y"] + box["height"] * 0.8, steps=20)
        page.mouse.up()
        expect(page.locator(".answer")).to_have_attribute("aria-busy", "false")
        page.wait_for_timeout(300)
    return [float(each) for each in page.evaluate("window.seconds")]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=20, help="strokes")
    repeats = parser.parse_args().repeats
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, page_server(Path(folder)) as server:
        ready = time.perf_counter() - started
        with open_browser() as browser:
            seconds = time_strokes(browser.new_page(), server.address, repeats)
    median, slowest = statistics.median(seconds), max(seconds)
    print(f"from the command to its page: {ready:.2f} s")
    print(
        f"from a stroke to its answer: median {median:.3f} s, slowest of {repeats} {slowest:.3f} s"
    )
    print(describe_machine())


if __name__ == "__main__":
    main()
