"""Makes the run of an ensemble from the runs of its members."""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from mnistcli.artifacts import restore_network, save_checkpoint, write_model_files
from mnistcli.config import dump_config
from mnistcli.data import Dataset, Splits, split_validation
from mnistcli.engine import EvaluationLoop, Runtime, start_runtime
from mnistcli.ensembles.choose import Choice, average_all, choose_members
from mnistcli.ensembles.compose import Composition, compose
from mnistcli.ensembles.members import MemberRun
from mnistcli.errors import RunError
from mnistcli.evaluation import (
    Evaluation,
    Subject,
    calibrate,
    evaluate_network,
    write_evaluation,
)
from mnistcli.model import Network, build_network
from mnistcli.recognition import OutputKind, to_probabilities
from mnistcli.runs import (
    Member,
    RunDirectory,
    RunRecord,
    describe_environment,
    new_run_directory,
    utc_now,
    write_whole,
)

NAME = "ensemble"
CHECKED_IMAGES = 1000  # of the training images, where there are no validation images
# Largest difference of a probability from the average of the members' own; their kernels may sum
# in another order, and bfloat16 has 8 bits.
TOLERANCE, HALF_TOLERANCE = 1e-4, 5e-2


@dataclass(frozen=True)
class RestoredMember:
    """A member with its network.

    Attributes:
        sha256: of its checkpoint of the best epoch.
        probabilities: (N, C), what it says of the images that the members are compared on.
        accuracy: there, in [0, 1].
    """

    member: MemberRun
    network: Network
    sha256: str
    probabilities: NDArray[np.floating[Any]]
    accuracy: float


@dataclass(frozen=True)
class EnsembleResult:
    """A completed ensemble.

    Attributes:
        members: all runs that it was made from or chosen from.
        all_members: the average of all of them on the validation images; None without such images.
        choice: the average that it is, there; None without such images.
        probabilities: (N, C), what it says of the test images, calibrated.
    """

    run: RunDirectory
    record: RunRecord
    members: list[RestoredMember]
    weights: list[int]
    all_members: Choice | None
    choice: Choice | None
    evaluation: Evaluation
    probabilities: NDArray[np.floating[Any]]


def make_ensemble(
    members: Sequence[MemberRun],
    dataset: Dataset,
    most: int | None = None,
    path: Path | None = None,
    report: Callable[[str], None] = lambda message: None,
) -> EnsembleResult:
    """Average networks, and write the run of the average.

    Args:
        members: of `open_members`.
        dataset: the data that they were trained on.
        most: choose at most so many members by the validation images; None: take all of them.
        path: the run directory to make; None: one under `runs/`.
        report: is told what is being done.

    Raises:
        RunError: a member cannot be restored, no average is better than one member, or the run
            directory exists or cannot be written to.
    """
    started = utc_now()
    composition = compose(members, [1] * len(members), NAME)
    runtime = start_runtime(composition.file.config)
    splits = _split(composition, dataset)
    compared = splits.validation
    images, labels = compared.images, compared.labels
    if not len(compared):
        first = slice(0, CHECKED_IMAGES)
        images, labels = splits.train.images[first], splits.train.labels[first]
    restored = []
    for member in members:
        report(f"restoring {member.run.path}")
        restored.append(_restore(member, images, labels))
    answers = [each.probabilities for each in restored]
    all_members = average_all(answers, labels)
    choice = all_members if most is None else choose_members(answers, labels, most)
    if most is not None:
        _check_several(choice, restored)
        composition = compose(members, choice.weights, NAME)
    report("building the ensemble")
    network = _build(composition, restored, dataset.num_classes)
    loop = EvaluationLoop(network, runtime.execution.shards)
    expected = np.average(answers, axis=0, weights=choice.weights)
    _check_average(network, loop.predict(images), expected)
    record = _describe(composition, restored, choice.weights, runtime, splits, started)
    config_text = dump_config(composition.file.config)
    now = datetime.now()
    with new_run_directory(NAME, path, now, config_text, record, report) as run:
        try:
            report("calibrating and measuring it")
            save_checkpoint(run.best_checkpoint, network, {"epoch": 0})
            calibration = calibrate(loop, splits.train, splits.validation)
            write_whole(run.calibration, calibration.to_bytes())
            artifacts = write_model_files(run, network)
            evaluation, probabilities = evaluate_network(loop, splits.test, calibration.temperature)
            write_evaluation(run, evaluation, Subject())
            validation = (
                {"val_loss": choice.loss, "val_accuracy": choice.accuracy} if len(compared) else {}
            )
            record = msgspec.structs.replace(
                record,
                status="completed",
                finished=utc_now(),
                artifacts=artifacts,
                metrics={
                    **validation,
                    "test_loss": evaluation.loss,
                    "test_accuracy": evaluation.accuracy,
                    "test_expected_calibration_error": evaluation.expected_calibration_error,
                },
            )
            run.write_record(record)
        except BaseException:
            shutil.rmtree(run.path, ignore_errors=True)
            raise
    has_validation = bool(len(compared))
    return EnsembleResult(
        run=run,
        record=record,
        members=restored,
        weights=choice.weights,
        all_members=all_members if has_validation else None,
        choice=choice if has_validation else None,
        evaluation=evaluation,
        probabilities=probabilities,
    )


