"""The download of MNIST, from a server on this machine."""

import gzip
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mnistcli.data import load_dataset
from mnistcli.data.idx import idx_header, idx_sha256
from mnistcli.data.mnist import MNIST_SHA256
from mnistcli.errors import DataError

IDX = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}

Answer = Callable[[http.server.BaseHTTPRequestHandler, bytes], None]


class Mirror:
    """A server on this machine; `answers` says how it misbehaves for a file's path."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.requests: list[str] = []
        self.answers: dict[str, Answer] = {}
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirror.requests.append(self.path)
                content = files[self.path.rpartition("/")[2]]
                mirror.answers.get(self.path, send)(self, content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"


def send(handler: http.server.BaseHTTPRequestHandler, content: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def send_half(handler: http.server.BaseHTTPRequestHandler, content: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content[: len(content) // 2])


def send_login_page(handler: http.server.BaseHTTPRequestHandler, _: bytes) -> None:
    send(handler, b"<!DOCTYPE html><title>Please log in</title>")


def send_other_contents(handler: http.server.BaseHTTPRequestHandler, content: bytes) -> None:
    unpacked = bytearray(gzip.decompress(content))
    unpacked[-1] ^= 1
    send(handler, gzip.compress(bytes(unpacked), compresslevel=1))


def refuse(handler: http.server.BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_error(503, "Busy")


def send_nothing(handler: http.server.BaseHTTPRequestHandler, _: bytes) -> None:
    handler.rfile.read(1)  # until the client has had enough


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The four files of a small set that passes for MNIST."""
    random = np.random.default_rng(0)
    files = {}
    for part, name in IDX.items():
        shape = (200, 28, 28) if part.endswith("images") else (200,)
        array = random.integers(0, 10, shape, np.uint8)
        monkeypatch.setitem(MNIST_SHA256, part, idx_sha256(array))
        files[f"{name}.gz"] = gzip.compress(idx_header(array) + array.tobytes(), compresslevel=1)
    return files


@pytest.fixture
def mirror(
    offline: None, served: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Mirror]:
    """Two mirrors, /a/ and /b/, for a machine with empty caches."""
    mirror = Mirror(served)
    thread = threading.Thread(target=mirror.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    mirrors = (f"{mirror.url}a/", f"{mirror.url}b/")
    monkeypatch.setattr("mnistcli.data.download.MIRRORS", mirrors)
    yield mirror
    mirror.server.shutdown()
    mirror.server.server_close()
    thread.join()


def test_download_is_kept_and_read_from_the_cache_next_time(
    tmp_path: Path, mirror: Mirror, served: dict[str, bytes]
) -> None:
    steps: list[tuple[str, int, int]] = []
    dataset = load_dataset("mnist", progress=lambda *step: steps.append(step))
    assert dataset.source == f"{mirror.url}a/"
    assert dataset.sha256 == MNIST_SHA256
    assert mirror.requests == [f"/a/{name}.gz" for name in IDX.values()]

    size = len(served[f"{IDX['train_images']}.gz"])
    of_images = [step for step in steps if step[0] == f"{IDX['train_images']}.gz"]
    assert len(of_images) > 2
    assert of_images[-1] == (f"{IDX['train_images']}.gz", size, size)
    assert [done for _, done, _ in of_images] == sorted(done for _, done, _ in of_images)
    assert {total for _, _, total in of_images} == {size}

    cache = tmp_path / "cache" / "mnist"
    assert {file.name for file in cache.iterdir()} == set(IDX.values())
    assert load_dataset("mnist").source == str(cache)
    assert len(mirror.requests) == 4


@pytest.mark.parametrize(
    "answer", [send_half, send_login_page, send_other_contents, refuse, send_nothing]
)
def test_other_mirror_is_tried_when_one_fails(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    if answer is send_nothing:
        monkeypatch.setattr("mnistcli.data.download.READ_TIMEOUT_SECONDS", 1)
    mirror.answers[f"/a/{IDX['train_labels']}.gz"] = answer
    dataset = load_dataset("mnist")
    assert dataset.source == f"{mirror.url}a/, {mirror.url}b/"
    assert mirror.requests[1:3] == [
        f"/a/{IDX['train_labels']}.gz",
        f"/b/{IDX['train_labels']}.gz",
    ]


def test_mirrors_are_tried_again_in_a_second_round(mirror: Mirror) -> None:
    def fail_once(handler: http.server.BaseHTTPRequestHandler, content: bytes) -> None:
        (refuse if mirror.requests.count(handler.path) == 1 else send)(handler, content)

    for name in ("a", "b"):
        mirror.answers[f"/{name}/{IDX['train_images']}.gz"] = fail_once
    assert load_dataset("mnist").sha256 == MNIST_SHA256
    assert [path[1] for path in mirror.requests] == ["a", "b", "a", "a", "a", "a"]


def test_failure_gives_the_reason_of_each_mirror_once(tmp_path: Path, mirror: Mirror) -> None:
    name = f"{IDX['train_images']}.gz"
    mirror.answers = {f"/a/{name}": refuse, f"/b/{name}": send_other_contents}
    with pytest.raises(DataError) as caught:
        load_dataset("mnist")
    message = str(caught.value)
    assert message.count(f"tried {mirror.url}a/{name}: 503 Server Error: Busy") == 1
    assert message.count(f"tried {mirror.url}b/{name}: not MNIST's train images") == 1
    assert not (tmp_path / "cache").exists()


def test_no_try_begins_after_the_time_to_give_up(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnistcli.data.download.GIVE_UP_SECONDS", 0.1)
    monkeypatch.setattr("mnistcli.data.download.READ_TIMEOUT_SECONDS", 0.2)
    mirror.answers = {f"/a/{IDX['train_images']}.gz": send_nothing}
    with pytest.raises(DataError, match=r"/a/.*: timed out"):
        load_dataset("mnist")
    assert len(mirror.requests) == 1


def test_damaged_cache_is_downloaded_again(tmp_path: Path, mirror: Mirror) -> None:
    load_dataset("mnist")
    cache = tmp_path / "cache" / "mnist"
    whole = (cache / IDX["test_images"]).read_bytes()
    (cache / IDX["test_images"]).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert load_dataset("mnist").source == f"{mirror.url}a/"
    assert (cache / IDX["test_images"]).read_bytes() == whole


def test_download_serves_though_it_cannot_be_kept(tmp_path: Path, mirror: Mirror) -> None:
    (tmp_path / "cache").write_text("a file where the folder would be")
    dataset = load_dataset("mnist")
    assert dataset.sha256 == MNIST_SHA256
    assert dataset.source.startswith(f"{mirror.url}a/ (not kept: ")


def test_failed_write_leaves_nothing_behind(
    tmp_path: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    assert "(not kept: " in load_dataset("mnist").source
    assert list((tmp_path / "cache" / "mnist").iterdir()) == []
