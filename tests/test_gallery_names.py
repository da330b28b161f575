"""Configs by name, in the checkout and in an installed package."""

import tomllib
from pathlib import Path

import pytest

from mnistcli import gallery
from mnistcli.config import load_config
from mnistcli.errors import ConfigError
from mnistcli.gallery import copy_config, describe_config, find_config, list_names
from mnistcli.sweeps import load_plan

ROOT = Path(__file__).parents[1]


def test_a_name_means_the_shipped_config_and_a_file_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "papers").mkdir()
    (tmp_path / "cnn").mkdir()  # a folder is no config
    assert load_config("cnn").path == gallery.gallery_folder() / "cnn.yaml"
    assert load_config("papers/lenet5").config.name == "lenet5"
    (tmp_path / "cnn").rmdir()
    (tmp_path / "cnn").write_text("layers: [Flatten]\n")
    assert len(load_config("cnn").config.layers) == 1
    for path in ("../cnn", "cnn.yaml", "", "papers", "/cnn"):
        assert find_config(Path(path)) == Path(path)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("quikstart", "quickstart"), ("papers/lenet6", "papers/lenet5"), ("small.yml", "small.yaml")],
)
def test_a_misspelt_name_is_told_the_nearest(
    name: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").touch()
    with pytest.raises(ConfigError, match=f"no config file {name}; did you mean '{hint}'"):
        load_config(name)


def test_the_headers_say_what_each_is_and_what_it_measured() -> None:
    configs = {name: describe_config(name) for name in list_names()}
    for name, config in configs.items():
        assert 10 < len(config.title) < 200
        assert "mnistcli" not in config.title
        if not name.startswith("sweeps/"):
            assert config.accuracy is not None and 0.9 < config.accuracy < 1
            assert config.deviation is not None and config.seconds is not None
    assert configs["papers/linear"].accuracy == 0.9146  # its header has the error, 8.54%
    assert list(configs)[:2] == ["best", "cnn"]


def test_a_copy_is_the_same_config_and_names_itself(tmp_path: Path) -> None:
    copy = tmp_path / "own.yaml"
    copy.write_text(copy_config("papers/lenet5", copy))
    text = copy.read_text()
    assert "$schema" not in text
    assert f"# mnistcli train {copy}\n" in text
    config = load_config(copy).config
    assert config.model_copy(update={"name": "lenet5"}) == load_config("papers/lenet5").config


def test_a_copy_of_a_sweep_finds_its_config(tmp_path: Path) -> None:
    copy = tmp_path / "own.yaml"
    copy.write_text(copy_config("sweeps/mlp", copy))
    plan, original = (load_plan(path, {}, ()) for path in (copy, Path("sweeps/mlp")))
    assert plan.config == original.config
    assert plan.space == original.space


def test_the_wheel_takes_the_configs_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (target,) = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"].values()
    package = tmp_path / "mnistcli"
    (package / "configs").mkdir(parents=True)
    (package / "configs" / "mine.yaml").touch()
    monkeypatch.setattr(gallery, "_PACKAGE", package)
    assert gallery.gallery_folder() == tmp_path / target
    assert list_names() == ["mine"]
