"""The server of `mnistcli draw`, asked over HTTP: right answers, and nothing to anybody else."""

import asyncio
import base64
import io
import json
import shlex
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import scenes
from commands import invoke, run_in_process
from draw_server import PageServer, ask, page_server
from drawings import BLACK, CLEAR, WHITE, draw_five, encode
from pictures import draw
from PIL import Image

from mnistcli.cli import draw as draw_command
from mnistcli.data import Dataset
from mnistcli.images import draw_stage, frame_digit, read_picture
from mnistcli.runs import ExtraRecord
from mnistcli.web import DrawingFolder, make_app

READ = ("read", "lines", "stages")
PIXELS = ("layers", "unit", "reasons")
OCTETS = "application/octet-stream"
FIVE = encode(draw_five())
# Small and in a corner, large, white on black, without paper, a thin pen; then what is no PNG.
PICTURES = {
    "five.png": FIVE,
    "corner.png": encode(draw_five(start=(8, 300), scale=0.6, stroke=7)),
    "light.png": encode(draw_five(BLACK, WHITE, size=(300, 500), stroke=30)),
    "clear.png": encode(draw_five(CLEAR, BLACK, stroke=4)),
    "photo.jpg": encode(draw_five().convert("RGB"), "JPEG", quality=60),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    with page_server(tmp_path_factory.mktemp("draw")) as server:
        yield server


def test_a_picture_is_read_as_predict_reads_it(
    server: PageServer, tmp_path: Path, digits: Dataset
) -> None:
    row = scenes.on_white(scenes.line_up([draw(image) for image in digits.test_images[:4]], 20))
    pictures = PICTURES | {"row.png": encode(Image.fromarray(row))}
    for name, content in pictures.items():
        (tmp_path / name).write_bytes(content)
    for options, path, key in (((), "read", "predictions"), (("--line",), "lines", "numbers")):
        command = ("predict", *pictures, *options, "--json", "--run", "builtin")
        done = run_in_process(*command, folder=tmp_path)
        for expected, (name, content) in zip(
            json.loads(done.stdout)[key], pictures.items(), strict=True
        ):
            answer = server.post(path, content, f"image/{name[-3:]}").document
            answer.pop("pixels", None)
            assert answer | {"image": name} == expected
    answer = server.post("read", PICTURES["corner.png"]).document
    reading = frame_digit(read_picture(tmp_path / "corner.png"))
    assert answer["pixels"] == reading.image.ravel().tolist()
    stages = server.post("stages", PICTURES["corner.png"]).document["stages"]
    assert [stage["name"] for stage in stages] == list(reading.stages)
    for stage, expected in zip(stages, reading.stages.values(), strict=True):
        drawing = np.asarray(Image.open(io.BytesIO(base64.b64decode(stage["png"]))))
        assert np.array_equal(drawing, draw_stage(expected))


def test_two_pages_at_once_get_their_own_answers(server: PageServer, digits: Dataset) -> None:
    images = digits.test_images[:12]
    pictures = [encode(Image.fromarray(255 - image).resize((112, 112))) for image in images]
    alone = [server.post("read", picture).document for picture in pictures]

    def read(i: int) -> tuple[object, ...]:
        pixels = images[i].tobytes()
        others = [server.post("layers", pixels, OCTETS), server.post("lines", pictures[i])]
        return server.post("read", pictures[i]).document, *(each.document for each in others)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(read, [*range(12), *range(12)]))
    assert [answer[0] for answer in answers] == alone + alone
    assert answers[:12] == answers[12:]


def test_what_the_layers_see(server: PageServer, digits: Dataset) -> None:
    image = digits.test_images[0]
    layers = server.post("layers", image.tobytes(), OCTETS).document["layers"]
    shapes = [[14, 14, 32], [14, 14, 64], [7, 7, 64], [7, 7, 96], [5, 5, 128], [10]]
    assert [layer["shape"] for layer in layers] == shapes
    assert layers[0]["kinds"] == ["Conv2D", "BatchNormalization", "ReLU"]
    first = (
        np.frombuffer(base64.b64decode(layers[0]["values"]), np.int8) * layers[0]["largest"] / 127
    )
    place = int(first.argmax())
    unit = server.post("unit", image.tobytes(), OCTETS, layer=0, unit=place).document
    assert unit["value"] == pytest.approx(first[place], abs=layers[0]["largest"] / 127)
    assert unit["total"] == pytest.approx(unit["value"], rel=1e-4)
    (channel,) = unit["channels"]
    top, left, bottom, right = unit["window"]
    shown = np.array(channel["patch"]).reshape(unit["size"])
    if shown.shape == (bottom - top, right - left):
        assert np.array_equal(shown, image[top:bottom, left:right])
    products = np.dot(channel["patch"], channel["weights"])
    assert products + unit["bias"] == pytest.approx(unit["total"], rel=1e-4)


