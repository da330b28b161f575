"""Makes the run of an ensemble from the runs of its members."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from mnistcli.artifacts import Source, restore_network, save_checkpoint, write_model_files
from mnistcli.config import dump_config
from mnistcli.data import Dataset, LabelledImages, Splits, split_validation
from mnistcli.engine import EvaluationLoop, start_runtime
from mnistcli.ensembles.choose import Average, choose_members, measure_average
from mnistcli.ensembles.compose import Composition, compose
from mnistcli.ensembles.members import MemberRun
from mnistcli.errors import ConfigError, RunError
from mnistcli.evaluation import (
    Subject,
    calibrate,
    evaluate_network,
    keep_predictions,
    keep_samples,
    write_evaluation,
)
from mnistcli.model import Network, build_network, describe_layers
from mnistcli.numbers import format_percent
from mnistcli.recognition import OutputKind, to_probabilities
from mnistcli.runs import (
    DatasetRecord,
    Member,
    RunDirectory,
    RunRecord,
    describe_environment,
    new_run_directory,
    utc_now,
    write_whole,
)
from mnistcli.scores import Evaluation

NAME = "ensemble"
CHECKED_IMAGES = 1000  # of the training images, where there are no validation images
# Largest difference of a probability from the average of the members' own; their kernels may sum
# in another order, and bfloat16 has 8 bits.
TOLERANCE, HALF_TOLERANCE = 1e-4, 5e-2


@dataclass(frozen=True)
class Candidate:
    """A run that may become a member, with its network.

    Attributes:
        sha256: of its checkpoint of the best epoch.
        probabilities: (N, C), what it says of the images that the candidates are compared on.
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
        candidates: all runs that it was made of, or that it was chosen from.
        average: how often each of them counts, and what that is worth on the validation images.
        all_candidates: the same of all of them, if some were chosen.
        probabilities: (N, C), what it says of the test images, calibrated.
    """

    run: RunDirectory
    record: RunRecord
    candidates: list[Candidate]
    average: Average
    all_candidates: Average | None
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
    runtime = start_runtime(members[0].config)
    splits, validation = _split(members, dataset)
    images = _images_to_compare(splits)
    candidates = []
    for member in members:
        report(f"restoring {member.path}")
        candidates.append(_restore(member, images))
    average = _average_all(candidates, images)
    all_candidates = None
    if most is not None:
        all_candidates, average = average, _choose(candidates, images, most)
    report("building the ensemble")
    try:
        composition = compose(members, average.weights, validation, NAME)
        network = _build(composition, candidates, dataset.num_classes)
    except ConfigError as error:
        raise RunError(
            "the networks of these runs do not work beside each other in one model:",
            *error.args,
            "expected layers that do; leave a run out",
        ) from None
    loop = EvaluationLoop(network)
    _check_average(network, loop.predict(images.images), candidates, average.weights)
    report("calibrating and measuring it")
    calibration = calibrate(loop, splits.train, splits.validation)
    evaluation, probabilities = evaluate_network(loop, splits.test, calibration.temperature)
    config_text = dump_config(composition.file.config)
    environment = describe_environment(
        runtime.threads, runtime.device, runtime.kernels, runtime.kernel_threads
    )
    record = RunRecord(
        **msgspec.structs.asdict(environment),
        status="completed",
        started=started,
        config=config_text,
        dataset=_describe_data(composition, members[0], splits),
        outputs="probabilities",
        layers=describe_layers(network.model),
        parameters=network.model.count_params(),
        members=_describe_members(candidates, average),
        metrics=_collect_metrics(average if validation else None, evaluation),
    )

    def fill(run: RunDirectory) -> None:
        save_checkpoint(run.best_checkpoint, network, {"epoch": 0})
        write_whole(run.calibration, calibration.to_bytes())
        write_evaluation(run, evaluation, Subject())
        keep_predictions(run, loop, splits, calibration.temperature, probabilities)
        keep_samples(run, network, splits.train)
        artifacts = write_model_files(Source.of(run, network, splits.train))
        run.write_record(msgspec.structs.replace(record, artifacts=artifacts, finished=utc_now()))

    with new_run_directory(NAME, path, datetime.now(), config_text, record, report, fill) as run:
        record = run.read_record()
    return EnsembleResult(
        run, record, candidates, average, all_candidates, evaluation, probabilities
    )


def _split(members: Sequence[MemberRun], dataset: Dataset) -> tuple[Splits, int | Literal["test"]]:
    """Return the split whose validation images all members held out, and `data.validation` of it.

    Of different numbers of them, the smallest part belongs to all.
    """
    data_configs = [member.config.data for member in members]
    splits = min(
        (split_validation(dataset, data.validation, data.split_seed) for data in data_configs),
        key=lambda splits: len(splits.validation),
    )
    count = len(splits.validation)
    return splits, "test" if count and data_configs[0].validation == "test" else count


def _images_to_compare(splits: Splits) -> LabelledImages:
    """Return the validation images, or training images where there are none."""
    if len(splits.validation):
        return splits.validation
    train, first = splits.train, slice(0, CHECKED_IMAGES)
    return LabelledImages("train", train.images[first], train.labels[first], train.source)


def _restore(member: MemberRun, images: LabelledImages) -> Candidate:
    """Restore a member, in float32 as all of the ensemble, and ask it about the images.

    Raises:
        RunError: it cannot be restored, or gives no numbers.
    """
    network = restore_network(member.run, in_float32=True)
    outputs = EvaluationLoop(network).predict(images.images)
    if not np.isfinite(outputs).all():
        raise RunError(
            f"{member.path} gives outputs that are NaN or infinite",
            "expected numbers; leave it out, or train it again",
        )
    temperature = member.temperature if member.outputs is OutputKind.SCORES else 1.0
    probabilities = to_probabilities(outputs, member.outputs, temperature)
    return Candidate(
        member,
        network,
        hashlib.sha256(member.run.best_checkpoint.read_bytes()).hexdigest(),
        probabilities,
        measure_average([1], [probabilities], images.labels).accuracy,
    )


def _average_all(candidates: Sequence[Candidate], images: LabelledImages) -> Average:
    """Return the average in which each candidate counts as often as it was named."""
    weights = [candidate.member.weight for candidate in candidates]
    answers = [candidate.probabilities for candidate in candidates]
    return measure_average(weights, answers, images.labels)


def _choose(candidates: Sequence[Candidate], images: LabelledImages, most: int) -> Average:
    """Choose the best average of at most so many candidates.

    Raises:
        RunError: it is one candidate alone.
    """
    answers = [candidate.probabilities for candidate in candidates]
    average = choose_members(answers, images.labels, most)
    if np.count_nonzero(average.weights) == 1:
        best = candidates[int(np.argmax(average.weights))]
        raise RunError(
            f"{best.member.path} alone is as good on the validation images "
            f"({format_percent(average.accuracy, decimals=2)}) as it is with others, added one at "
            "a time",
            "use that run alone, or leave out --best",
        )
    return average


def _build(composition: Composition, candidates: Sequence[Candidate], num_classes: int) -> Network:
    """Return the network of an ensemble, with its members' weights."""
    network = build_network(composition.file, num_classes, composition.scale, composition.offset)
    for candidate, places in zip(candidates, composition.places, strict=True):
        if places:  # it counts
            for place, layer in zip(places, candidate.network.layers, strict=True):
                network.layers[place].set_weights(layer.get_weights())
    return network


