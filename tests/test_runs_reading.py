"""Whatever lies in a run directory is read, or refused at once."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from run_records import ON_MNIST, make_record

from mnistcli.errors import RunError
from mnistcli.recognition import load_lite_model, read_calibration
from mnistcli.reports import read_samples
from mnistcli.runs import (
    RunDirectory,
    choose_run,
    lock_folder,
    open_run_directory,
    plan_continuation,
)
from mnistcli.runs.arrays import open_arrays
from mnistcli.scores import read_predictions

CONFIG = "name: small\nlayers: [Flatten, Dense: {units: 10, activation: softmax}]\n"


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    """Ends a test that waits."""

    def raise_error(*_: object) -> None:
        pytest.fail("it waits for what never comes")  # no OSError, which a reader would catch

    before = signal.signal(signal.SIGALRM, raise_error)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    run = RunDirectory(tmp_path / "run")
    run.checkpoints.mkdir(parents=True)
    run.config.write_text(CONFIG)
    record = make_record(status="completed", finished="2026", config=CONFIG, dataset=ON_MNIST)
    run.write_record(record)
    return run


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(path))


def make_link_to_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def make_link_to_file(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def make_folder(path: Path) -> None:
    path.mkdir()


KINDS = {
    "is a pipe": make_pipe,
    "is a socket": make_socket,
    "is a link to /dev/zero": make_link_to_device,
    "is a link to /etc/hostname": make_link_to_file,
    "is a folder": make_folder,
}


def lock(run: RunDirectory) -> None:
    with lock_folder(run.path):
        pass


def open_checkpoint(run: RunDirectory) -> None:
    with open_arrays(run.best_checkpoint):
        pass


READERS: dict[str, Callable[[RunDirectory], object]] = {
    "run.json": RunDirectory.read_record,
    "config.yaml": RunDirectory.read_config,
    "metrics.jsonl": RunDirectory.read_metrics,
    "calibration.npz": read_calibration,
    "predictions.npz": read_predictions,
    "samples.npz": read_samples,
    "model.tflite": lambda run: load_lite_model(run.lite_model, "0" * 64),
    "checkpoints/best.npz": open_checkpoint,
}


@pytest.mark.parametrize("told", KINDS)
@pytest.mark.parametrize("name", READERS)
def test_a_file_that_is_none_is_refused_by_its_reader(
    run: RunDirectory, name: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.path)  # the name of a socket is at most 100 bytes long
    Path(name).unlink(missing_ok=True)
    KINDS[told](Path(name))

    with pytest.raises(RunError, match=f"{name} {told}"):
        READERS[name](RunDirectory(Path()))


@pytest.mark.parametrize("told", [each for each in KINDS if each != "is a folder"])
@pytest.mark.parametrize("place", ["x", "figures/x.png", "checkpoints/best.npz", "a/b/c/x"])
def test_a_run_with_anything_but_files_is_refused_before_it_is_read(
    run: RunDirectory, place: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.record.write_text("not yet read")
    monkeypatch.chdir(run.path)
    Path(place).parent.mkdir(parents=True, exist_ok=True)
    KINDS[told](Path(place))

    with pytest.raises(RunError, match=f"{place} {told}"):
        open_run_directory(Path())


@pytest.mark.parametrize("make", [make_pipe, make_folder, make_link_to_file])
def test_a_lock_that_is_no_file_is_refused(run: RunDirectory, make: Callable[[Path], None]) -> None:
    make(run.path / ".lock")

    with pytest.raises(RunError, match=r"\.lock"):
        lock(run)


def test_a_listing_passes_over_what_is_no_run(run: RunDirectory, runs_dir: Path) -> None:
    runs_dir.mkdir()
    last = run.path.rename(runs_dir / "last")
    for name, make in KINDS.items():
        (runs_dir / name.replace("/", "")).mkdir()
        with suppress(OSError):  # a socket's name may be too long here
            make(runs_dir / name.replace("/", "") / "run.json")

    assert choose_run()[0].path == last


def test_a_file_that_is_too_large_is_refused(run: RunDirectory) -> None:
    for path in (run.record, run.config, run.calibration, run.lite_model):
        path.touch()
        os.truncate(path, 2**40)  # takes no room on the disk
    for name in ("run.json", "config.yaml", "model.tflite"):
        with pytest.raises(RunError, match="is larger than"):
            READERS[name](run)


def test_an_array_file_that_claims_a_terabyte_is_damaged(run: RunDirectory) -> None:
    run.calibration.touch()
    os.truncate(run.calibration, 2**40)

    with pytest.raises(RunError, match=r"calibration\.npz is damaged"):
        read_calibration(run)


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("softmax", "relu", "layers.1.Dense.activation: softmax -> relu"),
        ("units: 10", "units: 11", "layers.1.Dense.units: 10 -> 11"),
        ("layers:", "seed: 3\nlayers:", "seed: 0 -> 3"),
        ("layers:", "batch_size: 64\nlayers:", "batch_size: 32 -> 64"),
    ],
)
def test_a_config_changed_by_hand_is_refused_as_an_override_is(
    run: RunDirectory, old: str, new: str, change: str
) -> None:
    run.config.write_text(CONFIG.replace(old, new))

    with pytest.raises(RunError, match=r"config\.yaml was changed after the run was tr") as caught:
        run.read_config()
    assert f"\n  {change}\n" in str(caught.value)
    with pytest.raises(RunError, match="cannot go on with other settings") as caught:
        plan_continuation(run)
    assert f"\n  {change}\n" in str(caught.value)


def test_a_config_changed_by_hand_where_an_override_may_is_taken(run: RunDirectory) -> None:
    assert plan_continuation(run).is_finished
    run.config.write_text(
        f"# mine\n\nepochs: 9\nearly_stopping: {{}}\n{CONFIG}".replace("\n", "\r\n")
    )

    assert run.read_config().config.epochs == 9
    continuation = plan_continuation(run)
    assert (continuation.file.config.epochs, continuation.is_finished) == (9, False)


def test_comments_change_nothing(run: RunDirectory) -> None:
    run.config.write_text(f"# mine\n{CONFIG}")

    assert plan_continuation(run).is_finished
    assert run.read_config().config.layers[0].name == "Flatten"


def test_a_run_that_kept_no_config_is_read_as_it_is(run: RunDirectory) -> None:
    run.write_record(make_record())
    run.config.write_text(CONFIG.replace("10", "11"))

    assert run.read_config().config.layers[1].arguments["units"] == 11
    assert not plan_continuation(run).is_finished