def test_what_speaks_for_a_digit(server: PageServer) -> None:
    pixels = bytes(server.post("read", FIVE).document["pixels"])
    maps = []
    for digit in (5, 3):
        answer = server.post("reasons", pixels, OCTETS, digit=digit).document
        levels = np.frombuffer(base64.b64decode(answer["values"]), np.int8)
        maps.append(levels.reshape(28, 28) * answer["largest"])
    ink = np.frombuffer(pixels, np.uint8).reshape(28, 28) > 127
    assert maps[0][ink].mean() > 5 * abs(maps[0][~ink].mean())  # the strokes speak for it
    assert maps[1][ink].mean() < 0


def test_a_picture_is_saved_as_it_was_drawn(tmp_path: Path) -> None:
    with page_server(tmp_path, "--save-to", "my digits") as server:
        exif = Image.Exif()
        exif[0x010E], exif[0x9286] = "Ann Example", "at home"
        photo = encode(draw_five().convert("RGB"), "JPEG", exif=exif)
        saved = [server.post("drawings", content, label=5) for content in (FIVE, FIVE, photo)]
        counts = server.ask("/api/drawings?run=0").document
        asked = [server.post("read", content).document for content in (FIVE, photo)]
    assert [each.status for each in saved] == [200] * 3
    paths = [tmp_path / each.document["saved"] for each in saved]
    assert sorted(paths) == sorted((tmp_path / "my digits" / "5").iterdir())
    assert {path.suffix for path in paths} == {".png"}
    assert np.array_equal(read_picture(paths[0]), np.asarray(draw_five().convert("RGB")))
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert b"Ann" not in paths[2].read_bytes()
    assert counts["counts"] == {"5": 3}
    assert counts["folder"] == "my digits"
    command = shlex.split(counts["command"])
    assert command[:2] == ["mnistcli", "train"]
    assert command[3:] == ["--set", 'data.extra=[{path: "my digits", repeat: 20}]']
    others = [
        ExtraRecord(source=source, images=1, repeat=5)
        for source in (str(tmp_path / "mine"), "/a b")
    ]
    assert DrawingFolder(tmp_path / "mine").setting(others) == (
        f'data.extra=[{{path: "/a b", repeat: 5}}, {{path: "{tmp_path}/mine", repeat: 20}}]'
    )
    done = run_in_process("predict", paths[0], paths[2], "--json", folder=tmp_path)
    for answer, expected in zip(asked, json.loads(done.stdout)["predictions"], strict=True):
        assert answer["probabilities"] == expected["probabilities"]


