"""A config means one network, whatever the user's settings of Keras are."""

import json
from pathlib import Path

import pytest
from commands import run_command

CONFIG = """\
layers:
  - Conv2D: {filters: 4, kernel_size: 5, strides: 2, activation: relu}
  - Flatten
  - Dropout: {rate: 0.3}
  - Dense: {units: 10, activation: softmax}
epochs: 1
data: {dataset: digits}
"""
COLUMNS = ("loss", "accuracy", "val_loss", "val_accuracy")
CHANNELS_FIRST = {
    "backend": "jax",
    "floatx": "float16",
    "epsilon": 0.1,
    "image_data_format": "channels_first",
}
NONSENSE = {"backend": "none", "floatx": "int1", "epsilon": "x", "image_data_format": 3}


ARGUMENTS = ("train", "c.yaml", "--run-dir", "run", "--quiet")


def train(folder: Path, **variables: str) -> list[tuple[float, ...]]:
    (folder / "c.yaml").write_text(CONFIG)
    done = run_command(*ARGUMENTS, folder=folder, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    lines = (folder / "run" / "metrics.jsonl").read_text().splitlines()
    return [tuple(json.loads(line)[column] for column in COLUMNS) for line in lines]


@pytest.fixture(scope="module")
def plain_rows(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[float, ...]]:
    """What is trained without any settings, and without a home and a folder for temporary files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("HOME", raising=False)
        return train(tmp_path_factory.mktemp("plain"), TMPDIR="/nowhere")


def test_no_home_and_no_temporary_folder_are_needed(plain_rows: list[tuple[float, ...]]) -> None:
    assert len(plain_rows) == 2


@pytest.mark.parametrize("settings", [CHANNELS_FIRST, NONSENSE], ids=["other", "nonsense"])
def test_settings_of_the_user_change_no_number(
    settings: dict[str, object], plain_rows: list[tuple[float, ...]], tmp_path: Path
) -> None:
    home = tmp_path / "keras"
    home.mkdir()
    text = json.dumps(settings)
    (home / "keras.json").write_text(text)
    rows = train(tmp_path, KERAS_HOME=str(home), KERAS_BACKEND="jax")
    assert rows == plain_rows
    assert [path.name for path in home.iterdir()] == ["keras.json"]
    assert (home / "keras.json").read_text() == text
