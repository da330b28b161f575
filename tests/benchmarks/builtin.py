"""Make the run that comes with mnistcli of a run of configs/robust.yaml, with its model card.

    mnistcli train configs/robust.yaml --run-dir runs/robust
    python tests/benchmarks/builtin.py runs/robust [DIR]

Writes mnistcli/builtin/: the run without checkpoints, its model in half precision. DIR is a folder
as `strangers.py` reads it, whose figures go to the card. MNIST must be on this machine.
"""

import argparse
import hashlib
import shutil
import sys
from datetime import datetime
from pathlib import Path
from textwrap import fill

import numpy as np
from msgspec.structs import replace

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.strangers import measure, result_table

from mnistcli.artifacts import export_litert, restore_network
from mnistcli.cli.recognizer import open_recognizer
from mnistcli.data import load_dataset
from mnistcli.recognition import load_lite_model
from mnistcli.runs import Artifact, RunDirectory, builtin_run

SOURCE = "MNIST (LeCun, Cortes, Burges 1998), verified by its SHA-256"
CARD = """# The model that comes with mnistcli

It reads handwritten digits, 0 to 9, one in a picture or several in rows: `mnistcli predict
IMAGE` uses it where no run of your own was trained on MNIST, and `--run builtin` names it.

**How it was made.** `mnistcli train configs/robust.yaml`, seed {seed}, mnistcli {version}, in
{minutes:.1f} minutes on {processor}, {cores} cores. This folder is that run without its
checkpoints; the weights of `model.tflite` are in half precision. `mnistcli reproduce builtin`
trains it again, and compares every epoch. `python tests/benchmarks/builtin.py` wrote this page and
measured what it says.

**What it was trained on.** MNIST: {training:,} of its training images, {validation:,} others to
choose the epoch and to calibrate its confidence. Each was distorted as `config.yaml` says, and
some gave way to drawings made by a program: digits with flags, feet, bars and slashes, which MNIST
has few of, and letters, signs and scribbles, which are no digits. No picture of a user is in it.

**What it can do.** {accuracy:.2%} of MNIST's test images ({full_accuracy:.2%} before its weights
were halved). Its confidence is off by {calibration_error:.2%} on the average (expected calibration
error).{strangers}

**What it cannot do.** It knows ten digits, and writing of the Latin world; digits of other scripts
are "not a digit" at best. What looks like a digit is one to it: an O is a 0, an l is a 1. A
picture with more than one thing of a size, or with little contrast, may be cut wrongly:
`--explain` shows how it was read. Answers marked `uncertain` are to be looked at by a person;
those that are not marked are wrong now and then, too. It is not made for cheques, ballots,
medicine or anything else where a wrong digit does harm."""
STRANGERS = """ Of {count:,} pictures that {sources} strangers drew, scanned or photographed, and
that are not in the repository:

{table}"""


def describe_strangers(folder: Path, run: RunDirectory) -> str:
    report = measure(folder, run)
    sources = {answer.picture.source for answer in report.answers}
    return STRANGERS.format(
        count=len(report.answers), sources=len(sources), table=result_table(report)
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("folder", type=Path, nargs="?")
    options = parser.parse_args()
    run, builtin = RunDirectory(options.run), builtin_run()
    record = run.read_record()
    started, finished = (
        datetime.fromisoformat(time or "") for time in (record.started, record.finished)
    )
    images = load_dataset("mnist").train_images[:300]
    content = export_litert(restore_network(run), images, half_precision=True)

    shutil.rmtree(builtin.path, ignore_errors=True)
    builtin.path.mkdir()
    for path in (run.config, run.metrics, run.calibration):
        shutil.copy(path, builtin.path)
    builtin.lite_model.write_bytes(content)
    artifact = Artifact(sha256=hashlib.sha256(content).hexdigest())
    dataset = replace(record.dataset, source=SOURCE)
    updates = {"artifacts": {builtin.lite_model.name: artifact}, "dataset": dataset}
    builtin.write_record(replace(record, **updates))

    data, metrics = load_dataset("mnist"), record.metrics or {}
    predicted = load_lite_model(builtin.lite_model)(data.test_images).argmax(axis=1)
    open_recognizer(builtin)  # it opens as users' commands open it
    card = CARD.format(
        seed=record.seed,
        version=record.versions["mnistcli"],
        minutes=(finished - started).total_seconds() / 60,
        processor=record.hardware["processor"],
        cores=record.hardware["cores"],
        training=record.dataset.training_images,
        validation=record.dataset.validation_images,
        accuracy=float(np.mean(predicted == data.test_labels)),
        full_accuracy=metrics["test_accuracy"],
        calibration_error=metrics["test_expected_calibration_error"],
        strangers=describe_strangers(options.folder, builtin) if options.folder else "",
    )
    paragraphs = [fill(part, 98) if part[0] not in "#|" else part for part in card.split("\n\n")]
    (builtin.path / "README.md").write_text("\n\n".join(paragraphs) + "\n")
    size = sum(path.stat().st_size for path in builtin.path.iterdir())
    print(f"{builtin.path}: {size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
