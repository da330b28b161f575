"""The page's files, and the requests that it makes."""

import asyncio
import html
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mnistcli.errors import ImageError, MnistcliError, command_line
from mnistcli.web.drawings import DrawingFolder
from mnistcli.web.guard import Guard, error_response
from mnistcli.web.reader import PageReader
from mnistcli.web.requests import (
    TooLargeError,
    WrongTypeError,
    read_image_bytes,
    read_parameter,
    read_picture_file,
)

PAGE = Path(__file__).parent / "page"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
# That a picture shows no digit is an answer: a browser would log any other status as an error.
STATUS: dict[type[Exception], int] = {ImageError: 200, TooLargeError: 413, WrongTypeError: 415}


def make_app(
    reader: PageReader, folder: DrawingFolder, hosts: Collection[str], token: str
) -> ASGIApp:
    """Return the app of the page.

    Args:
        reader: reads pictures.
        folder: for the pictures that are saved.
        hosts: see `Guard`.
        token: see `Guard`.
    """
    routes = _Page(token).routes() + _Api(reader, folder).routes()
    handlers: dict[Any, Any] = {
        MnistcliError: _handle_error,
        HTTPException: _handle_http_error,
        ClientDisconnect: lambda *_: Response(status_code=400),
        Exception: lambda *_: error_response(
            500, "mnistcli made a mistake; it goes on", "its message is in the terminal"
        ),
    }
    return Guard(Starlette(routes=routes, exception_handlers=handlers), hosts, token)


class _Page:
    """The files of the page: a name that is none of theirs leads nowhere."""

    def __init__(self, token: str) -> None:
        text = (PAGE / "page.html").read_text(encoding="utf-8")
        self.html = text.replace("{{token}}", html.escape(token))
        self.files = {
            path.name: path.read_bytes() for path in PAGE.iterdir() if path.suffix in TYPES
        }

    def routes(self) -> list[Route]:
        return [Route("/", self.page), Route("/files/{name}", self.file)]

    async def page(self, _request: Request) -> Response:
        return Response(self.html, media_type="text/html")

    async def file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self.files:
            raise HTTPException(404)
        return Response(self.files[name], media_type=TYPES[Path(name).suffix])


class _Api:
    """The requests that the page makes; one thread computes all answers, one after the other."""

    def __init__(self, reader: PageReader, folder: DrawingFolder) -> None:
        self.reader = reader
        self.folder = folder
        self.worker = ThreadPoolExecutor(max_workers=1)

    def routes(self) -> list[Route]:
        return [
            Route("/api/runs", self.runs),
            Route("/api/read", self.read, methods=["POST"]),
            Route("/api/lines", self.lines, methods=["POST"]),
            Route("/api/stages", self.stages, methods=["POST"]),
            Route("/api/layers", self.layers, methods=["POST"]),
            Route("/api/unit", self.unit, methods=["POST"]),
            Route("/api/reasons", self.reasons, methods=["POST"]),
            Route("/api/drawings", self.drawings),
            Route("/api/drawings", self.save, methods=["POST"]),
        ]

    async def runs(self, _request: Request) -> Response:
        return await self._answer(self.reader.list_runs)

    async def read(self, request: Request) -> Response:
        content = await read_picture_file(request)
        return await self._answer(self.reader.read_digit, self._run(request), content)

    async def lines(self, request: Request) -> Response:
        content = await read_picture_file(request)
        return await self._answer(self.reader.read_lines, self._run(request), content)

    async def stages(self, request: Request) -> Response:
        content = await read_picture_file(request)
        return await self._answer(self.reader.draw_stages, self._run(request), content)

    async def layers(self, request: Request) -> Response:
        pixels = await read_image_bytes(request)
        return await self._answer(self.reader.read_layers, self._run(request), pixels)

    async def unit(self, request: Request) -> Response:
        pixels = await read_image_bytes(request)
        layer, unit = (read_parameter(request, name) for name in ("layer", "unit"))
        return await self._answer(self.reader.read_unit, self._run(request), pixels, layer, unit)

    async def reasons(self, request: Request) -> Response:
        pixels = await read_image_bytes(request)
        digit = read_parameter(request, "digit")
        return await self._answer(self.reader.read_reasons, self._run(request), pixels, digit)

    async def drawings(self, request: Request) -> Response:
        return await self._answer(self._count, self._run(request))

    async def save(self, request: Request) -> Response:
        content = await read_picture_file(request)
        label = read_parameter(request, "label")
        return await self._answer(self._save, self._run(request), content, label)

    def _run(self, request: Request) -> int:
        return read_parameter(request, "run", self.reader.num_runs)

    def _save(self, number: int, content: bytes, label: int) -> dict[str, Any]:
        path = self.folder.save(self.reader.read_to_save(number, content, label), label)
        return {"saved": str(path), **self._count(number)}

    def _count(self, number: int) -> dict[str, Any]:
        """Return how many pictures there are of each label, and the line that uses them."""
        run = self.reader.open(number)
        num_classes = run.record.dataset.num_classes
        config, setting = run.directory.config, self.folder.setting(run.record.dataset.extra)
        return {
            "num_classes": num_classes,
            "folder": str(self.folder.path),
            "counts": self.folder.count(num_classes),
            "command": command_line("train", config, "--set", setting),
        }

    async def _answer(self, function: Callable[..., Any], *arguments: Any) -> Response:
        """Answer with what a function returns, computed by the one thread."""
        loop = asyncio.get_running_loop()
        result = await loop.run_in_executor(self.worker, partial(function, *arguments))
        return JSONResponse(result)


async def _handle_error(_request: Request, error: Exception) -> Response:
    message, *hints = error.args
    return error_response(STATUS.get(type(error), 422), message, *hints)


async def _handle_http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return error_response(error.status_code, error.detail)
