"""IDX files: what is read back, and what is refused."""

import gzip
import hashlib
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from mnistcli.data.idx import idx_header, idx_sha256, parse_idx, read_idx
from mnistcli.errors import DataError

IMAGES = np.arange(3 * 28 * 28, dtype=np.uint32).reshape(3, 28, 28).astype(np.uint8)
CONTENT = struct.pack(">IIII", 0x00000803, 3, 28, 28) + IMAGES.tobytes()


@pytest.mark.parametrize("content", [CONTENT, gzip.compress(CONTENT)], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_reads_whatever_the_name_says(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    np.testing.assert_array_equal(read_idx(tmp_path / name, 3), IMAGES)


def test_reads_gzip_of_several_members() -> None:
    content = gzip.compress(CONTENT[:100]) + gzip.compress(CONTENT[100:])
    np.testing.assert_array_equal(parse_idx(content, 3, "images"), IMAGES)


def test_reads_fewer_labels_than_a_header_of_images_is_long() -> None:
    content = struct.pack(">II", 0x00000801, 2) + bytes([7, 3])
    assert parse_idx(gzip.compress(content), 1, "labels").tolist() == [7, 3]


def test_array_cannot_be_written_to() -> None:
    assert not parse_idx(CONTENT, 3, "images").flags.writeable


def test_header_and_digest_are_those_of_the_file() -> None:
    assert idx_header(IMAGES) + IMAGES.tobytes() == CONTENT
    assert idx_sha256(IMAGES) == hashlib.sha256(CONTENT).hexdigest()
    assert idx_sha256(np.asfortranarray(IMAGES)) == hashlib.sha256(CONTENT).hexdigest()


def corrupt(content: bytes, position: int) -> bytes:
    return content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "ends within its header, after 0 bytes"),
        (CONTENT[:9], "ends within its header, after 9 bytes"),
        (CONTENT[:-1], "ends early"),
        (CONTENT + b"\0", "goes on after its last element"),
        (gzip.compress(CONTENT + b"\0"), "goes on after its last element"),
        (gzip.compress(CONTENT)[:-20], "damaged gzip file"),
        (gzip.compress(CONTENT)[:-8], "damaged gzip file"),
        (corrupt(gzip.compress(CONTENT), -8), "damaged gzip file"),
        (corrupt(gzip.compress(CONTENT), 30), "damaged gzip file"),
        (b"\x1f\x8b", "damaged gzip file"),
        (struct.pack(">II", 0x00000801, 1) + bytes(9), "not an IDX file of images"),
        (struct.pack(">IIII", 0x00000B03, 1, 1, 1) + bytes(2), "begins with 0x00000b03"),
        (b"<!DOCTYPE html><html>", "not an IDX file of images"),
        (struct.pack(">IIII", 0x00000803, 0, 28, 28), "holds no images"),
    ],
)
def test_refuses_what_is_not_a_whole_file(content: bytes, message: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_idx(content, 3, "some/file")
    assert str(caught.value).startswith("some/file: ")
    assert message in str(caught.value)
    assert "\n  expected " in str(caught.value)


@pytest.mark.parametrize(
    ("count", "message"),
    [(1_000_000, "its header promises 784,000,016 bytes"), (2**31, "expected at most")],
)
def test_refuses_a_promise_that_the_file_cannot_hold_before_unpacking(
    count: int, message: str
) -> None:
    content = gzip.compress(struct.pack(">IIII", 0x00000803, count, 28, 28) + bytes(10_000))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=message):
            parse_idx(content, 3, "images")
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_unpacks_no_more_than_the_header_promises() -> None:
    content = gzip.compress(CONTENT + bytes(50_000_000), compresslevel=1)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="goes on after"):
            parse_idx(content, 3, "images")
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_refuses_a_file_beyond_the_limit_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "images"
    with path.open("wb") as file:
        file.truncate(5 * 1024**3)  # sparse: takes no room on the disk
    with pytest.raises(DataError, match="expected at most 4,294,967,296"):
        read_idx(path, 3)
