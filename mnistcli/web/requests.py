"""What a request carries, checked before it is used."""

from starlette.requests import Request

from mnistcli.errors import UsageError

MAXIMUM_BYTES = 40 * 1024**2  # of a picture; a photo of 50 megapixels takes 25 MB
IMAGE_BYTES = 28 * 28
MAXIMUM = 10**9  # of a parameter whose limit only the run knows


class TooLargeError(UsageError):
    """A request has more bytes than it may."""


class WrongTypeError(UsageError):
    """A request has another type of content than it must have."""


async def read_picture_file(request: Request) -> bytes:
    """Return the bytes of the picture that a request carries, which are not decoded.

    Raises:
        UsageError: it carries none, or too many bytes.
    """
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().startswith("image/"):
        raise WrongTypeError("the request carries no picture", "expected a content type image/...")
    return await _read_body(request, MAXIMUM_BYTES)


async def read_image_bytes(request: Request) -> bytes:
    """Return the 784 pixels of the 28x28 image that a request carries.

    Raises:
        UsageError: it carries something else.
    """
    if request.headers.get("content-type") != "application/octet-stream":
        raise WrongTypeError(
            "the request carries no pixels", "expected a content type application/octet-stream"
        )
    body = await _read_body(request, IMAGE_BYTES)
    if len(body) != IMAGE_BYTES:
        raise UsageError(f"got {len(body)} bytes", f"expected {IMAGE_BYTES} pixels")
    return body


def read_parameter(request: Request, name: str, limit: int = MAXIMUM) -> int:
    """Return a parameter of a request, from 0 to below a limit.

    Raises:
        UsageError: it is missing or something else.
    """
    text = request.query_params.get(name, "")
    # No more digits than numbers need: Python refuses to read thousands.
    if not (text.isascii() and text.isdecimal() and len(text) < 10) or int(text) >= limit:
        raise UsageError(f"{name} has no meaning", f"expected a number from 0 to {limit - 1}")
    return int(text)


async def _read_body(request: Request, limit: int) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            raise TooLargeError("the request is too large", f"expected at most {limit:,} bytes")
    if size == 0:
        raise UsageError("the request is empty", "expected a picture")
    return b"".join(chunks)
