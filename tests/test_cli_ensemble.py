"""`mnistcli ensemble`, as typed, and the other commands on what it makes."""

import json
import shutil
import signal
from pathlib import Path

import msgspec
import numpy as np
import pytest
from commands import invoke, run_in_process
from run_records import alter, without_file

from mnistcli.data import Dataset
from mnistcli.ensembles.choose import Average
from mnistcli.errors import RunError, StopSignal
from mnistcli.runs import RunDirectory


@pytest.fixture(scope="module")
def ensemble(pair: tuple[Path, Path]) -> Path:
    """Their average, made by the command, not to be changed."""
    done = run_in_process("ensemble", "a", "b", "--run-dir", "ab", folder=pair[0].parent)
    assert done.returncode == 0, done.stderr
    return pair[0].with_name("ab")


def metrics_of(run: Path) -> dict[str, float]:
    metrics: dict[str, float] = json.loads((run / "run.json").read_text())["metrics"]
    return metrics


def test_the_terminal_shows_members_and_what_the_average_is_worth(
    pair: tuple[Path, Path], runs_dir: Path
) -> None:
    variables = {"COLUMNS": "60", "MNISTCLI_RUNS_DIR": str(runs_dir)}
    done = run_in_process("ensemble", "a", "b", folder=pair[0].parent, **variables)

    assert (done.returncode, done.stderr) == (0, "")
    (run,) = map(RunDirectory, runs_dir.glob("[!.]*"))
    assert run.name.startswith("ensemble-2")
    metrics = metrics_of(run.path)
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    assert lines[0].split() == ["run", "val", "acc", "counts"]
    a, b = (next(line.split() for line in lines if line.startswith(name)) for name in "ab")
    records = [metrics_of(path) for path in pair]
    for cells, each in zip((a, b), records, strict=True):
        assert cells[1:] == [f"{each['val_accuracy'] * 100:.2f}%", "1"]
    alone = max(float(cells[1][:-1]) for cells in (a, b))
    gain = f"On 200 validation images: {metrics['val_accuracy'] * 100:.2f}%, where the best"
    assert f"{gain} of them alone has {alone:.2f}%." in " ".join(done.stdout.split())
    assert f"test accuracy  {metrics['test_accuracy'] * 100:.2f}%" in done.stdout
    low, high = sorted(each["test_accuracy"] for each in records)
    assert f"each alone     {low:.2%} to {high:.2%}" in done.stdout
    *table, _ = done.stdout.partition("\nrun  ")[0].splitlines()
    assert max(map(len, table)) <= 60
    assert f"\n  mnistcli evaluate {run.path}\n" in done.stdout  # whole, to be pasted
    assert {path.name for path in run.figures.iterdir()} == {"confusion.png", "mistakes.png"}


@pytest.mark.usefixtures("bare_runs")
def test_json_is_all_that_stdout_holds(
    pair: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert invoke("ensemble", *pair, "--run-dir", tmp_path / "run", "--json") is None

    document = json.loads(capfd.readouterr().out)
    assert document.pop("run") == str(tmp_path / "run")
    assert document == json.loads((tmp_path / "run" / "run.json").read_text())
    assert [member["run"] for member in document["members"]] == [str(path) for path in pair]


@pytest.mark.usefixtures("bare_runs")
def test_a_choice_is_shown_beside_all_that_were_there(
    pair: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = Average([2, 0, 1], 0.97, 0.1)
    monkeypatch.setattr("mnistcli.ensembles.ensemble.choose_members", lambda *_: chosen)
    for name, run in zip("abc", (*pair, pair[1]), strict=True):
        alter(run, tmp_path / name, metrics=None)  # as a person's own program may leave it

    arguments = ("ensemble", "a", "b", "c", "--best", "3", "--run-dir", "run")
    done = run_in_process(*arguments, folder=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines()]
    rows = [cells for cells in lines if cells and cells[0] in ("a", "b", "c")]
    assert [(row[0], row[-1]) for row in rows] == [("a", "2"), ("b", "-"), ("c", "1")]
    told = " ".join(done.stdout.split())
    assert "On 200 validation images: 97.00%, where the best of them alone has " in told
    assert "and all 3 together have " in told
    assert "each alone" not in done.stdout
    members = RunDirectory(tmp_path / "run").read_record().members
    assert [(Path(member.run).name, member.weight) for member in members] == [("a", 2), ("c", 1)]


@pytest.mark.parametrize("error", [RunError("the disk is full"), StopSignal(signal.SIGTERM)])
def test_nothing_is_left_of_an_ensemble_that_fails(
    error: BaseException,
    pair: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        assert not (tmp_path / "run").exists()
        raise error

    monkeypatch.setattr("mnistcli.ensembles.ensemble.write_model_files", fail)

    with pytest.raises(type(error)):
        if caught := invoke("ensemble", *pair, "--run-dir", tmp_path / "run"):
            raise caught

    assert list(tmp_path.iterdir()) == []


def test_commands_that_answer_take_an_ensemble(
    ensemble: Path, pictures: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(ensemble, tmp_path / "run")
    made = json.loads((run / "evaluation.json").read_text())
    assert invoke("evaluate", run, "--json") is None
    told = json.loads(capfd.readouterr().out)
    assert told.pop("run") == str(run)
    assert told == made

    assert invoke("predict", *sorted(pictures.iterdir()), "--run", run, "--json") is None
    predictions = capfd.readouterr().out
    assert predictions.count('"digit"') >= 12

    for kind in ("mistakes", "confusion", "filters"):
        assert invoke("show", kind, run) is None
        assert (run / "figures" / f"{kind}.png").is_file()
    capfd.readouterr()

    assert invoke("summary", run) is None
    summary = capfd.readouterr().out
    assert "member1" in summary and "member2" in summary
    assert f"Next: mnistcli predict IMAGE --run {run}" in summary


@pytest.mark.parametrize(
    "command", ["reproduce RUN", "train --resume RUN", "evaluate --checkpoint last RUN"]
)
def test_commands_about_a_training_say_that_an_ensemble_has_none(
    command: str, ensemble: Path, pair: tuple[Path, Path]
) -> None:
    error = invoke(*command.replace("RUN", str(ensemble)).split())

    assert isinstance(error, RunError)
    assert f"{ensemble} is an ensemble: it averages other runs" in str(error)
    assert f"mnistcli ensemble {pair[0]} {pair[1]}" in str(error)


def test_an_ensemble_has_no_epochs_to_draw(ensemble: Path, tmp_path: Path) -> None:
    error = invoke("show", "training", ensemble, "--out", tmp_path / "training.png")
    assert isinstance(error, RunError)
    assert "is an ensemble" in str(error)


def test_an_ensemble_without_its_weights_is_not_told_to_train(
    ensemble: Path, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    run = without_file(ensemble, tmp_path / "run", "checkpoints/best.npz")
    error = str(invoke("evaluate", run))
    assert "has no checkpoint best.npz" in error
    assert f"mnistcli ensemble {pair[0]} {pair[1]}" in error


def test_members_may_go_once_the_ensemble_is_made(
    ensemble: Path, digits: Dataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    record = RunDirectory(ensemble).read_record()
    gone = [msgspec.structs.replace(member, run="gone") for member in record.members]
    run = alter(ensemble, tmp_path / "run", members=gone)
    assert "average again, when gone is back: mnistcli" in str(invoke("reproduce", run))
    np.savez(tmp_path / "own.npz", x=digits.test_images[:50], y=digits.test_labels[:50])
    assert invoke("evaluate", run, "--data", tmp_path / "own.npz", "--json") is None
    assert json.loads(capfd.readouterr().out)["images"] == 50
