"""Arrays in the memory layout that TensorFlow can share."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

ALIGNMENT = 64  # bytes, that the widest registers load at once


def align(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Return integers of 0 to 255 as bytes, contiguous, writable, from a multiple of 64 bytes on.

    An array that is that already is returned itself.
    """
    is_plain = array.dtype == np.uint8 and array.flags.c_contiguous and array.flags.writeable
    if is_plain and array.ctypes.data % ALIGNMENT == 0:
        return array
    buffer = np.empty(array.size + ALIGNMENT, np.uint8)
    start = -buffer.ctypes.data % ALIGNMENT
    aligned = buffer[start : start + array.size].reshape(array.shape)
    aligned[...] = array
    return aligned
