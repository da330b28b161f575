"""Train a run again, and compare it with itself."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mnistcli.errors import InterruptedTrainingError, RunError
from mnistcli.runs import RunDirectory, describe_environment, environment_differences
from mnistcli.training.observer import TrainingObserver
from mnistcli.training.preparation import Preparation
from mnistcli.training.train import train

_TIMES = ("seconds", "images_per_second")


@dataclass(frozen=True)
class Difference:
    """A number that is not what was recorded; None stands for NaN, infinity, or nothing."""

    metric: str
    recorded: float | None
    now: float | None


@dataclass(frozen=True)
class Reproduction:
    """How a run that was trained again compares with what was recorded.

    Attributes:
        epochs: for each epoch of metrics.jsonl, what differs; nothing where it is identical.
        test: what differs in the best epoch and its test metrics; None for a run that has none.
        environment: what differs in versions, hardware and threads.
    """

    epochs: dict[int, list[Difference]]
    test: list[Difference] | None
    environment: list[str]

    @property
    def is_identical(self) -> bool:
        """Every number is what was recorded, to the last bit."""
        return not any(self.epochs.values()) and not self.test

    def to_json(self) -> dict[str, Any]:
        """Return plain values that the json module writes."""

        def plain(differences: list[Difference]) -> dict[str, Any]:
            return {
                each.metric: {"recorded": each.recorded, "now": each.now} for each in differences
            }

        return {
            "identical": self.is_identical,
            "epochs": [{"epoch": e, "differences": plain(d)} for e, d in self.epochs.items()],
            "test": None if self.test is None else plain(self.test),
            "environment": self.environment,
        }


def reproduce(
    run: RunDirectory, preparation: Preparation, observers: Sequence[TrainingObserver] = ()
) -> Reproduction:
    """Train a run again for as many epochs as it has, in a folder that is removed afterwards.

    Args:
        preparation: of the run's config.yaml.

    Raises:
        RunError: the run has no epochs, or was trained on other data.
    """
    record, recorded_rows = run.read_record(), run.read_metrics()
    if len(recorded_rows) < 2:
        raise RunError(f"{run.path} has no epochs to compare with", "expected a trained run")
    run.check_data(preparation.dataset)
    # The schedules were made for all epochs of the config; a run cut short has fewer.
    config = preparation.file.config.model_copy(update={"epochs": len(recorded_rows) - 1})
    shorter = replace(preparation, file=replace(preparation.file, config=config))
    with tempfile.TemporaryDirectory(prefix="mnistcli-") as folder:
        with _without_hints(run, Path(folder)):
            result = train(shorter, Path(folder) / "run", observers)
        rows, metrics = result.run.read_metrics(), result.record.metrics or {}
    runtime = preparation.runtime
    environment = describe_environment(
        runtime.threads, runtime.device, runtime.kernels, runtime.kernel_threads
    )
    new_rows = dict(enumerate(rows))
    return Reproduction(
        epochs={i: _compare(row, new_rows.get(i, {})) for i, row in enumerate(recorded_rows)},
        test=_compare(record.metrics, metrics) if record.metrics else None,
        environment=environment_differences(record, environment),
    )


@contextmanager
def _without_hints(run: RunDirectory, folder: Path) -> Iterator[None]:
    """Leave out of errors how to go on in a folder that will be gone."""
    try:
        yield
    except InterruptedTrainingError as error:
        raise InterruptedTrainingError(
            error.exit_code - 128,
            f"interrupted; {run.path} is as it was",
            f"begin again with: mnistcli reproduce {run.path}",
        ) from None
    except RunError as error:
        problem, *hints = error.args
        hints = [hint for hint in hints if str(folder) not in hint]
        raise RunError(problem, *hints, f"{run.path} is as it was") from None


def _compare(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    return [
        Difference(name, value, now.get(name))
        for name, value in recorded.items()
        if name not in _TIMES and value != now.get(name)
    ]
