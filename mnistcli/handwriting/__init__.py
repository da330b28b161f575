"""Digits in many hands, and what is no digit, drawn as strokes of a pen."""

from mnistcli.handwriting.digits import draw_digit
from mnistcli.handwriting.others import draw_other
from mnistcli.handwriting.pen import draw
from mnistcli.handwriting.strokes import vary

__all__ = ["draw", "draw_digit", "draw_other", "vary"]
