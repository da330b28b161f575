"""Pictures of any kind, read as 28x28 images like those that a network was trained on."""

from mnistcli.images.annotate import Mark, annotate, stack_drawings
from mnistcli.images.cuts import find_cuts, remove_slivers
from mnistcli.images.digits import Digit, make_digit, read_digits
from mnistcli.images.explain import MAX_DRAWINGS, draw_stage, draw_stages, join_drawings
from mnistcli.images.find import (
    PictureFile,
    PictureSelection,
    describe_omissions,
    find_labelled,
    is_hidden,
    leads_to_file,
    names_label,
)
from mnistcli.images.formats import EXPECTED_FORMATS, is_picture
from mnistcli.images.frame import frame_large_mask
from mnistcli.images.framing import Framing, find_framing
from mnistcli.images.ink import measure_ink
from mnistcli.images.read import (
    decode_picture,
    name_error,
    picture_name,
    read_picture,
    read_reduced_picture,
)
from mnistcli.images.reading import MNIST_FRAMING, Reading, frame_digit, frame_mask
from mnistcli.images.row import Row, find_rows
from mnistcli.images.sheet import Sheet, find_sheet
from mnistcli.images.version import reading_version

__all__ = [
    "EXPECTED_FORMATS",
    "MAX_DRAWINGS",
    "MNIST_FRAMING",
    "Digit",
    "Framing",
    "Mark",
    "PictureFile",
    "PictureSelection",
    "Reading",
    "Row",
    "Sheet",
    "annotate",
    "decode_picture",
    "describe_omissions",
    "draw_stage",
    "draw_stages",
    "find_cuts",
    "find_framing",
    "find_labelled",
    "find_rows",
    "find_sheet",
    "frame_digit",
    "frame_large_mask",
    "frame_mask",
    "is_hidden",
    "is_picture",
    "join_drawings",
    "leads_to_file",
    "make_digit",
    "measure_ink",
    "name_error",
    "names_label",
    "picture_name",
    "read_digits",
    "read_picture",
    "read_reduced_picture",
    "reading_version",
    "remove_slivers",
    "stack_drawings",
]
