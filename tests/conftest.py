"""What tests of several modules share."""

import gc
import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
import pytest
from commands import SMALL_CONFIG, run_in_process
from config_texts import ErrorsOf, Load, load_written
from PIL import Image

from mnistcli.config import ConfigFile
from mnistcli.data import MNIST_DATA_DIR, Dataset, load_dataset
from mnistcli.errors import STOP_SIGNALS, ConfigError

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from trainings import Trained


# As the command sets it before it starts TensorFlow, which a test may import first.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

# Files that take 15 seconds of processor time or more: they start first, so that none is left at
# the end with one worker busy.
LONGEST = (
    *("test_any_file", "test_cli_ensemble", "test_cli_ensemble_members", "test_cli_faults"),
    *("test_cli_streams", "test_cli_train", "test_config_built", "test_draw_page", "test_engine"),
    *("test_ensembles", "test_kills", "test_model_backend", "test_output_kinds"),
    *("test_pages", "test_recognition_lite", "test_sweeps_database", "test_training"),
    *("test_training_resume", "test_write_faults"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.stem not in LONGEST)


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays: TensorFlow collects at each conversion."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def heeded_signals() -> None:
    """A shell's `&` and `nohup` have a command ignore signals, and with it those that it starts."""
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is signal.SIG_IGN:
            is_interrupt = number == signal.SIGINT
            default = signal.default_int_handler if is_interrupt else signal.SIG_DFL
            signal.signal(number, default)


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """1,438 training and 359 test images."""
    return load_dataset("digits")


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without MNIST whose network is down."""
    monkeypatch.delenv(MNIST_DATA_DIR, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))
    monkeypatch.setattr("mnistcli.data.download.MIRRORS", ("http://127.0.0.1:1/",))


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of the user's cache."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *_, **__: str(folder))
    return folder


@pytest.fixture(scope="session")
def load_text(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Loads the text of a config from a file named small.yaml."""

    def load(text: str, *overrides: str) -> ConfigFile:
        return load_written(tmp_path_factory.mktemp("config") / "small.yaml", text, *overrides)

    return load


@pytest.fixture(scope="session")
def trained(
    load_text: Load, digits: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> "Trained":
    """A completed run of `trainings.TEXT`, not to be changed."""
    from trainings import train_small  # imports TensorFlow

    return train_small(load_text, digits, tmp_path_factory.mktemp("training"))


@pytest.fixture(scope="session")
def pair(
    load_text: Load, digits: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """Two runs of the same config with different seeds, not to be changed."""
    from trainings import train_pair  # imports TensorFlow

    return train_pair(load_text, digits, tmp_path_factory.mktemp("pair"))


@pytest.fixture(name="bare_runs")
def make_bare_runs() -> Iterator[None]:
    """What `trainings.bare_runs` does, throughout a test; not for what its fixtures train."""
    from trainings import bare_runs  # imports TensorFlow

    with bare_runs():
        yield


@pytest.fixture
def runs_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Takes the place of runs/."""
    path = tmp_path / "runs"
    monkeypatch.setenv("MNISTCLI_RUNS_DIR", str(path))
    return path


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 30 epochs on `digits`, made by the command, alone in its folder's runs/.

    It is not to be changed: the order of the files of tests is not fixed.
    """
    folder = tmp_path_factory.mktemp("trained")
    (folder / "small.yaml").write_text(SMALL_CONFIG)
    arguments = ("train", "small.yaml", "--quiet", "--set", "epochs=30")
    done = run_in_process(*arguments, folder=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "test accuracy" in done.stdout
    (run,) = (folder / "runs").iterdir()
    return run


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Chromium. Not for a session: its loop of events would be in the way of others."""
    from browsers import open_browser  # imports playwright

    with open_browser() as browser:
        yield browser


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads the text of a config from the file c.yaml in the test's folder."""
    return partial(load_written, tmp_path / "c.yaml")


@pytest.fixture
def errors_of(load: Load, tmp_path: Path) -> ErrorsOf:
    """The lines of the errors of a config, with the file's folder left out."""

    def load_wrong(text: str, *overrides: str) -> list[str]:
        with pytest.raises(ConfigError) as error:
            load(text, *overrides)
        return str(error.value).replace(f"{tmp_path}/", "").split("\n")

    return load_wrong


@pytest.fixture
def pictures(tmp_path: Path, digits: Dataset) -> Path:
    """Twelve test digits as pictures of ink on paper, named for their labels."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(12):
        picture = Image.fromarray(255 - digits.test_images[i]).resize((112, 112))
        picture.save(folder / f"{i:02d}-is-{digits.test_labels[i]}.png")
    return folder