def _split(composition: Composition, dataset: Dataset) -> Splits:
    data = composition.file.config.data
    return split_validation(dataset, data.validation, data.split_seed)


def _restore(
    member: MemberRun, images: NDArray[np.uint8], labels: NDArray[np.uint8]
) -> RestoredMember:
    network = restore_network(member.run)
    outputs = EvaluationLoop(network).predict(images)
    temperature = member.temperature if member.outputs is OutputKind.SCORES else 1.0
    probabilities = to_probabilities(outputs, member.outputs, temperature)
    return RestoredMember(
        member,
        network,
        hashlib.sha256(member.run.best_checkpoint.read_bytes()).hexdigest(),
        probabilities,
        float((probabilities.argmax(axis=1) == labels).mean()),
    )


def _check_several(choice: Choice, restored: Sequence[RestoredMember]) -> None:
    """Raise `RunError` if one member was chosen alone."""
    chosen = [each for each, weight in zip(restored, choice.weights, strict=True) if weight]
    if len(chosen) == 1:
        raise RunError(
            f"no average is better on the validation images than {chosen[0].member.run.path} alone "
            f"({choice.accuracy:.2%})",
            "expected runs that complete each other; use that run as it is, or leave out --best",
        )


def _build(
    composition: Composition, restored: Sequence[RestoredMember], num_classes: int
) -> Network:
    """Return the network of an ensemble, with its members' weights."""
    network = build_network(composition.file, num_classes, composition.scale, composition.offset)
    networks = {each.member.run.path: each.network for each in restored}
    for member, places in composition.members:
        for place, layer in zip(places, networks[member.run.path].layers, strict=True):
            network.layers[place].set_weights(layer.get_weights())
    return network


def _check_average(
    network: Network, outputs: NDArray[np.floating[Any]], expected: NDArray[np.floating[Any]]
) -> None:
    """Raise `RunError` unless the ensemble says what its members say on average."""
    is_exact = all(layer.compute_dtype == "float32" for layer in network.layers)
    difference = float(np.abs(outputs - expected).max())
    if not difference <= (TOLERANCE if is_exact else HALF_TOLERANCE):
        raise RunError(
            "the network of the ensemble differs from the average of its members by "
            f"{difference:.2g} of a probability",
            "expected the same; nothing was written. A layer of a member may compute something "
            "else beside others; leave that member out",
        )


def _describe(
    composition: Composition,
    restored: Sequence[RestoredMember],
    weights: Sequence[int],
    runtime: Runtime,
    splits: Splits,
    started: str,
) -> RunRecord:
    """Return the record of an ensemble that is being made."""
    environment = describe_environment(runtime.threads, runtime.device, runtime.kernels)
    dataset = msgspec.structs.replace(
        restored[0].member.record.dataset,
        training_images=len(splits.train),
        validation_images=len(splits.validation),
        test_images=len(splits.test),
        pixel_scale=composition.scale,
        pixel_offset=composition.offset,
    )
    return RunRecord(
        **msgspec.structs.asdict(environment),
        status="running",
        started=started,
        config=dump_config(composition.file.config),
        dataset=dataset,
        outputs="probabilities",
        members=[
            Member(run=str(each.member.run.path.absolute()), sha256=each.sha256, weight=weight)
            for each, weight in zip(restored, weights, strict=True)
            if weight
        ],
    )
