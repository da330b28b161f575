"""From any picture to the 28x28 that the network's data set would hold of it."""

from mnistcli.images.digits import Digit, read_digits
from mnistcli.images.explain import MAX_DRAWINGS, draw_stages, join_drawings
from mnistcli.images.find import FoundPictures, PictureFile, describe_left_out, find_images
from mnistcli.images.formats import EXPECTED_FORMATS
from mnistcli.images.framing import Framing, find_framing
from mnistcli.images.ink import measure_ink
from mnistcli.images.margin import remove_margins
from mnistcli.images.read import name_error, picture_name, read_picture
from mnistcli.images.reading import MNIST_FRAMING, Reading, frame_digit, frame_mask
from mnistcli.images.segment import find_cuts, find_row, without_slivers

__all__ = [
    "EXPECTED_FORMATS",
    "MAX_DRAWINGS",
    "MNIST_FRAMING",
    "Digit",
    "FoundPictures",
    "Framing",
    "PictureFile",
    "Reading",
    "describe_left_out",
    "draw_stages",
    "find_cuts",
    "find_framing",
    "find_images",
    "find_row",
    "frame_digit",
    "frame_mask",
    "join_drawings",
    "measure_ink",
    "name_error",
    "picture_name",
    "read_digits",
    "read_picture",
    "remove_margins",
    "without_slivers",
]
