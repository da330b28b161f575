"""The page of `mnistcli draw`: served by the command, asked as a browser asks, drawn on."""

import http.client
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from commands import COMMAND, PATIENCE_SECONDS, command_environment
from numpy.typing import NDArray

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Answer:
    """What the server sends: a status, headers by their names in small letters, and a body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class PageServer:
    """A server that runs."""

    process: subprocess.Popen[bytes]
    address: str
    port: int
    folder: Path
    token: str

    def ask(
        self, path: str, body: bytes | None = None, method: str | None = None, **headers: str
    ) -> Answer:
        """Send a request with the headers of the page, or with others instead."""
        return ask(self.port, path, body, method, **({"X-Mnistcli-Token": self.token} | headers))

    def post(self, path: str, body: bytes, kind: str = "image/png", **parameters: Any) -> Answer:
        """Send a picture, or pixels, to be read by the first run."""
        query = urlencode({"run": 0} | parameters)
        return self.ask(f"/api/{path}?{query}", body, **{"Content-Type": kind})


def ask(
    port: int, path: str, body: bytes | None = None, method: str | None = None, **headers: str
) -> Answer:
    """Send a request to a port of this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    with closing(connection):
        connection.request(method or ("GET" if body is None else "POST"), path, body, headers)
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read())


@contextmanager
def page_server(
    folder: Path, *options: str, stop: signal.Signals = signal.SIGINT
) -> Iterator[PageServer]:
    """Run `mnistcli draw` in a folder, on a free port, until a signal ends it."""
    arguments = ("draw", "--port", "0", "--no-browser", "--json", "--run", "builtin", *options)
    # To files: a pipe that nobody reads would stop the server once it is full.
    with (folder / "stdout").open("w") as output, (folder / "stderr").open("w") as errors:
        process = subprocess.Popen(
            [COMMAND, *arguments],
            cwd=folder,
            env=command_environment(MNISTCLI_RUNS_DIR=str(folder / "runs")),
            stdout=output,
            stderr=errors,
        )
    try:
        document = _wait_for_document(process, folder)
        port = int(document["address"].rsplit(":", 1)[1].strip("/"))
        page = ask(port, "/").body.decode()
        token = page.partition('name="token" content="')[2].partition('"')[0]
        yield PageServer(process, document["address"], port, folder, token)
        assert process.poll() is None
        process.send_signal(stop)
        process.wait(timeout=PATIENCE_SECONDS)
        ending = process.returncode, (folder / "stderr").read_text()
        assert ending == (128 + stop, "interrupted\n")
    finally:
        process.kill()
        process.wait()


def _wait_for_document(process: subprocess.Popen[bytes], folder: Path) -> Any:
    """Return what the command says with --json, once the server listens."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not (text := (folder / "stdout").read_text()).endswith("}\n"):
        assert process.poll() is None, (folder / "stderr").read_text()
        assert time.monotonic() < end, "the server does not start"
        time.sleep(0.01)
    return json.loads(text)


def trace(image: NDArray[np.uint8]) -> list[Points]:
    """Return strokes that fill the ink of an image (28, 28), for a pen of two pixels' width.

    Each goes to and fro in every other row, as far down as the ink goes on.
    """
    runs = []
    for row in range(0, 28, 2):
        edges = np.flatnonzero(np.diff(np.pad((image[row] > 110).astype(int), 1)))
        runs += [(row, left, right) for left, right in edges.reshape(-1, 2).tolist()]
    strokes: list[Points] = []
    while runs:
        row, left, right = runs.pop(0)
        stroke: Points = [(left + 0.7, row), (right - 0.7, row)]
        while below := [
            each for each in runs if each[0] == row + 2 and each[1] < right > left < each[2]
        ]:
            row, left, right = below[0]
            runs.remove(below[0])
            ends: Points = [(left + 0.7, row), (right - 0.7, row)]
            stroke += ends if len(stroke) % 4 == 0 else ends[::-1]
        strokes.append(stroke)
    return strokes
