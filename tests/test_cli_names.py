"""Configs and runs by name, several configs, and what helps to find the way."""

import json
import os
import platform
import re
import subprocess
from pathlib import Path

import pytest
from commands import COMMAND, SMALL_CONFIG, run_command, run_in_process

from mnistcli.errors import RunError
from mnistcli.runs import find_run, latest_run

DIVERGING = SMALL_CONFIG.replace("Adam: {learning_rate: 5e-3}", "SGD: {learning_rate: 1e30}")


@pytest.mark.usefixtures("bare_runs")
def test_several_configs_train_in_turn_and_one_failure_is_not_all(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SMALL_CONFIG)
    (tmp_path / "b.yaml").write_text(DIVERGING)
    (tmp_path / "c.yaml").write_text(SMALL_CONFIG)
    configs = ("a.yaml", "b.yaml", "c.yaml")
    option = ("--set", "epochs=1")
    done = run_in_process("train", *configs, *option, "--json", "-q", folder=tmp_path)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert [Path(each["run"]).name[:2] for each in told["trained"]] == ["a-", "c-"]
    assert list(told["errors"]) == ["b.yaml"]
    assert told["errors"]["b.yaml"].startswith("the loss became NaN or infinite")
    assert "1 of 3 configs failed: b.yaml" in done.stderr
    assert len(list((tmp_path / "runs").iterdir())) == 3

    # All are checked first, by their texts and by Keras.
    (tmp_path / "b.yaml").write_text(SMALL_CONFIG.replace("units: 10", "units: 9"))
    done = run_in_process("train", *configs, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("b.yaml:4:20: error: the model ends in 9 units")
    (tmp_path / "b.yaml").write_text("epochs: ten\n")
    done = run_in_process("train", *configs, "none", folder=tmp_path)
    assert done.returncode == 2
    assert "b.yaml:1:9: error: epochs: expected a whole number" in done.stderr
    assert "none: error: there is no config file none" in done.stderr
    done = run_in_process("train", "mlp", "cnn", "--run-dir", "x", folder=tmp_path)
    assert done.returncode == 2
    assert "--run-dir names one folder, but there are 2 configs" in done.stderr
    assert len(list((tmp_path / "runs").iterdir())) == 3


def test_a_config_comes_from_standard_input(tmp_path: Path) -> None:
    done = subprocess.run(
        [COMMAND, "train", "-"],
        cwd=tmp_path,
        input="layers: [Flatten]\nepoch: 3\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("-:2:1: error: unknown key 'epoch'; did you mean 'epochs'?")


def test_configs_are_listed_and_copied(tmp_path: Path) -> None:
    done = run_in_process("configs", "--json", folder=tmp_path)
    assert "quickstart" in [each["name"] for each in json.loads(done.stdout)["configs"]]
    listed = run_in_process("configs", folder=tmp_path, COLUMNS="80").stdout.splitlines()
    assert max(map(len, listed)) <= 80
    assert [line.split()[-3:] for line in listed if line.startswith(" quickstart ")] == [
        ["99.09%", "10", "s"]
    ]
    done = run_in_process("configs", "copy", "cnn", "my.yaml", folder=tmp_path)
    assert done.stdout.splitlines()[-1] == "Next: mnistcli train my.yaml"
    text = (tmp_path / "my.yaml").read_text()
    for arguments, status, message in (
        (("mlp", "my.yaml"), 2, "my.yaml exists"),
        (("mpl", "x.yaml"), 2, "did you mean 'mlp'?"),
        (("mlp", "none/x.yaml"), 1, "cannot write none/x.yaml"),
    ):
        done = run_in_process("configs", "copy", *arguments, folder=tmp_path)
        assert done.returncode == status
        assert message in done.stderr
    assert (tmp_path / "my.yaml").read_text() == text
    assert [path.name for path in tmp_path.iterdir()] == ["my.yaml"]


def test_a_run_is_found_by_the_beginning_of_its_name(
    runs_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("mlp-1", "mlp-1-2", "cnn-1", ".new-run-x"):
        (runs_dir / name).mkdir(parents=True)
    (tmp_path / "cnn").mkdir()
    assert find_run(Path("mlp-1-")) == runs_dir / "mlp-1-2"
    assert find_run(Path("mlp-1")) == runs_dir / "mlp-1"
    for path in ("cnn", "builtin", "x", ".new", ".", "mlp/1", "x" * 300):
        assert find_run(Path(path)) == Path(path)
    with pytest.raises(RunError, match=r"2 runs begin with mlp: mlp-1, mlp-1-2\n"):
        find_run(Path("mlp"))
    with pytest.raises(RunError, match="no completed run"):
        latest_run()


def test_the_latest_run_is_shown_where_none_is_named(trained_run: Path, tmp_path: Path) -> None:
    folder = trained_run.parents[1]
    for arguments in (("training",), ("training", trained_run.name[:5])):
        out = tmp_path / f"{len(arguments)}.png"
        done = run_in_process("show", *arguments, "--out", out, folder=folder)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "1.png").read_bytes() == (tmp_path / "2.png").read_bytes()
    done = run_in_process("show", "features", "none.png", folder=folder)
    assert "none.png: no such file" in done.stderr
    done = run_in_process("show", "features", "a", "b", "c", folder=folder)
    assert done.returncode == 2


def test_help_is_that_of_the_command(tmp_path: Path) -> None:
    done = run_in_process("help", "show", "features", folder=tmp_path)
    assert done.stdout == run_in_process("show", "features", "--help", folder=tmp_path).stdout
    done = run_in_process("help", "trian", folder=tmp_path)
    assert done.returncode == 2
    assert "Did you mean 'train'?" in done.stderr


@pytest.mark.usefixtures("offline")
def test_the_doctor_says_what_is_there_and_what_is_missing(tmp_path: Path) -> None:
    done = run_in_process("doctor", "--json", folder=tmp_path)
    told = json.loads(done.stdout)
    assert told["versions"]["Python"] == platform.python_version()
    assert (told["mnist"], told["problems"], done.returncode) == (None, [], 0)
    assert told["runs"] == {"folder": str(tmp_path / "runs"), "count": 0}
    (tmp_path / "empty").mkdir()
    done = run_in_process("doctor", folder=tmp_path, MNISTCLI_DATA_DIR="empty")
    assert done.returncode == 1
    assert "MNISTCLI_DATA_DIR is set to empty" in done.stderr
    assert re.search(rf"Python +{re.escape(platform.python_version())}", done.stdout)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mnistcli repo", ["report"]),
        ("mnistcli train qu", ["quickstart"]),
        ("mnistcli train --se", ["--set", "--seeds"]),
        ("mnistcli train mlp --set layers.2.Dropout.r", ["layers.2.Dropout.rate="]),
        ("mnistcli train none --set epo", ["epochs="]),
        ("mnistcli evaluate sm", ["small-1"]),
        ("mnistcli export small-1 --format litert-", ["litert-int8"]),
        ("mnistcli train o", ["own.yaml"]),
        ("mnistcli predict x", []),
    ],
)
def test_a_shell_completes(line: str, expected: list[str], tmp_path: Path) -> None:
    (tmp_path / "runs" / "small-1").mkdir(parents=True)
    (tmp_path / "own.yaml").touch()
    done = run_in_process(line, folder=tmp_path, MNISTCLI_COMPLETION="bash")
    assert done.stdout.splitlines() == expected


def test_bash_asks_the_command_and_imports_nothing_slow(tmp_path: Path) -> None:
    script = (
        'source <(mnistcli completion bash); COMP_LINE="mnistcli train mlp --set optimizer.Adam.l"'
        '; COMP_POINT=${#COMP_LINE}; _mnistcli mnistcli; echo "${COMPREPLY[*]}"'
    )
    environment = os.environ | {"PATH": f"{COMMAND.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "optimizer.Adam.learning_rate=\n"
    variables = {"MNISTCLI_COMPLETION": "zsh", "PYTHONPROFILEIMPORTTIME": "1"}
    done = run_command("mnistcli summary mlp --set epo", folder=tmp_path, **variables)
    assert done.stdout == "epochs=\n"
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not imported & {"tensorflow", "numpy", "rich"}
