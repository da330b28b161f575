"""`mnistcli sweep`, as typed."""

import csv
import json
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from commands import COMMAND, command_environment, run_in_process, wait_until
from sweep_kills import CONFIG, digest_sweep

from mnistcli.config import load_config
from mnistcli.runs import RunDirectory, list_runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs/sweep, of four trials, and what the command printed in output.txt."""
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "small.yaml").write_text(CONFIG)
    (folder / "s.yaml").write_text(
        "config: small.yaml\n"
        "search:\n"
        "  optimizer.adam.learning_rate: log(1e-3, 1e-1)\n"
        "  layers.2.Dense.units: choice(8, 32)\n"
        "trials: 4\n"
        "confirm: {best: 2, seeds: 2}\n"
    )
    arguments = ("sweep", "s.yaml", "--set", "epochs=2", "--run-dir", "runs/sweep")
    done = run_in_process(*arguments, folder=folder)
    assert done.returncode == 0, done.stderr
    (folder / "output.txt").write_text(done.stdout + done.stderr)
    return folder


def numbers(path: Path) -> list[dict[str, Any]]:
    times = ("seconds", "images_per_second")
    return [
        {name: row[name] for name in row if name not in times}
        for row in RunDirectory(path).read_metrics()
    ]


def test_a_trial_is_the_run_of_its_config_alone_without_a_test(folder: Path) -> None:
    sweep = folder / "runs" / "sweep"
    trial = RunDirectory(sweep / "trials" / "0001")
    alone = ("train", trial.config, "--run-dir", "alone", "--quiet")

    done = run_in_process(*alone, folder=folder)

    assert done.returncode == 0, done.stderr
    assert numbers(folder / "alone") == numbers(trial.path)
    for run in list_runs(sweep):
        record = run.read_record()
        metrics = record.metrics or {}
        assert record.status == "completed"
        is_winner = run.name == winner(sweep)
        assert ("test_accuracy" in metrics) == run.model.exists() == is_winner
        assert run.figures.exists() == is_winner
        best_row = run.read_metrics()[int(metrics["best_epoch"] or 0)]
        assert metrics["val_accuracy"] == best_row["val_accuracy"]


def winner(sweep: Path) -> str:
    return f"{int(load_best(sweep).split(', number ')[1].partition(':')[0]):04d}"


def load_best(sweep: Path) -> str:
    return (sweep / "best.yaml").read_text()


def test_the_winner_is_the_best_with_other_seeds(folder: Path) -> None:
    sweep = folder / "runs" / "sweep"
    with (sweep / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))

    means = {row["trial"]: float(row["mean with other seeds"] or 0) for row in rows}
    assert sorted(mean > 0 for mean in means.values()) == [False, False, True, True]
    best = max(means, key=lambda trial: means[trial])
    assert int(winner(sweep)) == int(best)
    confirmed = sweep / "confirm" / winner(sweep)
    values = [
        (run.read_record().metrics or {})["val_accuracy"] or 0 for run in list_runs(confirmed)
    ]
    assert sum(values) / 2 == pytest.approx(means[best])
    assert [run.read_record().seed for run in list_runs(confirmed)] == [1, 2]
    config = load_config(sweep / "best.yaml").config
    units = int(next(row for row in rows if row["trial"] == best)["layers.2.Dense.units"])
    assert config.layers[2].arguments["units"] == units
    assert config.epochs == 2


def test_what_is_shown(folder: Path) -> None:
    output = (folder / "output.txt").read_text()

    for number in range(4):
        assert f"\ntrial {number}: val_accuracy " in output
    assert "4 trials: 4 completed" in output
    assert f"The best is trial {int(winner(folder / 'runs' / 'sweep'))}: val_accuracy" in output
    assert "95% interval" in output
    assert "Next: mnistcli train runs/sweep/best.yaml" in output
    names = {path.name for path in (folder / "runs" / "sweep" / "figures").iterdir()}
    assert {"history.png", "slices.png", "parallel.png"} <= names
    listed = run_in_process("runs", "runs/sweep", folder=folder)
    assert all(name in listed.stdout for name in ("0000", "0003", "learning_rate", "units"))


def test_each_instant_of_a_kill_is_gone_on_from(folder: Path, tmp_path: Path) -> None:
    """The journal and the runs are cut back to where a kill may have left them."""
    expected = digest_sweep(folder / "runs" / "sweep")
    sweep = tmp_path / "sweep"
    shutil.copytree(folder / "runs" / "sweep", sweep)
    journal = sweep / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    begun = [place for place, line in enumerate(lines) if '"op_code":4' in line]
    # Trial 2 has finished, but its result was not told; trial 3 has not been chosen.
    told = next(place for place in range(begun[2], begun[3]) if '"op_code":8' in lines[place])
    journal.write_text("".join(lines[:told]))
    shutil.rmtree(sweep / "trials" / "0003")
    # One of the confirmations was cut short after its first epoch.
    cut = list_runs(sweep / "confirm" / winner(sweep))[0]
    cut.checkpoint(2).unlink()
    record = json.loads(cut.record.read_text())
    cut.record.write_text(json.dumps(record | {"status": "running", "metrics": None}))

    done = run_in_process("sweep", "--resume", "sweep", "--json", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    found = digest_sweep(sweep)
    found["best.yaml"] = expected["best.yaml"].replace("runs/sweep/", "sweep/")
    assert {key for key in expected if expected[key] != found[key]} <= {"best.yaml"}
    document = json.loads(done.stdout)
    assert [trial["trial"] for trial in document["trials"]] == [0, 1, 2, 3]
    assert "resumed: 2 of 4 trials" in done.stderr


def test_more_trials_and_other_data(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = tmp_path / "sweep"
    shutil.copytree(folder / "runs" / "sweep", sweep)
    with monkeypatch.context() as patch:
        patch.setattr("mnistcli.cli.sweep_run._start", None)  # TensorFlow is not needed
        same = run_in_process("sweep", "--resume", "sweep", folder=tmp_path)
    assert same.returncode == 0, same.stderr
    assert "4 trials: 4 completed" in same.stdout
    assert "95% interval" in same.stdout
    refused = run_in_process("sweep", "--resume", "sweep", "--storage", "x", folder=tmp_path)
    assert refused.returncode == 2

    more = run_in_process("sweep", "--resume", "sweep", "--trials", "5", folder=tmp_path)

    assert more.returncode == 0, more.stderr
    assert "5 trials: 5 completed" in more.stdout
    config = sweep / "config.yaml"
    config.write_text(config.read_text().replace("split_seed: 0", "split_seed: 1"))
    other = run_in_process("sweep", "--resume", "sweep", "--trials", "6", folder=tmp_path)
    assert other.returncode == 1
    assert "the sweep began with another config" in other.stderr


def test_a_trial_that_fails_does_not_end_the_sweep(folder: Path) -> None:
    """Half of a grid diverges, and the others are pruned where they are worse."""
    search = "--search", "optimizer=choice({SGD: {learning_rate: 1e30}}, adam, {SGD: {}})"
    options = ("--sampler", "grid", "--set", "epochs=1", "--run-dir", "failing", "--json")

    done = run_in_process("sweep", "small.yaml", *search, *options, folder=folder)

    assert done.returncode == 0, done.stderr
    states = {trial["state"]: trial for trial in json.loads(done.stdout)["trials"]}
    assert states["failed"]["reason"].startswith("the loss became NaN or infinite in epoch 1")
    assert states["failed"]["settings"] == {"optimizer": {"SGD": {"learning_rate": 1e30}}}
    assert sum(trial["state"] == "failed" for trial in json.loads(done.stdout)["trials"]) == 1
    rates = "optimizer=choice({SGD: {learning_rate: 1e30}}, {SGD: {learning_rate: 1e31}}, "
    rates += "{SGD: {learning_rate: 1e32}}, {SGD: {learning_rate: 1e33}})"
    quiet = ("--sampler", "grid", "--set", "epochs=1", "--run-dir", "alike")
    alike = run_in_process("sweep", "small.yaml", "--search", rates, *quiet, folder=folder)
    assert alike.returncode == 1
    assert "the first 3 trials failed alike: the loss became NaN" in alike.stderr
    assert len(list_runs(folder / "alike")) == 3


def test_what_keras_refuses_has_its_line(folder: Path) -> None:
    (folder / "wrong.yaml").write_text(
        "config: small.yaml\nsearch:\n"
        "  batch_size: int(16, 64)\n"
        "  layers.0.GaussianNoise.stddev: uniform(-1, 1)\n"
    )

    done = run_in_process("sweep", "wrong.yaml", "--dry-run", folder=folder)

    assert done.returncode == 2
    assert done.stderr.startswith("wrong.yaml:4:34: error: with -1.0: GaussianNoise")


def test_a_dry_run_writes_nothing(folder: Path, tmp_path: Path) -> None:
    search = ("--search", "batch_size=choice(16, 32)", "--search", "epochs=int(1, 3)")
    arguments = ("sweep", folder / "small.yaml", *search, "--sampler", "grid", "--dry-run")

    done = run_in_process(*arguments, "--json", folder=tmp_path)

    document = json.loads(done.stdout)
    assert document["combinations"] == document["trials"] == 6
    assert document["seconds"] == 6 * document["seconds_per_trial"]
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_says_how_the_sweep_goes_on(folder: Path, tmp_path: Path) -> None:
    arguments = ("small.yaml", "--search", "batch_size=int(4, 8)", "--set", "epochs=5000")
    process = subprocess.Popen(
        [COMMAND, "sweep", *arguments, "--run-dir", tmp_path / "x y"],
        cwd=folder,
        env=command_environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    metrics = tmp_path / "x y" / "trials" / "0000" / "metrics.jsonl"
    wait_until(lambda: metrics.exists() and metrics.read_text().count("\n") > 2, process)

    process.send_signal(signal.SIGTERM)

    _, stderr = process.communicate()
    assert process.returncode == 143
    assert f"go on with: mnistcli sweep --resume '{tmp_path}/x y'" in stderr
    assert "mnistcli train --resume" not in stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no sweep file given"),
        (("small.yaml",), "small.yaml is a config, which does not say what to search"),
        (("none.yaml",), "there is no config file none.yaml"),
        (("small.yaml", "--search", "batch_size"), "expected KEY=RANGE"),
        (("s.yaml", "--run-dir", "runs/sweep"), "exists already"),
        (("--resume", "runs"), "runs has no sweep.yaml"),
        (("--resume", "runs/sweep", "s.yaml"), "--resume does not go with FILE"),
        (("--resume", "runs/sweep", "--sampler", "grid"), "does not go with --sampler"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], message: str, folder: Path) -> None:
    done = run_in_process("sweep", *arguments, folder=folder)

    assert done.returncode in (1, 2)
    assert message in done.stderr


def test_without_optuna_the_line_that_installs_it_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnistcli.cli.sweep_run.find_spec", lambda _: None)

    done = run_in_process("sweep", "s.yaml", folder=folder)

    assert done.returncode == 1
    assert "python -m pip install 'mnistcli[sweep]'" in done.stderr
