"""In what runs differ, and which of them are listed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from config_texts import Load
from run_records import make_record

from mnistcli.comparison import (
    Condition,
    RunRow,
    find_differences,
    parse_condition,
    read_row,
    select,
)
from mnistcli.config import dump_config, parse_dump
from mnistcli.errors import UsageError
from mnistcli.runs import RunDirectory

MLP = """\
layers:
  - Dense: {units: 32, activation: relu}
  - Dense: {units: 10, activation: softmax}
optimizer: {Adam: {learning_rate: 1e-3}}
"""
DEEP = MLP.replace("layers:\n", "layers:\n  - Dense: {units: 64}\n")


@pytest.fixture
def settings(load: Load) -> Callable[..., dict[str, Any]]:
    """The plain values of a config's text with overrides."""
    return lambda text, *overrides: parse_dump(dump_config(load(text, *overrides).config))


def texts(*settings: dict[str, Any]) -> dict[str, list[str]]:
    return {difference.key: difference.texts() for difference in find_differences(settings)}


def test_a_dump_is_parsed_to_the_values_that_were_dumped(load: Load) -> None:
    config = load(
        DEEP + "augment: [{RandomFlip: {mode: horizontal}}]\nearly_stopping: {patience: 3}\n"
        f"data: {{dataset: '/a: - b/{'long name ' * 20}', validation: 10}}\n"
        "metrics: [SparseTopKCategoricalAccuracy: {k: 3}]"
    ).config

    assert parse_dump(dump_config(config)) == config.model_dump()


def test_only_what_differs_is_told_and_a_name_is_nothing(
    settings: Callable[..., dict[str, Any]],
) -> None:
    first, second = settings("name: a\n" + MLP), settings("name: b\n" + MLP, "epochs=7")
    third = settings(MLP, "optimizer.Adam.learning_rate=0.01", "layers.1.Dense.units=16")

    assert texts(first, first) == {}
    assert texts(first, second) == {"epochs": ["5", "7"]}
    assert texts(first, third) == {
        "layers.1.Dense.units": ["10", "16"],
        "optimizer.Adam.learning_rate": ["0.001", "0.01"],
    }


def test_sections_of_other_parts_are_told_whole_without_what_is_alike(
    settings: Callable[..., dict[str, Any]],
) -> None:
    first, second = settings(MLP), settings(DEEP, "optimizer=SGD", "early_stopping.patience=4")

    assert texts(first, second) == {
        "layers": ["…", "Dense(64), …"],
        "optimizer": ["Adam", "SGD"],
        "early_stopping": ["null", "{min_delta: 0.0, mode: null, monitor: val_loss, patience: 4}"],
    }


def row(name: str, **fields: Any) -> RunRow:
    metrics = fields.pop("metrics", None)
    record = make_record(status="completed", metrics=metrics, **fields)
    return RunRow(RunDirectory(Path(name)), "completed", None, record, {"epochs": 3})


ROWS = [
    row("a", metrics={"test_accuracy": 0.98}, started="2026-01-03"),
    row("b", metrics={"test_accuracy": 0.991}, started="2026-01-01"),
    row("c", started="2026-01-02"),
]


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("test_accuracy>=0.99", "b"),
        ("test_accuracy >= 99%", "b"),
        ("test_accuracy<0.99", "a"),
        ("test_accuracy!=0.98", "cb"),
        ("epochs=3", "bca"),
        ("epochs==4", ""),
        ("status=Completed", "bca"),
        ("name!=a", "bc"),
        ("stop_reason=null", "bca"),
        ("stop_reason!=null", ""),
        ("training_images>=1,238", "bca"),
    ],
)
def test_conditions(condition: str, names: str) -> None:
    found = {each.run.name for each in select(ROWS, [parse_condition(condition)])}

    assert found == set(names)


def test_the_order_of_runs() -> None:
    def names(**options: Any) -> str:
        return "".join(each.run.name for each in select(ROWS, **options))

    assert names() == "bca"
    assert names(reverse=True) == "acb"
    assert names(sort="test_accuracy") == "abc"
    assert names(sort="test_accuracy", reverse=True, limit=2) == "ba"


def test_an_unknown_key_names_the_nearest() -> None:
    with pytest.raises(
        UsageError, match=r"no run has 'test_acuracy'; did you mean 'test_accuracy'"
    ):
        select(ROWS, [Condition("test_acuracy", ">", "0")])
    with pytest.raises(UsageError, match=r"--sort: no run has 'epoch'; did you mean 'epochs'"):
        select(ROWS, sort="epoch")
    for text in ("test_accuracy", ">3", "a b=3", ""):
        with pytest.raises(UsageError, match="not a condition"):
            parse_condition(text)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("training_images>many", "training_images is a number, got 'many'"),
        ("seconds>1 min", "seconds is a number, got '1 min'"),
        ("test_accuracy>=99", "test_accuracy is a share from 0 to 1, got 99"),
    ],
)
def test_a_condition_that_cannot_be_meant_so_is_refused(condition: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        select(ROWS, [parse_condition(condition)])


def test_a_run_without_a_process_is_interrupted(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.write_record(make_record(config="epochs: 3\nseed: 7\ndata:\n  dataset: digits\n"))

    found = read_row(run)

    assert (found.status, found.problem) == ("interrupted", None)
    assert found.values["data.split_seed"] == 7  # as before version 0.4
