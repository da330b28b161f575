"""Pictures in terminals: what a terminal gets, and which terminal gets it."""

import os
import re

import numpy as np
import pytest

from mnistcli.cli import graphics

WITH_SIXEL, WITHOUT = b"\x1b[?62;4;22c", b"\x1b[?62;22c"


@pytest.mark.parametrize(
    ("environment", "answer", "encoder"),
    [
        ({"TERM": "xterm-kitty"}, None, graphics.encode_kitty),
        ({"TERM_PROGRAM": "iTerm.app"}, None, graphics.encode_iterm),
        ({"TERM": "foot"}, WITH_SIXEL, graphics.encode_sixel),
        ({"TERM": "xterm-256color"}, WITHOUT, None),
        # Inside tmux, which hands nothing on, and keeps the variables of the terminal around it.
        ({"TERM": "tmux", "TERM_PROGRAM": "iTerm.app", "TMUX": "1"}, WITHOUT, None),
    ],
)
def test_a_terminal_gets_what_it_understands(
    environment: dict[str, str],
    answer: bytes | None,
    encoder: graphics.Encode | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pty = pytest.importorskip("pty")
    terminal, end = pty.openpty()
    with os.fdopen(end, "r+b", buffering=0) as stdin, os.fdopen(os.dup(end), "w") as stdout:
        monkeypatch.setattr("sys.stdin", stdin)
        monkeypatch.setattr("sys.stdout", stdout)
        if answer:
            os.write(terminal, answer)
        assert graphics.find_encoder(environment) is encoder
    os.close(terminal)


def test_no_terminal_gets_no_picture() -> None:
    assert graphics.find_encoder({"TERM": "xterm-kitty"}) is None


def test_sixels_are_the_picture() -> None:
    picture = np.zeros((13, 8, 3), np.uint8)
    picture[:5, :, 0] = picture[5:, 3:, 2] = 255
    text = graphics.encode_sixel(picture, 1)  # of eight pixels
    assert np.array_equal(decode_sixel(text), picture)


def decode_sixel(text: str) -> np.ndarray:
    """The pixels of sixels (H, W, 3) as the manual of the VT330 describes them."""
    head = re.fullmatch(r'\x1bP0;1q"1;1;(\d+);(\d+)(.*)\x1b\\', text, re.DOTALL)
    assert head
    width, height = int(head[1]), int(head[2])
    picture = np.zeros((height + 6, width, 3), np.uint8)
    palette: dict[str, list[int]] = {}
    colour, x, y = "", 0, 0
    tokens = r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|(?:!(\d+))?([?-~])|([$-])"
    for number, red, green, blue, count, sixel, end in re.findall(tokens, head[3]):
        if red:
            palette[number] = [round(int(share) * 2.55) for share in (red, green, blue)]
        elif number:
            colour = number
        elif end:
            x, y = 0, y + 6 * (end == "-")
        else:
            stop = x + int(count or 1)
            rows = [row for row in range(6) if ord(sixel) - 63 >> row & 1]
            for row in rows:
                picture[y + row, x:stop] = palette[colour]
            x = stop
    return picture[:height]