def test_files_of_the_page_and_no_others(server: PageServer) -> None:
    page = ask(server.port, "/")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in policy
    script = ask(server.port, "/files/main.js")
    assert script.headers["content-type"].startswith("text/javascript")
    for answer in (page, script, ask(server.port, "/none")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
    for name in ("", "page.html", "../app.py", "%2e%2e/app.py", "..%2fapp.py", "%00", "main.js/x"):
        assert ask(server.port, f"/files/{name}").status in {404, 405}
    assert ask(server.port, "//etc/passwd").status == 404


def test_other_sites_get_nothing(server: PageServer) -> None:
    for path in ("/", "/files/main.js", "/api/runs"):
        for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1", ""):
            assert server.ask(path, Host=host).status == 403
    assert server.ask("/api/runs", Host=f"localhost:{server.port}").status == 200
    for token in ("", "x", server.token[:-1], server.token + "x", "\xe9"):
        for path in ("runs", *READ, *PIXELS, "drawings?label=5&run=0", "none"):
            answer = server.ask(f"/api/{path}", FIVE, **{"X-Mnistcli-Token": token})
            assert answer.status == 403
            assert answer.document["error"]["message"]
    assert ask(server.port, "/api/runs").status == 403
    assert "access-control-allow-origin" not in server.ask("/api/runs").headers
    assert not (server.folder / "mine").exists()


def test_what_is_no_request_and_what_breaks_off(server: PageServer) -> None:
    head = b"POST /api/read?run=0 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % server.port
    head += b"X-Mnistcli-Token: %s\r\nContent-Type: image/png\r\n" % server.token.encode()
    for message in (
        b"\x00garbage\r\n\r\n",
        head,
        head + b"Content-Length: 9999\r\n\r\nshort",
        head + b"Content-Length: -1\r\n\r\n",
        head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        head + b"X: " + b"x" * 100_000 + b"\r\n\r\n",
        b"GET /api/runs HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(message)
    assert server.post("read", FIVE).document["digit"] == 5


def test_a_mistake_of_the_program_is_an_answer_too(tmp_path: Path) -> None:
    reader = mock.Mock(num_runs=1)
    reader.read_digit.side_effect = ZeroDivisionError
    app = make_app(reader, DrawingFolder(tmp_path), ["here"], "secret")
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": FIVE, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [
        (b"host", b"here"),
        (b"x-mnistcli-token", b"secret"),
        (b"content-type", b"image/png"),
    ]
    scope = {"type": "http", "method": "POST", "path": "/api/read", "query_string": b"run=0"}

    async def run() -> None:
        await app(scope | {"headers": headers}, receive, send)

    with pytest.raises(ZeroDivisionError):  # for the terminal
        asyncio.run(run())
    assert sent[0]["status"] == 500
    assert json.loads(sent[1]["body"])["error"]["message"] == "mnistcli made a mistake; it goes on"


def test_no_request_ends_the_server(server: PageServer) -> None:
    random = np.random.default_rng(0)
    noise = [random.bytes(size) for size in (1, 783, 784, 5000)]
    damaged = [FIVE[: len(FIVE) // 2], FIVE[:60] + random.bytes(900), b"\x89PNG\r\n\x1a\n"]
    huge = FIVE[:16] + b"\x00\x01\x00\x00" * 2 + FIVE[24:]  # says that it has 65,536 x 65,536
    blank = encode(Image.new("RGB", (90, 90), "white"))
    two = encode(Image.fromarray(np.hstack([np.asarray(draw_five().convert("RGB"))] * 2)))
    numbers = ("", "-1", "1e9", "10", "9" * 5000, "٣", "0x1", "../..", "5 ")
    answers = []
    for path in (*READ, "drawings"):
        for body in (*noise, *damaged, huge, blank, b""):
            answers.append(server.post(path, body, label=5))
        answers += [server.post(path, FIVE, kind) for kind in ("", "text/plain", OCTETS)]
        answers += [server.post(path, FIVE, run=number, label=number) for number in numbers]
    answers.append(server.post("drawings", two, label=5))  # a training would leave it out
    for path in PIXELS:
        answers += [server.post(path, body, OCTETS) for body in (*noise[:2], noise[3], b"")]
        answers.append(server.post(path, noise[2]))
        if path != "layers":
            for number in numbers[:-3]:
                answers.append(
                    server.post(path, noise[2], OCTETS, layer=number, unit=number, digit=number)
                )
    for answer in answers:
        assert answer.status in {200, 413, 415, 422}
        assert answer.document["error"]["message"]
        assert isinstance(answer.document["error"]["hints"], list)
    too_large = server.ask("/api/read?run=0", bytes(41 * 2**20), **{"Content-Type": "image/png"})
    assert too_large.status == 413
    for method in ("GET", "PUT", "DELETE", "OPTIONS", "HEAD", "BREW"):
        assert server.ask("/api/read?run=0", method=method).status == 405
    assert server.post("read", FIVE).document["digit"] == 5
    assert server.process.poll() is None
    assert not (server.folder / "mine").exists()


def test_runs_to_choose_from(trained_run: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    with page_server(tmp_path) as server:
        assert [run["run"] for run in server.ask("/api/runs").document["runs"]] == ["builtin"]
        assert server.post("read", FIVE, run=1).status == 422
        (runs / "later").symlink_to(trained_run)  # trained while the page is open
        listed = server.ask("/api/runs").document["runs"]
        assert [run["number"] for run in listed] == [0, 1]
        assert listed[1]["run"] == str(runs / "later")
        answers = [server.post("read", FIVE, run=number).document for number in (0, 1)]
        assert answers[0]["probabilities"] != answers[1]["probabilities"]
        assert len(server.post("layers", bytes(784), OCTETS, run=1).document["layers"]) == 3


def test_a_port_in_use_and_other_refusals(
    server: PageServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = invoke("draw", "--port", server.port, "--no-browser", "--run", "builtin")
    assert f"port {server.port} is in use" in str(error)
    free_port = int(str(error).rsplit(" ", 1)[1])
    assert server.port < free_port < server.port + 100
    (tmp_path / "file").touch()
    assert "is no folder" in str(invoke("draw", "--save-to", tmp_path / "file"))
    assert "there is no run directory" in str(invoke("draw", "--run", tmp_path / "none"))
    monkeypatch.setattr(
        draw_command, "find_spec", lambda name: None if name == "uvicorn" else find_spec(name)
    )
    error = invoke("draw")
    assert "uvicorn, not installed here" in str(error)
    assert "pip install 'mnistcli[draw]'" in str(error)


def test_no_tensorflow_and_a_signal_ends_it(tmp_path: Path) -> None:
    with page_server(tmp_path, stop=signal.SIGTERM) as server:
        server.post("layers", bytes(784), OCTETS)
        maps = Path(f"/proc/{server.process.pid}/maps")
        if maps.exists():
            assert "tensorflow" not in maps.read_text()
