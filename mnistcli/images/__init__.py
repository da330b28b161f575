"""From any picture of one digit to the 28x28 that MNIST would hold of it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnistcli.errors import ImageError
from mnistcli.images.find import find_images
from mnistcli.images.frame import to_mnist
from mnistcli.images.read import read_grey

__all__ = ["find_images", "read_digit", "read_grey", "to_mnist"]


def read_digit(path: Path) -> NDArray[np.uint8]:
    """Reads a picture of one digit as MNIST would hold it.

    Returns:
        (28, 28) uint8, 0 the background and 255 the ink.

    Raises:
        ImageError: the file cannot be read as a picture, or shows nothing; names the file.
    """
    grey = read_grey(path)
    try:
        return to_mnist(grey)
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from None
