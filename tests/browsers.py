"""Chromium, as the tests of pages drive it; playwright's own browsers are not used."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from commands import PATIENCE_SECONDS
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
# It speaks to nobody but the page; --headless and a new profile are playwright's.
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

# The smallest contrast of any text with what is behind it, with the text.
SMALLEST_CONTRAST = """
() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const parse = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((value) => value / 255).map(
      (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = parse(getComputedStyle(each).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  let smallest = [99, ""];
  for (const element of document.body.querySelectorAll("*")) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3)
      .map((node) => node.textContent.trim()).join("");
    if (!text || element.closest("script, style, .skip") || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const colour = luminance(parse(element.closest("svg") ? style.fill : style.color));
    const ground = luminance(behind(element));
    const [dark, light] = [colour, ground].sort((a, b) => a - b);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < smallest[0]) smallest = [contrast, text];
  }
  return smallest;
}
"""


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start Chromium; skip the test where there is none, but fail in CI."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        message = "there is no Chromium; on Debian: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=list(FLAGS), timeout=1000 * PATIENCE_SECONDS
        )
        yield browser
        browser.close()
