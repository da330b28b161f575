"""A config that was made for one data set, trained on another: offline, on `digits`."""

import shlex
from pathlib import Path

import pytest
from commands import invoke
from config_texts import Load, shipped_configs

from mnistcli.config import load_config
from mnistcli.data import load_dataset, split_validation

CONFIGS = Path(__file__).parents[1] / "configs"
SMALL = "layers: [Dense: {units: 10, activation: softmax}]\nepochs: 1\n"


def test_every_shipped_config_fits_digits() -> None:
    digits = load_dataset("digits")
    paths = shipped_configs()
    assert len(paths) > 20
    for path in paths:
        # Sizes are checked here, since those of `digits` are known.
        config = load_config(path, ["data.dataset=digits"]).config
        splits = split_validation(digits, config.data.validation, config.data.split_seed)
        assert len(splits.validation) >= 40, path
        assert len(splits.train) >= 4 * config.batch_size, path


@pytest.mark.parametrize(
    ("data", "options", "validation"),
    [
        ("{validation: 6000}", ["data.dataset=digits"], 0.1),
        # The same data may lie elsewhere now.
        ("{dataset: mnist, validation: 6000}", ["data.dataset=./mnist.npz"], 6000),
        ("{dataset: digits, validation: 719}", ["epochs=2", "data.dataset=mnist"], 0.5),
        ("{dataset: mnist, validation: 0.25}", ["data.dataset=digits"], 0.25),
        ("{dataset: mnist, validation: test}", ["data.dataset=digits"], "test"),
        # Of a set whose size is not known, a number stays a number.
        ("{dataset: ./a.npz, validation: 600}", ["data.dataset=digits"], 600),
        # The option's number is of the option's data set, whichever comes first.
        ("{validation: 6000}", ["data.dataset=digits", "data.validation=100"], 100),
        ("{validation: 6000}", ["data.validation=100", "data.dataset=digits"], 100),
        ("{validation: 6000}", ["data={dataset: digits, validation: 100}"], 100),
        ("{validation: 6000}", ["data={dataset: digits}"], 0.1),
        ("{dataset: mnist, validation: 6000}", ["data.dataset=mnist"], 6000),
        ("{dataset: mnist, validation: 6000}", ["epochs=2"], 6000),
        ("", ["data.dataset=digits"], 0.1),
    ],
)
def test_a_number_of_images_goes_with_the_data_set_beside_it(
    load: Load, data: str, options: list[str], validation: float | str
) -> None:
    config = load(f"{SMALL}data: {data}\n", *options).config
    assert config.data.validation == validation


@pytest.mark.usefixtures("offline")
def test_without_mnist_the_command_in_the_error_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs_dir: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (CONFIGS / "mlp.yaml").read_text()
    (tmp_path / "my config.yaml").write_text(text)
    error = invoke("train", "my config.yaml", "--quiet", "--set", "epochs=1", "--set", "seed=3")
    *_, fix = str(error).splitlines()
    before, _, command = fix.partition(" digits: ")
    assert before == "  or: train without the internet, on scikit-learn's"

    program, *arguments = shlex.split(command)
    assert program == "mnistcli"
    assert invoke(*arguments, "--quiet") is None

    (run,) = runs_dir.iterdir()
    config = load_config(run / "config.yaml").config
    assert (config.data.dataset, config.epochs, config.seed) == ("digits", 1, 3)


@pytest.mark.usefixtures("offline")
def test_the_command_is_not_named_where_it_would_not_help(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"{SMALL}data: {{dataset: ./nowhere.npz}}\n")
    error = str(invoke("train", path))
    assert f"looked for {tmp_path}/nowhere.npz" in error
    assert "digits:" not in error
