"""What holds for the command as a whole."""

import errno
import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from commands import PATIENCE_SECONDS, run_command, run_in_process, run_piped

from mnistcli.cli.refusals import explain_refusal

TYPO = "layers: [Flatten, {Dense: {unit: 10}}]\nbatchsize: 3\n"


def test_help_names_every_command(tmp_path: Path) -> None:
    done = run_command("--help", folder=tmp_path)
    assert done.returncode == 0
    for command in ("train", "evaluate", "predict", "report", "summary", "schema"):
        assert f"\n  {command} " in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["train", "typo.yaml"], ["schema"], ["reproduce", "--help"], ["show", "--help"]],
)
def test_what_needs_no_tensorflow_does_not_load_it(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "typo.yaml").write_text(TYPO)
    done = run_command(*arguments, folder=tmp_path, PYTHONPROFILEIMPORTTIME="1")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "mnistcli.cli.app" in imported
    assert not imported & {"tensorflow", "keras", "sklearn", "numpy"}


def test_keras_starts_without_what_it_would_import_for_nothing() -> None:
    code = (
        "import sys\n"
        "from mnistcli.cli.console import tensorflow_starting\n"
        "with tensorflow_starting(quiet=True):\n"
        "    import keras\n"
        "assert not sys.modules.keys() & {'sklearn', 'jax', 'matplotlib', 'pandas', 'scipy'}\n"
        "import matplotlib.figure, sklearn\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENCE_SECONDS)


def test_all_config_errors_come_at_once_with_their_places(tmp_path: Path) -> None:
    (tmp_path / "typo.yaml").write_text(TYPO)
    done = run_command("train", "typo.yaml", folder=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "typo.yaml:1:28: error: Dense has no argument 'unit'; did you mean 'units'?",
        "typo.yaml:2:1: error: unknown key 'batchsize'; did you mean 'batch_size'?",
        "2 errors in typo.yaml",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["typo.yaml"]


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["trian"], "Begin with: mnistcli train quickstart"),
        (
            ["train", "--seed", "3"],
            "--set changes a key of the config: --set seed=VALUE",
        ),
        (["compare"], "Example: mnistcli compare runs/first runs/second"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_to_type(
    tmp_path: Path, arguments: list[str], advice: str
) -> None:
    done = run_in_process(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1] == advice


def test_version_is_the_package_version(tmp_path: Path) -> None:
    from mnistcli import __version__

    told = run_command("--version", folder=tmp_path).stdout
    assert told.startswith(f"mnistcli {__version__} (Python {platform.python_version()}, Tensor")
    assert run_command("-V", folder=tmp_path).stdout == told


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    done = run_piped("schema", "head -c 20", tmp_path)
    assert len(done.stdout) == 20
    assert done.stderr == ""


def test_the_schema_is_one_json_document(tmp_path: Path) -> None:
    schema = json.loads(run_command("schema", folder=tmp_path).stdout)
    assert "Conv2D" in schema["$defs"]["layers"]["anyOf"][2]["properties"]


def test_memory_that_a_library_lacks_is_one_clear_error() -> None:
    import cv2
    import numpy as np
    from PIL import Image

    for allocate in (
        lambda: np.empty(2**62, np.uint8),
        lambda: cv2.resize(np.zeros((2, 2), np.uint8), (2**31 - 1, 2**31 - 1)),
        lambda: Image.new("L", (2**30, 2**30)),
    ):
        with pytest.raises(Exception) as caught:  # OpenCV has its own
            allocate()
        assert str(explain_refusal(caught.value)).startswith("out of memory: ")


def test_a_mistake_in_the_program_keeps_its_traceback() -> None:
    for mistake in (KeyError("x"), TypeError(), OSError("of a library"), ValueError("no memory")):
        assert explain_refusal(mistake) is None


def test_what_the_system_says_of_a_file_is_one_line() -> None:
    error = explain_refusal(OSError(errno.ESTALE, "Stale file handle", "data/a\nb"))
    assert str(error) == r"data/a\nb: Stale file handle"