def _check_average(
    network: Network,
    outputs: NDArray[np.floating[Any]],
    candidates: Sequence[Candidate],
    weights: Sequence[int],
) -> None:
    """Raise `RunError` unless the ensemble says what its members say on average."""
    answers = [candidate.probabilities for candidate in candidates]
    expected = np.average(answers, axis=0, weights=weights)
    is_exact = all(layer.compute_dtype == "float32" for layer in network.layers)
    difference = float(np.abs(outputs - expected).max())
    if not difference <= (TOLERANCE if is_exact else HALF_TOLERANCE):
        raise RunError(
            "the network of the ensemble differs from the average of its members by "
            f"{difference:.2g} of a probability",
            "expected the same; nothing was written. A layer of a member may compute something "
            "else beside others; leave that member out",
        )


def _describe_data(composition: Composition, member: MemberRun, splits: Splits) -> DatasetRecord:
    return msgspec.structs.replace(
        member.record.dataset,
        training_images=len(splits.train),
        validation_images=len(splits.validation),
        test_images=len(splits.test),
        pixel_scale=composition.scale,
        pixel_offset=composition.offset,
    )


def _describe_members(candidates: Sequence[Candidate], average: Average) -> list[Member]:
    return [
        Member(run=str(candidate.member.path.resolve()), sha256=candidate.sha256, weight=weight)
        for candidate, weight in zip(candidates, average.weights, strict=True)
        if weight
    ]


def _collect_metrics(average: Average | None, evaluation: Evaluation) -> dict[str, Any]:
    """Return what run.json tells: of the validation images, if there are any, and of the test."""
    validation = {"val_loss": average.loss, "val_accuracy": average.accuracy} if average else {}
    return {
        **validation,
        "test_loss": evaluation.loss,
        "test_accuracy": evaluation.accuracy,
        "test_expected_calibration_error": evaluation.expected_calibration_error,
    }
