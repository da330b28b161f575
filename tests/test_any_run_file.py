"""Any bytes in a run's files give a typed value or a clean error, never another exception."""

import io
import json
import math
import re
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_records import make_record
from test_any_file import damaged, property_test

from mnistcli.errors import ConfigError, RunError
from mnistcli.recognition import Calibration, Familiarity, read_calibration
from mnistcli.reports import Samples, read_samples, write_samples
from mnistcli.runs import RunDirectory, dump_json, plan_continuation
from mnistcli.scores import (
    LabelledProbabilities,
    RunPredictions,
    read_predictions,
    write_predictions,
)

CONFIG = "name: small\nlayers: [Flatten, Dense: {units: 10}]\n"
RECORD = make_record(status="completed", finished="2026", config=CONFIG, metrics={"best_epoch": 1})
OLDER: dict[str, Any] = {
    "status": "completed",
    "started": "2025",
    "lite_model": {"sha256": "0" * 64},
    "dataset": msgspec.to_builtins(RECORD.dataset),
    "metrics": {"best_epoch": 3, "test_accuracy": 0.5},
}
LEAVES = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), "\x1b[2J", "completed", 1e308])
    | st.text(max_size=5)
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)
)


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    run = RunDirectory(tmp_path)
    run.write_record(RECORD)
    run.config.write_text(CONFIG)
    return run


