"""Pictures that were read once, kept for the next time."""

import hashlib
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from mnistcli.data.cache import cache_folder, store
from mnistcli.data.part import IMAGE_SIZE
from mnistcli.images import Framing, reading_version

_DIGEST_BYTES = hashlib.sha256().digest_size


class PictureCache:
    """The 28x28 images of pictures, by the SHA-256 of the picture's file.

    A file holds the SHA-256 of an image and its pixels. Another version of the reading has
    another folder.
    """

    def __init__(self, framing: Framing) -> None:
        ground = "dark" if framing.dark_background else "light"
        name = f"{reading_version()}-{framing.kind}-{ground}"
        self.folder = cache_folder("pictures") / name

    def get(self, sha256: str) -> NDArray[np.uint8] | None:
        """Return the image of a picture, (28, 28); None if it is not here, or damaged."""
        try:
            content = (self.folder / sha256).read_bytes()
        except OSError:
            return None
        digest, pixels = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if len(pixels) != IMAGE_SIZE**2 or hashlib.sha256(pixels).digest() != digest:
            return None
        return np.frombuffer(pixels, np.uint8).reshape(IMAGE_SIZE, IMAGE_SIZE)

    def put(self, sha256: str, image: NDArray[np.uint8]) -> None:
        """Keep the image of a picture, (28, 28), if there is room for it."""
        pixels = image.tobytes()
        with suppress(OSError):
            store(self.folder / sha256, hashlib.sha256(pixels).digest(), pixels)
