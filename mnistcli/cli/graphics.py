"""Pictures in terminals that can show them: by Kitty's, iTerm2's or the Sixel protocol.

https://sw.kovidgoyal.net/kitty/graphics-protocol, https://iterm2.com/documentation-images.html,
https://vt100.net/docs/vt3xx-gp/chapter14.html
"""

import base64
import io
import os
import re
import select
import sys
import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

KITTY_CHUNK = 4096  # bytes, the most that the protocol allows
SIXEL_COLOURS = 128
SIXEL_ROWS = 6  # pixels of a character
COLUMN_PIXELS = 8  # where the terminal does not tell
ANSWER_SECONDS = 0.3
_KITTY_PROGRAMS = ("ghostty", "kitty")
_ITERM_PROGRAMS = ("iTerm.app", "WezTerm", "mintty")
Encode = Callable[[NDArray[np.uint8], int], str]


def find_encoder(environment: Mapping[str, str] = os.environ) -> Encode | None:
    """Return what turns a picture (H, W, 3) into a text that this terminal shows as the picture.

    Its second argument is the width, in columns. None if stdout is no terminal, or one without
    pictures.
    """
    if not sys.stdout.isatty():
        return None
    # A multiplexer keeps the variables of the terminal around it, and does not hand pictures on.
    if not environment.get("TMUX") and not environment.get("TERM", "").startswith("screen"):
        program = environment.get("TERM_PROGRAM", "")
        if environment.get("TERM") == "xterm-kitty" or program in _KITTY_PROGRAMS:
            return encode_kitty
        if program in _ITERM_PROGRAMS or environment.get("LC_TERMINAL") == "iTerm2":
            return encode_iterm
    return encode_sixel if _has_sixel() else None


def encode_kitty(picture: NDArray[np.uint8], columns: int) -> str:
    """Return a picture for Kitty."""
    data = base64.b64encode(_to_png(picture)).decode()
    chunks = [data[start : start + KITTY_CHUNK] for start in range(0, len(data), KITTY_CHUNK)]
    parts = []
    for place, chunk in enumerate(chunks):
        control = f"a=T,f=100,q=2,c={columns}," if place == 0 else ""
        more = int(place < len(chunks) - 1)
        parts.append(f"\x1b_G{control}m={more};{chunk}\x1b\\")
    return "".join(parts)


def encode_iterm(picture: NDArray[np.uint8], columns: int) -> str:
    """Return a picture for iTerm2."""
    data = _to_png(picture)
    control = f"inline=1;size={len(data)};width={columns};preserveAspectRatio=1"
    return f"\x1b]1337;File={control}:{base64.b64encode(data).decode()}\a"


def encode_sixel(picture: NDArray[np.uint8], columns: int) -> str:
    """Return a picture as sixels: columns of six pixels, colour by colour."""
    width = columns * _column_pixels()
    height = round(len(picture) * width / picture.shape[1])
    small = Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS)
    indexed = small.quantize(SIXEL_COLOURS, dither=Image.Dither.NONE)
    palette = np.array(indexed.getpalette(), np.float64).reshape(-1, 3) / 255 * 100
    colours = [f"#{i};2;{r:.0f};{g:.0f};{b:.0f}" for i, (r, g, b) in enumerate(palette)]
    pixels = np.asarray(indexed)
    bands = [_encode_band(pixels[top : top + SIXEL_ROWS]) for top in range(0, height, SIXEL_ROWS)]
    return f'\x1bP0;1q"1;1;{width};{height}{"".join(colours)}{"-".join(bands)}\x1b\\'


def _encode_band(band: NDArray[np.uint8]) -> str:
    """Return up to six rows of pixels: for each of their colours a line over those before."""
    weights = 1 << np.arange(len(band))[:, np.newaxis]
    lines = []
    for colour in np.unique(band):
        sixels = ((band == colour) * weights).sum(axis=0)  # (W,)
        text = "".join(map(chr, (sixels + 63).tolist()))
        text = re.sub(r"(.)\1{3,}", lambda match: f"!{len(match[0])}{match[1]}", text)
        lines.append(f"#{colour}{text}")
    return "$".join(lines)


def _to_png(picture: NDArray[np.uint8]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()


def _column_pixels() -> int:
    """Return the width of a column in pixels."""
    try:
        import fcntl
        import struct
        import termios

        size = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, bytes(8))
        _, columns, width, _ = struct.unpack("HHHH", size)
        return width // columns or COLUMN_PIXELS
    except (ImportError, OSError, ZeroDivisionError):  # Windows; a terminal of unknown size
        return COLUMN_PIXELS


def _has_sixel() -> bool:
    """Ask the terminal what it is (DA1); it has Sixel if 4 is among its answers."""
    try:
        import termios
        import tty
    except ImportError:  # Windows
        return False
    if not sys.stdin.isatty():
        return False
    descriptor = sys.stdin.fileno()
    settings = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor, termios.TCSANOW)
        sys.stdout.write("\x1b[c")
        sys.stdout.flush()
        answer = _read_answer(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, settings)
    match = re.search(rb"\x1b\[\?([\d;]*)c", answer)
    return match is not None and b"4" in match[1].split(b";")[1:]


def _read_answer(descriptor: int) -> bytes:
    """Return what a terminal answers, up to its last letter; empty after a while."""
    answer, end = b"", time.monotonic() + ANSWER_SECONDS
    while not answer.endswith(b"c") and (seconds := end - time.monotonic()) > 0:
        if select.select([descriptor], [], [], seconds)[0]:
            answer += os.read(descriptor, 64)
    return answer