@st.composite
def changed(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping with some values replaced, taken out or added, also deeper ones."""
    document = dict(document)
    for _ in range(draw(st.integers(1, 3))):
        key = draw(st.sampled_from([*document, "resumed", "artifacts"]))
        if isinstance(document.get(key), dict) and document[key] and draw(st.booleans()):
            document[key] = draw(changed(document[key]))
        elif draw(st.booleans()):
            document.pop(key, None)
        else:
            document[key] = draw(JSON)
    return document


RECORDS = st.one_of(
    JSON.map(json.dumps).map(str.encode),
    changed(RECORD.to_json()).map(json.dumps).map(str.encode),
    changed(OLDER).map(json.dumps).map(str.encode),
    damaged([dump_json(RECORD.to_json()).encode(), json.dumps(OLDER).encode()]),
    st.binary(max_size=50),
)


@property_test
@given(content=RECORDS)
def test_a_record(content: bytes, run: RunDirectory) -> None:
    run.record.write_bytes(content)
    try:
        record = run.read_record()
    except RunError as error:
        assert len(str(error).splitlines()) <= 2
        assert "\x1b" not in str(error)
        return
    assert record.status in ("running", "completed", "failed", "interrupted")
    assert 1 <= record.dataset.num_classes <= 256
    assert math.isfinite(record.dataset.pixel_scale)
    assert all(value is None or math.isfinite(value) for value in (record.metrics or {}).values())
    run.write_record(record)
    assert run.read_record() == record


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"status": "\x1b[2J"}, "status"),
        ({"started": None}, "started"),
        ({"dataset": None}, "dataset"),
        ({"metrics": {"test_loss": 10**400}}, "metrics[...]"),
        ({"metrics": {"\x1b[2J": "x"}}, "metrics[...]"),
        ({"artifacts": {"model.tflite": "0"}}, "artifacts[...]"),
        ({"resumed": {"at": "now"}}, "resumed"),
        ({"format": 0}, "format"),
        ({"format": "1"}, "format"),
        ({"threads": 2.5}, "threads"),
        ({"seed": "7"}, "seed"),
        ({"config": ["layers"]}, "config"),
        ({"outputs": "letters"}, "outputs"),
    ],
)
def test_a_record_with_a_wrong_value_names_it(
    change: dict[str, Any], told: str, run: RunDirectory
) -> None:
    run.record.write_text(json.dumps(RECORD.to_json() | change))

    with pytest.raises(RunError, match=re.escape(f"run.json is damaged: `$.{told}`: ")):
        run.read_record()


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_a_record_with_a_number_that_json_lacks_is_damaged(number: str, run: RunDirectory) -> None:
    content = run.record.read_text()
    run.record.write_text(content.replace('"best_epoch": 1', f'"best_epoch": {number}'))

    with pytest.raises(RunError, match=rf"run\.json is damaged: {number} is out of range"):
        run.read_record()


def test_a_record_of_before_there_were_formats(run: RunDirectory) -> None:
    run.record.write_text(json.dumps(OLDER))

    record = run.read_record()

    assert record.artifacts["model.tflite"].sha256 == "0" * 64
    assert (record.dataset.framing, record.outputs) == ("mnist", None)
    assert (record.metrics, record.config) == (OLDER["metrics"], None)


def test_a_record_of_a_later_format_says_what_to_do(run: RunDirectory) -> None:
    run.record.write_text(json.dumps({"format": 2, "status": ["another", "form"]}))

    with pytest.raises(RunError, match=r"is of a later version of mnistcli\n.*update mnistcli"):
        run.read_record()


LINES = st.one_of(
    JSON.map(json.dumps),
    st.dictionaries(st.sampled_from(["epoch", "loss", "x"]), JSON).map(json.dumps),
    st.fixed_dictionaries({"epoch": st.just(1), "loss": JSON}).map(json.dumps),
    st.sampled_from(
        ['{"epoch": 1, "loss": 1e999}', "[" * 10**5, '{"epoch": 1, "a": ' + "9" * 5000]
    ),
)


@property_test
@given(line=LINES, rest=st.binary(max_size=50))
def test_metrics(line: str, rest: bytes, run: RunDirectory) -> None:
    whole = {"epoch": 0, "loss": 2.5, "top_2": None}
    run.metrics.write_bytes(f"{json.dumps(whole)}\n{line}\n".encode() + rest)

    rows = run.read_metrics()

    assert rows[0] == whole
    assert [row["epoch"] for row in rows] == list(range(len(rows)))
    for row in rows:
        assert all(each is None or math.isfinite(float(each)) for each in row.values())


def calibration() -> bytes:
    random = np.random.default_rng(0)
    means = random.random((10, 392)).astype(np.float16)
    bases = random.random((10, 2, 392)).astype(np.float16)
    return Calibration(1.5, Familiarity(means, bases, 0.5)).to_bytes()


@property_test
@given(content=damaged([calibration()]) | st.binary(max_size=50))
def test_a_calibration(content: bytes, run: RunDirectory) -> None:
    run.calibration.write_bytes(content)
    try:
        found = read_calibration(run)
    except RunError:
        return
    assert 0.5 <= found.temperature <= 10
    if found.familiarity:
        found.familiarity.distances(np.zeros((10, 28, 28), np.uint8), np.arange(10))


def predictions() -> bytes:
    probabilities = np.eye(10, dtype=np.float32)
    answers = LabelledProbabilities(probabilities, np.arange(10, dtype=np.uint8))
    with tempfile.TemporaryDirectory() as folder:
        run = RunDirectory(Path(folder))
        write_predictions(run, RunPredictions(answers, answers))
        return run.predictions.read_bytes()


@property_test
@given(content=damaged([predictions()]) | st.binary(max_size=50))
def test_predictions(content: bytes, run: RunDirectory) -> None:
    run.predictions.write_bytes(content)
    try:
        found = read_predictions(run)
    except RunError:
        return
    assert found and found.test.probabilities.shape == (len(found.test.labels), 10)
    assert found.test.is_right.dtype == bool


def samples() -> bytes:
    images = np.zeros((2, 28, 28), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        run = RunDirectory(Path(folder))
        write_samples(run, Samples(images, np.arange(2, dtype=np.uint8), images))
        return run.samples.read_bytes()


@property_test
@given(content=damaged([samples()]) | st.binary(max_size=50))
def test_samples(content: bytes, run: RunDirectory) -> None:
    run.samples.write_bytes(content)
    try:
        found = read_samples(run)
    except RunError:
        return
    assert found and found.images.shape == (len(found.labels), 28, 28)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"test_labels": np.full(2, 10, np.uint8)}, "the label 10 is none of 10 classes"),
        ({"test_labels": np.zeros(3, np.uint8)}, r"expected \(3, 10\), got \(2, 10\)"),
        ({"test_probabilities": np.full((2, 10), np.nan, np.float32)}, "from 0 to 1"),
        ({"test_probabilities": np.full((2, 10), 0.1)}, "float64, expected float32"),
    ],
)
def test_wrong_predictions_say_what_is_wrong(
    change: dict[str, Any], told: str, run: RunDirectory
) -> None:
    probabilities, labels = np.full((2, 10), 0.1, np.float32), np.zeros(2, np.uint8)
    arrays: dict[str, Any] = {f"{split}_labels": labels for split in ("validation", "test")}
    arrays |= {f"{split}_probabilities": probabilities for split in ("validation", "test")}
    np.savez(run.predictions, **arrays | change)

    with pytest.raises(RunError, match=rf"predictions\.npz is damaged: .*{told}"):
        read_predictions(run)


GOOD = {
    "temperature": np.array(1.5),
    "means": np.zeros((10, 392), np.float16),
    "bases": np.zeros((10, 2, 392), np.float16),
    "limit": np.array(0.5),
}
WRONG: dict[str, dict[str, Any]] = {
    "no temperature": {"temperature": None},
    "two temperatures": {"temperature": np.array([1.5, 1.5])},
    "one temperature in a list": {"temperature": np.array([1.5])},
    "a temperature of text": {"temperature": np.array("1.5")},
    "a temperature of NaN": {"temperature": np.array(np.nan)},
    "a temperature in float16": {"temperature": np.array(1.5, np.float16)},
    "an object": {"temperature": np.array({}, object)},
    "nine classes": {"means": GOOD["means"][:9], "bases": GOOD["bases"][:9]},
    "means of nine classes": {"means": GOOD["means"][:9]},
    "bases of nine classes": {"bases": GOOD["bases"][:9]},
    "flat bases": {"bases": GOOD["bases"][:, 0]},
    "float32": {"means": GOOD["means"].astype(np.float32)},
    "the other byte order": {"means": GOOD["means"].astype(">f2")},
    "whole numbers": {"bases": GOOD["bases"].astype(np.int16)},
    "the order of Fortran": {"bases": np.asfortranarray(GOOD["bases"])},
    "NaN": {"means": np.full((10, 392), np.nan, np.float16)},
    "no limit": {"limit": None},
    "an infinite limit": {"limit": np.array(np.inf)},
    "no bases": {"bases": None},
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_a_calibration_with_wrong_arrays_is_damaged(
    change: dict[str, Any], run: RunDirectory
) -> None:
    np.savez(run.calibration, allow_pickle=False, **GOOD)
    assert read_calibration(run).familiarity is not None
    arrays = {name: array for name, array in (GOOD | change).items() if array is not None}
    np.savez(run.calibration, allow_pickle=True, **arrays)  # one of them is an object

    with pytest.raises(RunError, match=r"calibration\.npz is damaged: ") as caught:
        read_calibration(run)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"(" * 9000,
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (1L,), }",  # of Python 2
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (2**60,), }",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (1152921504606846976,), }",
        b"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (), }",
        b"{1: 2, 'a': 3, None: 4}",
        b'"""',
        b"\x00\xff\n",
    ],
)
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_header_that_numpy_does_not_write_is_damage(
    header: bytes, compression: int, run: RunDirectory
) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(8)
        archive.writestr("temperature.npy", content)
    run.calibration.write_bytes(stream.getvalue())

    with pytest.raises(RunError, match=r"calibration\.npz is damaged: "):
        read_calibration(run)


@property_test
@given(content=damaged([CONFIG.encode()]) | st.binary(max_size=50))
def test_a_config(content: bytes, run: RunDirectory) -> None:
    run.config.write_bytes(content)
    readers: list[Callable[[], Any]] = [run.read_config, lambda: plan_continuation(run).file]
    for read in readers:
        try:
            file = read()
        except (ConfigError, RunError):
            continue
        assert file.config.layers[1].arguments["units"] == 10
