"""From any picture of one digit, or a row of them, to the 28x28 that MNIST would hold of it."""

from mnistcli.images.explain import draw_stages, encode_stages
from mnistcli.images.find import find_images
from mnistcli.images.ink import measure_ink
from mnistcli.images.margin import remove_margins
from mnistcli.images.read import name_error, picture_name, read_picture
from mnistcli.images.reading import DigitImage, Reading, frame_digit, frame_mask, read_digits
from mnistcli.images.segment import find_cuts, find_row, without_slivers

__all__ = [
    "DigitImage",
    "Reading",
    "draw_stages",
    "encode_stages",
    "find_cuts",
    "find_images",
    "find_row",
    "frame_digit",
    "frame_mask",
    "measure_ink",
    "name_error",
    "picture_name",
    "read_digits",
    "read_picture",
    "remove_margins",
    "without_slivers",
]
