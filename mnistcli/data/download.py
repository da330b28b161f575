"""The download of MNIST's files from public mirrors.

It uses `requests`, which TensorFlow installs. A library that keeps a cache of downloads, such
as pooch, verifies and stores the compressed file. Here the uncompressed file is verified and
stored: its SHA-256 is the same for every mirror, and it loads faster.
"""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mnistcli.data.idx import parse_idx
from mnistcli.errors import DataError

MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
ROUNDS = 2
CONNECT_TIMEOUT_SECONDS = 5
READ_TIMEOUT_SECONDS = 30
# A firewall that drops packets costs the connect time-out for each address of a mirror, and
# a mirror may have sixteen. No new attempt begins after this time.
GIVE_UP_SECONDS = 60

# Called with the file's name, the bytes so far and the total bytes (0 if the server does not
# say). The bytes so far begin again at 0 when a file is tried again.
ProgressCallback = Callable[[str, int, int], None]


class DownloadError(DataError):
    """No mirror has a file; `reasons` has a line for each attempt."""

    def __init__(self, file_name: str, reasons: list[str]) -> None:
        super().__init__(f"{file_name} could not be downloaded", *reasons)
        self.reasons = reasons


def download_idx(
    file_name: str,
    dimensions: int,
    verify: Callable[[NDArray[np.uint8], str], None],
    progress: ProgressCallback | None = None,
) -> tuple[NDArray[np.uint8], str]:
    """Download one IDX file from the first mirror that has it whole.

    Args:
        file_name: the name under each of the `MIRRORS`.
        dimensions: 3 for images, 1 for labels.
        verify: raises `DataError` for a wrong array, of which it gets the URL too; the next
            mirror is tried then.
        progress: see `ProgressCallback`.

    Returns:
        The array and its URL.

    Raises:
        DownloadError: no mirror has it.
    """
    reasons: dict[str, None] = {}  # an ordered set, since both rounds may fail alike
    start = time.monotonic()
    for url in [mirror + file_name for mirror in MIRRORS] * ROUNDS:
        if time.monotonic() - start > GIVE_UP_SECONDS:
            break
        try:
            array = parse_idx(_fetch(url, file_name, progress), dimensions, url)
            verify(array, url)
        except OSError as error:
            reasons[f"tried {url}: {_explain(error)}"] = None
        except DataError as error:
            reasons[f"tried {str(error).splitlines()[0]}"] = None
        else:
            return array, url
    raise DownloadError(file_name, list(reasons))


def _fetch(url: str, file_name: str, progress: ProgressCallback | None) -> bytes:
    import requests

    content = bytearray()
    timeout = (CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS)
    with requests.get(url, stream=True, timeout=timeout) as response:
        response.raise_for_status()
        length = response.headers.get("Content-Length", "")
        total_bytes = int(length) if length.isdigit() else 0
        for chunk in response.iter_content(32 * 1024):
            content += chunk
            if progress:
                # More than the total arrives if the server compresses the file once more.
                done_bytes = min(len(content), total_bytes) if total_bytes else len(content)
                progress(file_name, done_bytes, total_bytes)
    return bytes(content)


def _explain(error: BaseException) -> str:
    """Return what the innermost of a chain of network errors says, in a few words."""
    while error.__context__ is not None:
        error = error.__context__
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return text.split(" for url:")[0] or type(error).__name__
