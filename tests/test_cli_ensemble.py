"""`mnistcli ensemble`, as typed, and the other commands on what it makes."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from commands import SMALL_CONFIG, invoke, run_in_process
from config_texts import Load
from run_records import alter, alter_dataset
from trainings import bare_runs

from mnistcli.data import Dataset
from mnistcli.ensembles.choose import Average
from mnistcli.errors import RunError, StopSignal
from mnistcli.runs import RunDirectory
from mnistcli.training import prepare, train


@pytest.fixture(scope="module")
def pair(
    load_text: Load, digits: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """Two runs of the same config with different seeds, not to be changed."""
    folder = tmp_path_factory.mktemp("pair")
    overrides = ("epochs=2", "batch_size=50", "data.validation=200")
    files = [load_text(SMALL_CONFIG, *overrides, f"seed={seed}") for seed in (0, 1)]
    with bare_runs():
        runs = [
            train(prepare(file, digits), folder / name)
            for file, name in zip(files, "ab", strict=True)
        ]
    return runs[0].run.path, runs[1].run.path


@pytest.fixture(scope="module")
def ensemble(pair: tuple[Path, Path]) -> Path:
    """Their average, made by the command, not to be changed."""
    done = run_in_process("ensemble", "a", "b", "--run-dir", "ab", folder=pair[0].parent)
    assert done.returncode == 0, done.stderr
    return pair[0].with_name("ab")


def metrics_of(run: Path) -> dict[str, float]:
    metrics: dict[str, float] = json.loads((run / "run.json").read_text())["metrics"]
    return metrics


def refusal(*arguments: object) -> str:
    """The message of `ensemble`, which leaves nothing behind."""
    folders = {path.parent for path in arguments if isinstance(path, Path)}
    before = {folder: sorted(folder.iterdir()) for folder in folders if folder.is_dir()}
    error = invoke("ensemble", *arguments)
    assert error is not None
    assert before == {folder: sorted(folder.iterdir()) for folder in before}
    return str(error)


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


@pytest.mark.usefixtures("bare_runs")
def test_without_validation_images_there_is_nothing_to_compare_by(
    pair: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    changes = {"training_images": 1438, "validation_images": 0}
    without = alter_dataset(pair[0], tmp_path / "without", "data.validation=0", **changes)
    # Of images that others held out, none was held out by all.
    other = alter(pair[1], tmp_path / "other", "data.split_seed=1")
    by_test = alter(pair[1], tmp_path / "by test", "data.validation=test")

    assert (
        invoke("ensemble", by_test, pair[0], without, other, "--run-dir", tmp_path / "run") is None
    )

    assert f"{without} held out no validation images, so there are none to compare by." in " ".join(
        capfd.readouterr().out.split()
    )
    record = RunDirectory(tmp_path / "run").read_record()
    assert set(record.metrics or {}) == {
        *("test_loss", "test_accuracy", "test_expected_calibration_error")
    }
    assert record.dataset.training_images == 1438
    assert invoke("evaluate", tmp_path / "run") is None


@pytest.mark.usefixtures("bare_runs")
def test_validation_by_the_test_images_is_the_same_for_every_split_seed(
    pair: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    changes = {"training_images": 1438, "validation_images": 359}
    overrides = ("data.validation=test",)
    first = alter_dataset(pair[0], tmp_path / "a", *overrides, **changes)
    other = alter_dataset(pair[1], tmp_path / "b", *overrides, "data.split_seed=1", **changes)
    assert "--best chooses by validation images, and" in refusal(first, other, "--best", 2)

    assert invoke("ensemble", first, other, "--run-dir", tmp_path / "run", "--json") is None

    metrics = json.loads(capfd.readouterr().out)["metrics"]
    assert metrics["val_accuracy"] == pytest.approx(metrics["test_accuracy"])


def test_a_run_directory_that_exists_is_refused_before_all_else(tmp_path: Path) -> None:
    error = refusal("nowhere", "elsewhere", "--run-dir", tmp_path)
    assert error.startswith(f"{tmp_path} exists already")


def missing(run: Path, target: Path, name: str) -> Path:
    shutil.copytree(run, target)
    (target / name).unlink()
    return target


def damaged(run: Path, target: Path) -> Path:
    shutil.copytree(run, target)
    (target / "run.json").write_text('{"format": 1, "status": "comp')
    return target


def with_damaged_calibration(run: Path) -> Path:
    path = run / "calibration.npz"
    path.write_bytes(path.read_bytes()[:300])
    return run


HASHES = {"train_images": "0" * 64}
# How another run is made of one, and what is said of the two.
REFUSALS: dict[str, tuple[Callable[[Path, Path], Path], str]] = {
    "other data": (
        lambda run, target: alter_dataset(run, target, sha256=HASHES, source="elsewhere"),
        "was trained on other data than FIRST: elsewhere, not scikit-learn",
    ),
    "another split": (
        lambda run, target: alter(run, target, "data.split_seed=1"),
        "and FIRST hold out different images",
    ),
    "validated by test images": (
        lambda run, target: alter(run, target, "data.validation=test"),
        "and FIRST hold out different images",
    ),
    "not completed": (
        lambda run, target: alter(run, target, status="interrupted"),
        "OTHER is not completed; its status is interrupted\n  go on with: mnistcli train --resume",
    ),
    "older": (
        lambda run, target: alter(run, target, outputs=None),
        "OTHER is of an older version of mnistcli, which did not record",
    ),
    "sigmoids": (
        lambda run, target: alter(run, target, outputs="independent"),
        "OTHER ends in a probability for each class by itself, as sigmoids do",
    ),
    "the same by another path": (lambda run, target: run / ".." / run.name, "got one run"),
    "no run": (lambda run, target: run / "checkpoints", "is not a run directory"),
    "missing": (lambda run, target: target, "there is no run directory OTHER"),
    "damaged": (damaged, "run.json is damaged"),
    "scores without their scale": (
        lambda run, target: missing(
            alter(run, target.with_name("scores"), outputs="scores"),
            target,
            "calibration.npz",
        ),
        "OTHER has no calibration.npz; it gives the scores of a network their scale\n"
        "  train it again: mnistcli train",
    ),
    "scores whose scale is damaged": (
        lambda run, target: with_damaged_calibration(alter(run, target, outputs="scores")),
        "it gives the scores of a network their scale\n  train it again: mnistcli train",
    ),
    "without weights": (
        lambda run, target: missing(run, target, "checkpoints/best.npz"),
        "OTHER has no checkpoint best.npz",
    ),
    "changed by hand": (
        lambda run, target: missing(run, target, "config.yaml"),
        "OTHER has no config.yaml",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_runs_that_cannot_be_averaged_are_refused(
    case: str, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    make, message = REFUSALS[case]
    other = make(pair[0], tmp_path / "other")

    error = refusal(pair[0], other, "--run-dir", tmp_path / "run")

    assert message.replace("FIRST", str(pair[0])).replace("OTHER", str(other)) in error


def test_the_built_in_run_and_a_run_alone_are_refused(pair: tuple[Path, Path]) -> None:
    assert "the built-in run is only to be read" in refusal(pair[0], "builtin")
    assert "an ensemble averages two runs or more, got one run" in refusal(pair[0])


def test_choosing_needs_validation_images_of_each_run(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    changes = {"training_images": 1438, "validation_images": 0}
    other = alter_dataset(pair[1], tmp_path / "other", "data.validation=0", **changes)

    error = refusal(pair[0], other, "--best", 2, "--run-dir", tmp_path / "run")

    assert f"--best chooses by validation images, and {other} has none of its own" in error


def test_no_ensemble_is_made_where_one_run_is_best_alone(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    again = shutil.copytree(pair[0], tmp_path / "again")
    error = refusal(pair[0], again, "--best", 3, "--run-dir", tmp_path / "run")
    assert f"{pair[0]} alone is as good on the validation images (" in error


@pytest.mark.usefixtures("bare_runs")
def test_of_two_numbers_of_validation_images_the_smaller_is_held_out(
    pair: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    changes = {"training_images": 1338, "validation_images": 100}
    other = alter_dataset(pair[1], tmp_path / "other", "data.validation=100", **changes)
    run = tmp_path / "run"
    assert invoke("ensemble", pair[0], other, "--run-dir", run, "--json") is None
    made = json.loads(capfd.readouterr().out)
    assert made["dataset"]["validation_images"] == 100

    assert invoke("evaluate", run, "--split", "validation", "--json") is None

    told = json.loads(capfd.readouterr().out)
    assert (told["images"], told["accuracy"]) == (100, made["metrics"]["val_accuracy"])
    assert told["loss"] == pytest.approx(made["metrics"]["val_loss"], rel=1e-4)


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


@pytest.mark.usefixtures("bare_runs")
def test_a_run_that_is_named_twice_counts_twice(
    pair: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    paths = [*pair, pair[0] / ".." / pair[0].name]
    assert invoke("ensemble", *paths, "--run-dir", tmp_path / "run", "--json") is None

    members = json.loads(capfd.readouterr().out)["members"]
    counts = [(member["run"], member["weight"]) for member in members]
    assert counts == [(str(pair[0]), 2), (str(pair[1]), 1)]
    error = str(invoke("reproduce", tmp_path / "run"))
    assert f"average again: mnistcli ensemble {pair[0]} {pair[0]} {pair[1]}" in error


@pytest.mark.usefixtures("bare_runs")
def test_a_folder_stands_for_its_runs(
    pair: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "seeds"
    runs = [shutil.copytree(run, folder / run.name) for run in pair]

    assert invoke("ensemble", folder, pair[0], "--run-dir", tmp_path / "run", "--json") is None

    members = json.loads(capfd.readouterr().out)["members"]
    assert [member["run"] for member in members] == [*map(str, runs), str(pair[0])]


@pytest.mark.usefixtures("bare_runs")
def test_data_that_moved_is_found_where_another_member_found_it(
    pair: tuple[Path, Path], tmp_path: Path, digits: Dataset
) -> None:
    path = tmp_path / "digits.npz"
    np.savez(
        path,
        x_train=digits.train_images,
        y_train=digits.train_labels,
        x_test=digits.test_images,
        y_test=digits.test_labels,
    )
    other = alter(pair[1], tmp_path / "other", f"data.dataset={path}")
    path.unlink()

    assert invoke("ensemble", other, pair[0], "--run-dir", tmp_path / "run") is None


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
    run = missing(ensemble, tmp_path / "run", "checkpoints/best.npz")
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
