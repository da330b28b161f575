"""`mnistcli export`, as typed, and what other programs make of it."""

import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from commands import invoke, run_in_process

from mnistcli.artifacts import restore_network
from mnistcli.cli.export import Format
from mnistcli.config import dump_config, parse_config
from mnistcli.data import Dataset
from mnistcli.engine import EvaluationLoop
from mnistcli.errors import MnistcliError, StopSignal
from mnistcli.exports import FORMATS
from mnistcli.recognition import NetworkClassifier, read_calibration
from mnistcli.runs import RunDirectory

ALL = [option for name in FORMATS for option in ("--format", name)]
FLOAT_MODELS = ("onnx", "saved_model", "litert")


@pytest.fixture(scope="module")
def exported(trained_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in a folder with a space, exported in each format; not to be changed."""
    run: Path = shutil.copytree(trained_run, tmp_path_factory.mktemp("a folder") / "my run")
    assert invoke("export", run, *ALL) is None
    return run


@pytest.fixture
def run(trained_run: Path, tmp_path: Path) -> Path:
    """A run that was not exported."""
    copy: Path = shutil.copytree(trained_run, tmp_path / "run")
    return copy


def refusal(run: Path, *arguments: object) -> str:
    """The message of `export`, which changes nothing in the run."""
    before = sorted(run.rglob("*"))
    error = invoke("export", run, *arguments)
    assert error is not None
    assert sorted(run.rglob("*")) == before
    return str(error)


def answer_of_keras(run: RunDirectory, images: np.ndarray) -> np.ndarray:
    network = restore_network(run)
    compute, temperature = EvaluationLoop(network).predict, read_calibration(run).temperature
    probabilities = NetworkClassifier(compute, network.output_kind, temperature)(images)
    return np.asarray(probabilities[0])


def test_the_formats_of_the_command_are_those_of_the_library() -> None:
    assert [name.value for name in Format] == [*FORMATS, Format.PYTHON]


def test_the_terminal_shows_each_export_and_what_to_type_next(run: Path) -> None:
    names = ("tensorboard", "litert", "litert-int8")
    options = [option for name in names for option in ("--format", name)]
    done = run_in_process("export", "run", *options, folder=run.parent, COLUMNS="60")

    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines() if line.strip()]
    rows = {cells[0]: cells for cells in lines}
    assert rows["tensorboard"][3:] == ["-", "-", "-"]
    size = (run / "model.tflite").stat().st_size
    assert rows["litert"][1:3] == [f"{size / 1000:.1f}", "kB"]
    accuracy = (RunDirectory(run).read_record().metrics or {})["test_accuracy"]
    assert accuracy is not None
    assert rows["litert"][3:6] == [f"{accuracy * 100:.2f}%", "0.00", "points"]
    assert float(rows["litert"][6]) < 1e-5 < float(rows["litert-int8"][6])
    assert f"Written to run/exports/{names[-1]}" in done.stdout
    assert done.stdout.splitlines()[-1] == "Next: cat run/exports/litert-int8/README.md"
    assert max(len(line) for line in done.stdout.splitlines()) <= 60


def test_each_export_has_the_model_and_its_description(exported: Path) -> None:
    folders = {path.name: path for path in (exported / "exports").iterdir()}
    assert set(folders) == set(FORMATS)
    for name in (*FLOAT_MODELS, "litert-int8"):
        document = json.loads((folders[name] / "export.json").read_text())
        check = document["check"]
        assert (document["format"], check["images"]) == (name, 359)
        assert check["accuracy_lost"] <= (0.001 if name == "litert-int8" else 0)
        assert (check["largest_difference"] < 1e-4) == (name in FLOAT_MODELS)
        readme = (folders[name] / "README.md").read_text()
        assert "float32 of shape (N, 28, 28, 1)" in readme
        assert "pixel * 0.00392157 + 0" in readme
        assert f"{document['bytes']:,} bytes" in readme
        assert (folders[name] / FORMATS[name].file).exists()
    lite_model = (folders["litert"] / "model.tflite").read_bytes()
    assert lite_model == (exported / "model.tflite").read_bytes()
    assert (folders["litert-int8"] / "model.tflite").stat().st_size < 0.35 * len(lite_model)


@pytest.mark.parametrize("name", [*FLOAT_MODELS, "litert-int8"])
def test_the_lines_of_the_readme_give_the_answer_of_keras(
    name: str, exported: Path, digits: Dataset
) -> None:
    folder = exported / "exports" / name
    code = python_of(folder)
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 10
    done = run_python(code, folder)

    digit, confidence = done.stdout.split()
    expected = answer_of_keras(RunDirectory(exported), digits.test_images[:1])
    assert int(digit) == expected.argmax()
    tolerance = 1e-4 if name in FLOAT_MODELS else 0.1
    assert float(confidence) == pytest.approx(expected.max(), abs=tolerance)


def test_tensorboard_reads_the_metrics_of_the_run(
    exported: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder, run = exported / "exports" / "tensorboard", RunDirectory(exported)
    rows = run.read_metrics()
    train, validation = (
        EventAccumulator(str(folder / name)).Reload() for name in ("train", "validation")
    )
    assert validation.Tags()["scalars"] == ["epoch_loss", "epoch_accuracy"]
    assert set(validation.Tags()["scalars"]) < set(train.Tags()["scalars"])
    for events, prefix, column in (
        (train, "", "loss"),
        (train, "", "learning_rate"),
        (validation, "val_", "accuracy"),
    ):
        scalars = events.Scalars(f"epoch_{column}")
        assert [scalar.step for scalar in scalars] == list(range(31))
        values = [row[f"{prefix}{column}"] for row in rows]
        assert [scalar.value for scalar in scalars] == pytest.approx(values, rel=1e-6)
    times = [scalar.wall_time for scalar in train.Scalars("epoch_loss")]
    assert times == sorted(times)
    assert times[-1] - times[0] == pytest.approx(sum(row["seconds"] for row in rows))
    monkeypatch.chdir(folder)
    exec(python_of(folder))  # TensorBoard starts TensorFlow, which takes seconds elsewhere
    first, *_, last = capfd.readouterr().out.splitlines()
    assert (first.split()[0], last.split()[0]) == ("0", "30")


def test_metrics_are_exported_without_tensorflow(run: Path) -> None:
    values = {"loss": None, "val_loss": math.inf}  # of a training that failed
    rows = RunDirectory(run).read_metrics()
    RunDirectory(run).write_metrics([*rows, rows[-1] | values | {"epoch": len(rows)}])
    code = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
        f"sys.argv = ['mnistcli', 'export', {str(run)!r}, '--format', 'tensorboard']\n"
        "from mnistcli.__main__ import main; main()"
    )
    next_line = run_python(code, run).stdout.splitlines()[-1]
    assert next_line == f"Next: tensorboard --logdir {run}/exports/tensorboard"


def test_json_is_all_that_stdout_holds(run: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = run.parent / "out" / "lite"
    assert invoke("export", run, "--format", "litert", "--out", out, "--json") is None

    document = json.loads(capfd.readouterr().out)
    (export,) = document["exports"]
    assert (document["run"], export["path"], export["format"]) == (str(run), str(out), "litert")
    assert export["check"]["keras_errors"] == export["check"]["errors"]


def test_a_folder_that_exists_is_replaced_only_by_force(
    run: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    options = ("--format", "tensorboard")
    assert invoke("export", run, *options) is None
    folder = run / "exports" / "tensorboard"
    (folder / "train" / "mine").touch()

    assert f"{folder} exists already\n  expected a new folder" in refusal(run, *options)

    assert invoke("export", run, *options, "--force") is None
    assert [path.name for path in folder.parent.iterdir()] == ["tensorboard"]
    assert not (folder / "train" / "mine").exists()


def test_what_export_did_not_make_is_never_replaced(run: Path) -> None:
    mine = run.parent / "mine"
    mine.mkdir()
    (mine / "README.md").touch()
    link = run.parent / "link"
    link.symlink_to(mine)
    for path in (mine, link, run.parent):
        error = refusal(run, "--format", "tensorboard", "--force", "--out", path)
        assert error.startswith(f"{path} is not replaced: it has no export.json")
    assert (mine / "README.md").exists()


@pytest.mark.parametrize("out", ["/proc/nowhere/model", "file/model", "long" * 100])
def test_a_place_that_cannot_be_written_is_refused(out: str, run: Path) -> None:
    (run.parent / "file").touch()
    error = refusal(run, "--format", "tensorboard", "--out", run.parent / out)
    assert error.startswith(("cannot make ", "cannot write "))


def test_one_folder_cannot_hold_two_formats(run: Path) -> None:
    options = ("--format", "onnx", "--format", "litert")
    assert "--out names one folder, but there are 2" in refusal(run, *options, "--out", "x")


@pytest.mark.parametrize(
    ("name", "package"), [("onnx", "tf2onnx"), ("onnx", "onnxruntime"), ("tensorboard",) * 2]
)
def test_a_runtime_that_is_missing_is_named_with_what_installs_it(
    name: str, package: str, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    error = refusal(run, "--format", "litert", "--format", name)
    assert error == (
        f"the format {name} needs packages that are not installed: {package}\n"
        f"  install them: pip install 'mnistcli[{name}]'"
    )


CHECKS: dict[str, tuple[str, str, object, str]] = {
    "float": (
        "litert",
        "largest_difference",
        lambda *_: 2e-4,
        "litert gives other outputs than Keras: they differ by 0.0002, more than 0.0001",
    ),
    "NaN": ("saved_model", "largest_difference", lambda *_: math.nan, "differ by nan, more"),
    "int8": ("litert-int8", "allowed_errors", lambda _: -100, "litert-int8 loses "),
    "large": ("litert-int8", "_measure_size", lambda _: 10**9, "takes 1,000,000,000 bytes"),
    "stopped": ("litert", "_check", StopSignal(15), ""),
    "full disk": ("litert", "_check", OSError(28, "No space left on device"), "cannot write "),
}


@pytest.mark.parametrize("case", CHECKS)
def test_nothing_is_kept_of_an_export_that_fails(
    case: str, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, attribute, replacement, message = CHECKS[case]
    if isinstance(replacement, BaseException):
        replacement = failing(replacement)
    monkeypatch.setattr(f"mnistcli.exports.model.{attribute}", replacement)
    if case == "stopped":
        with pytest.raises(StopSignal):
            invoke("export", run, "--format", name)
    else:
        assert message in refusal(run, "--format", name)
    assert not (run / "exports").exists()


def test_what_was_made_before_a_failure_stays(
    run: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mnistcli.exports.model.allowed_errors", lambda _: -100)
    error = invoke("export", run, "--format", "litert-int8", "--format", "litert")
    assert isinstance(error, MnistcliError)
    assert [path.name for path in (run / "exports").iterdir()] == ["litert"]
    assert f"Written to {run}/exports/litert\n" in capfd.readouterr().out


def test_a_damaged_file_is_not_copied(run: Path) -> None:
    with (run / "model.tflite").open("r+b") as file:
        file.seek(100)
        file.write(b"damage")
    assert "model.tflite is damaged or of another run" in refusal(run, "--format", "litert")


def test_a_run_in_16_bits_is_exported_in_float32(run: Path) -> None:
    directory = RunDirectory(run)
    text = directory.config.read_text()
    text = dump_config(parse_config(text, "altered", ("precision=mixed_bfloat16",)).config)
    directory.config.write_text(text)
    record = msgspec.structs.replace(directory.read_record(), config=text, artifacts={})
    directory.write_record(record)  # LiteRT has no bfloat16, so there was no model.tflite

    assert invoke("export", run, "--format", "litert", "--format", "onnx") is None

    readme = (run / "exports" / "onnx" / "README.md").read_text()
    assert "trained in mixed_bfloat16" in readme


def test_an_ensemble_is_exported_as_any_run(trained_run: Path, run: Path, digits: Dataset) -> None:
    ensemble = run.parent / "ensemble"
    assert invoke("ensemble", trained_run, run, "--run-dir", ensemble) is None

    assert invoke("export", ensemble, "--format", "onnx") is None

    folder = ensemble / "exports" / "onnx"
    digit, confidence = run_python(python_of(folder), folder).stdout.split()
    expected = answer_of_keras(RunDirectory(ensemble), digits.test_images[:1])
    assert int(digit) == expected.argmax()
    assert float(confidence) == pytest.approx(expected.max(), abs=1e-4)
    assert "has no training of its own" in refusal(ensemble, "--format", "tensorboard")


def python_of(folder: Path) -> str:
    """The Python in an export's README."""
    match = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    assert match
    return match[1]


def run_python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def failing(error: BaseException) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail
