"""mnistcli in a notebook or a script: `import mnistcli`."""

import re
import signal
import subprocess
import sys
import threading
import warnings
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import SMALL_CONFIG, command_environment
from PIL import Image
from trainings import bare_runs, rows_without_times

import mnistcli
from mnistcli.data import Dataset
from mnistcli.errors import UsageError
from mnistcli.runs import RunDirectory
from mnistcli.training.stopping import StopRequest

# Not compiled by XLA, which takes seconds.
CONFIG = SMALL_CONFIG.replace("activation: relu}", "activation: relu}\n  - PReLU")
ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "configs").rglob("*.md")),
    *(ROOT / "mnistcli").glob("*.md"),
]


def printed_blocks() -> list[str]:
    """The code of the package's docstring, and that of the pages' Python blocks with mnistcli."""
    assert mnistcli.__doc__
    lines = re.findall(r"(?m)^    (.*)", mnistcli.__doc__)
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    blocks = re.findall(r"(?s)```python\n(.*?)```", text)
    return ["\n".join(lines), *(block for block in blocks if "import mnistcli" in block)]


@pytest.fixture(scope="module")
def notebook(
    tmp_path_factory: pytest.TempPathFactory, digits: Dataset
) -> tuple[Path, dict[str, Any]]:
    """A folder with a config and a picture, where the printed code was run; and its variables."""
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "configs").mkdir()
    for name in ("configs/quickstart.yaml", "quickstart"):  # a file comes before a shipped config
        (folder / name).write_text(CONFIG)
    Image.fromarray(255 - digits.test_images[3]).resize((84, 84)).save(folder / "digit.png")
    variables: dict[str, Any] = {}
    with chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.delenv("MNISTCLI_RUNS_DIR", raising=False)
        for block in printed_blocks():
            exec(compile(block, "notebook", "exec"), variables)
    return folder, variables


def test_the_printed_code_does_the_whole_job(
    notebook: tuple[Path, dict[str, Any]], digits: Dataset, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, variables = notebook
    run, prediction = variables["run"], variables["prediction"]
    with chdir(folder):
        assert run.path.parent == folder / "runs"
        assert (run.status, run.config.epochs, len(run.metrics)) == ("completed", 2, 3)
        assert run.test_accuracy > 0.5
        assert re.fullmatch(r"Run\('.*/runs/quickstart-.*', test accuracy \d\d\.\d\d%\)", repr(run))
        assert mnistcli.evaluate(run).accuracy == run.test_accuracy
        assert mnistcli.evaluate(run.path, "validation").images == 144
        with pytest.raises(UsageError, match="no split 'valid'\n  expected one of train, valida"):
            mnistcli.evaluate(run, "valid")  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="split does not go with data"):
            mnistcli.evaluate(run, "train", data="digits")
        image = mnistcli.read_picture("digit.png", run)
        pixels = image[np.newaxis, ..., np.newaxis].astype(np.float32)
        outputs = run.model.predict(pixels, verbose=0)[0]
        again = mnistcli.predict(image, mnistcli.load_run(run.path))
        with pytest.warns(UserWarning, match="is the latest run, but of digits, not MNIST"):
            assert mnistcli.predict("digit.png").digit == digits.test_labels[3]  # by the built-in
    assert mnistcli.evaluate(run).accuracy == run.test_accuracy, "from another folder, too"
    assert prediction.digit == again.digit == outputs.argmax()
    assert prediction.probabilities == again.probabilities
    assert prediction.label is None
    assert capfd.readouterr() == ("", "")


def test_another_thread_trains_the_same_and_says_how_it_goes(
    notebook: tuple[Path, dict[str, Any]],
) -> None:
    from mnistcli.training import TrainingObserver

    folder, variables = notebook
    epochs: list[int] = []
    runs: list[mnistcli.Run] = []

    class Progress(TrainingObserver):
        def epoch_started(self, epoch: int) -> None:
            epochs.append(epoch)

    def train() -> None:
        runs.append(mnistcli.train(variables["config"], folder / "again", [Progress()]))

    with bare_runs():
        thread = threading.Thread(target=train)
        thread.start()
        thread.join()
    (run,) = runs
    assert epochs == [1, 2]
    first = RunDirectory(folder / variables["run"].path)
    assert rows_without_times(run.directory) == rows_without_times(first)


def test_importing_it_takes_no_time_and_its_names_are_there() -> None:
    code = (
        "import sys, mnistcli; before = set(sys.modules); mnistcli.ConfigError; "
        "print(*(before | set(sys.modules)), sep='\\n'); assert set(mnistcli.__all__) <= set("
        "dir(mnistcli)); [getattr(mnistcli, name) for name in mnistcli.__all__]; "
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=command_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    modules = {name.partition(".")[0] for name in done.stdout.split()}
    assert not modules & {"numpy", "rich", "typer", "pydantic", "yaml", "msgspec", "PIL", "cv2"}
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        mnistcli.trian  # noqa: B018


def test_what_a_command_would_say_is_an_error_or_a_warning(tmp_path: Path, offline: None) -> None:
    from mnistcli.training import TrainingObserver

    class Interrupter(TrainingObserver):
        def epoch_started(self, epoch: int) -> None:
            if epoch == 2:
                signal.raise_signal(signal.SIGINT)

    config = tmp_path / "c.yaml"
    config.write_text(CONFIG.replace("digits", "mnist, fallback: digits"))
    file = mnistcli.load_config(config, ["data.validation=0"])
    assert "document" not in repr(file)
    with (
        warnings.catch_warnings(record=True) as caught,
        pytest.raises(mnistcli.InterruptedTrainingError, match="train --resume"),
    ):
        warnings.simplefilter("always")
        mnistcli.train(file, tmp_path / "run", [Interrupter()])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    texts = [str(warning.message) for warning in caught]
    assert texts[0].startswith("using 'digits' instead: ")
    assert texts[1].startswith("validation is 0: ")
    assert caught[0].filename == __file__
    run = mnistcli.load_run(tmp_path / "run")
    assert (run.status, run.test_accuracy, len(run.metrics)) == ("interrupted", None, 2)
    assert repr(run).endswith("/run', interrupted)")
    with pytest.raises(mnistcli.RunError, match="has no validation images"):
        mnistcli.evaluate(run, "validation")
    with pytest.raises(mnistcli.RunError, match="exists already"):
        mnistcli.train(file, run.path)
    with pytest.raises(mnistcli.ConfigError, match="no argument 'unit'"):
        mnistcli.load_config(config, ["layers.0.Dense.unit=3"])
    with pytest.raises(mnistcli.ImageError, match=r"shape \(784,\) and type float64"):
        mnistcli.predict(np.zeros(784), "builtin")  # type: ignore[arg-type]
    with pytest.raises(mnistcli.ImageError, match="no such file"):
        mnistcli.read_picture(tmp_path / "none.png")
    with pytest.raises(mnistcli.RunError, match="built-in run is only to be read"):
        _ = mnistcli.load_run("builtin").model


def test_a_notebook_is_not_ended_by_two_interrupts() -> None:
    """A command's process is, where a step takes too long (`test_cli_faults`)."""
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with StopRequest():
        before = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(before)
    assert before == -1
