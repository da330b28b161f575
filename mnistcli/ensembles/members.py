"""The runs that become members of an ensemble."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mnistcli.config import Config
from mnistcli.data import PARTS
from mnistcli.errors import RunError, UsageError, command_line
from mnistcli.recognition import OutputKind, read_calibration
from mnistcli.runs import RunDirectory, RunRecord, open_run_directory


@dataclass(frozen=True)
class MemberRun:
    """A completed run that can be averaged with others.

    Attributes:
        temperature: of its calibration, which gives scores a scale.
        weight: how often it was named.
    """

    run: RunDirectory
    record: RunRecord
    config: Config
    outputs: OutputKind
    temperature: float
    weight: int = 1

    @property
    def path(self) -> Path:
        """Its run directory, as the user named it."""
        return self.run.path

    @property
    def holds_out(self) -> bool:
        """Whether its epochs were compared by images, which may be the test images."""
        return self.config.data.validation != 0

    @property
    def is_validated(self) -> bool:
        """Whether it held out images of its own, other than the test images."""
        return self.config.data.validation not in (0, "test")


def open_members(paths: Sequence[Path]) -> list[MemberRun]:
    """Open runs, and check that their networks can be averaged and compared.

    Args:
        paths: of at least two runs. One that is named twice counts twice.

    Raises:
        RunError: a run is not completed, ends in numbers that are no shares of classes, or was
            trained on other data or on another's validation images.
        UsageError: there are fewer than two runs.
    """
    named_paths: dict[Path, Path] = {}
    for path in paths:
        named_paths.setdefault(path.resolve(), path)
    if len(named_paths) < 2:
        raise UsageError(
            "an ensemble averages two runs or more, got one run", "expected: ensemble RUN RUN…"
        )
    counts = Counter(path.resolve() for path in paths)
    members = [
        replace(_open_member(path), weight=counts[resolved_path])
        for resolved_path, path in named_paths.items()
    ]
    for member in members[1:]:
        _check_data(members[0], member)
    if all(member.holds_out for member in members):  # else all have no image in common
        for member in members[1:]:
            _check_held_out(members[0], member)
    return members


def _open_member(path: Path) -> MemberRun:
    run = open_run_directory(path)
    record = run.read_record()
    if record.status != "completed":
        raise RunError(
            f"{path} is not completed; its status is {record.status}",
            run.advise_completion(),
        )
    if record.outputs is None:
        raise RunError(
            f"{path} is of an older version of mnistcli, which did not record what its outputs are",
            f"train it again: {command_line('train', run.config)}",
        )
    outputs = OutputKind(record.outputs)
    if outputs is OutputKind.INDEPENDENT:
        raise RunError(
            f"{path} ends in a probability for each class by itself, as sigmoids do",
            "expected networks that end in a softmax, in logits or in scores",
        )
    config = run.read_config().config
    return MemberRun(run, record, config, outputs, _read_temperature(run, outputs))


def _read_temperature(run: RunDirectory, outputs: OutputKind) -> float:
    """Return the temperature of a run's calibration, which only scores cannot do without."""
    if outputs is not OutputKind.SCORES:
        return read_calibration(run).temperature
    try:
        if run.calibration.exists():
            return read_calibration(run).temperature
        problem = f"{run.path} has no {run.calibration.name}"
    except RunError as error:
        problem = error.args[0]
    raise RunError(
        f"{problem}; it gives the scores of a network their scale",
        f"train it again: {command_line('train', run.config)}",
    )


def _check_data(first: MemberRun, member: MemberRun) -> None:
    """Raise `RunError` unless a member was trained on the data of the first one."""
    one_data, other_data = first.record.dataset.sha256, member.record.dataset.sha256
    if any(one_data.get(part) != other_data.get(part) for part in PARTS):  # whatever is extra
        raise RunError(
            f"{member.path} was trained on other data than {first.path}: "
            f"{member.record.dataset.source}, not {first.record.dataset.source}",
            "expected runs on the same images and labels; their SHA-256 is in run.json",
        )


def _check_held_out(first: MemberRun, member: MemberRun) -> None:
    """Raise `RunError` unless the images that one of two members held out hold those of the other.

    Both held out some.
    """
    one, other = first.config.data, member.config.data
    # A permutation of the training images begins with those that are held out, so that of two
    # numbers of them the smaller one is a part of the larger.
    if first.is_validated != member.is_validated or (
        first.is_validated and one.split_seed != other.split_seed
    ):
        raise RunError(
            f"{member.path} and {first.path} hold out different images, so that one was "
            "trained on images that the other is measured by",
            "expected the same data.validation and data.split_seed; train it again with: "
            + command_line(
                *("train", member.run.config),
                *("--set", f"data.validation={one.validation}"),
                *("--set", f"data.split_seed={one.split_seed}"),
            ),
        )
