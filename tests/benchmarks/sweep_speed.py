"""Trials per minute of a sweep, and the memory that they take, against two other ways.

    python tests/benchmarks/sweep_speed.py               20 trials of 1 epoch of configs/mlp.yaml
    python tests/benchmarks/sweep_speed.py --trials 3 --dataset digits --skip processes
    python tests/benchmarks/sweep_speed.py --trials 50 --skip optuna processes     the memory

The same settings are trained by `mnistcli sweep`, by a script of Optuna with `Model.fit` in one
process, and by that script in a process for each trial. What each needs to start counts.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SEARCH = (
    "optimizer.Adam.learning_rate=log(1e-4, 1e-2)",
    "layers.1.Dense.units=choice(64, 128, 256)",
    "layers.2.Dropout.rate=uniform(0, 0.5)",
    "batch_size=choice(32, 64, 128)",
)
# What a user of Keras and Optuna writes.
BY_HAND = """
import sys
import keras
import optuna
from mnistcli.data import load_dataset

journal, trials, dataset = sys.argv[1], int(sys.argv[2]), load_dataset(sys.argv[3])
held_out = 5000 if len(dataset.train_labels) > 10000 else 144
images, labels = dataset.train_images / 255.0, dataset.train_labels


def objective(trial):
    keras.utils.clear_session()
    model = keras.Sequential([
        keras.layers.Flatten(),
        keras.layers.Dense(trial.suggest_categorical("units", [64, 128, 256]), activation="relu"),
        keras.layers.Dropout(trial.suggest_float("rate", 0, 0.5)),
        keras.layers.Dense(10, activation="softmax"),
    ])
    rate = trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True)
    loss = "sparse_categorical_crossentropy"
    model.compile(optimizer=keras.optimizers.Adam(rate), loss=loss, metrics=["accuracy"])
    history = model.fit(
        images[held_out:], labels[held_out:],
        validation_data=(images[:held_out], labels[:held_out]),
        batch_size=trial.suggest_categorical("batch_size", [32, 64, 128]), epochs=1, verbose=0,
    )
    return history.history["val_accuracy"][-1]


storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(journal))
study = optuna.create_study(
    storage=storage, study_name="s", direction="maximize", load_if_exists=True
)
study.optimize(objective, trials)
"""


def run(*command: str | Path, folder: Path) -> None:
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def sweep(folder: Path, trials: int, dataset: str) -> list[float]:
    """Run `mnistcli sweep`; returns the memory of its process after each trial, in MB."""
    searches = [word for search in SEARCH for word in ("--search", search)]
    settings = ("--set", "epochs=1", "--set", f"data.dataset={dataset}")
    command = (sys.executable, "-m", "mnistcli", "sweep", ROOT / "configs" / "mlp.yaml")
    count = ("--trials", str(trials), "--run-dir", folder / "sweep")
    process = subprocess.Popen(
        list(map(str, [*command, *searches, *settings, *count])),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    memory = []
    for line in process.stderr:
        if line.startswith("trial "):
            pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
            memory.append(int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6)
    assert process.wait() == 0
    return memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--skip", nargs="*", default=[], choices=["optuna", "processes"])
    options = parser.parse_args()
    results: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "by_hand.py").write_text(BY_HAND)
        started = time.perf_counter()
        memory = sweep(folder, options.trials, options.dataset)
        results["mnistcli sweep"] = time.perf_counter() - started
        script = (sys.executable, "by_hand.py")
        if "optuna" not in options.skip:
            started = time.perf_counter()
            run(*script, "one.journal", str(options.trials), options.dataset, folder=folder)
            results["Optuna and Model.fit"] = time.perf_counter() - started
        if "processes" not in options.skip:
            started = time.perf_counter()
            for _ in range(options.trials):
                run(*script, "many.journal", "1", options.dataset, folder=folder)
            results["a process per trial"] = time.perf_counter() - started
    first = results["mnistcli sweep"]
    for way, seconds in results.items():
        speed = 60 * options.trials / seconds
        print(f"{way:22} {seconds:7.1f} s  {speed:6.1f} trials/min  x{seconds / first:.2f}")
    print("MB after each trial:", json.dumps([round(each) for each in memory]))
    if len(memory) > 5:
        growth = memory[-1] / memory[4] - 1
        print(f"memory after {len(memory)} trials: {growth:+.1%} since the fifth")


if __name__ == "__main__":
    main()
