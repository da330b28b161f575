"""What decides how a picture is read, as one short text."""

import hashlib
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import PIL


@cache
def reading_version() -> str:
    """Return a text that is another one as soon as a picture may be read in another way.

    It is a digest of the code in this folder, which takes 1 ms, and of the versions of the
    libraries that it calls. A number to count up by hand would be forgotten.
    """
    digest = hashlib.sha256(f"{cv2.__version__} {PIL.__version__} {np.__version__}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
