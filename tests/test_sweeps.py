"""The language of sweep files, and what Optuna keeps of a sweep."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mnistcli.config import read_yaml, to_yaml
from mnistcli.errors import ConfigError, RunError, UsageError
from mnistcli.sweeps import (
    Choices,
    Confirm,
    Numbers,
    SweepPlan,
    load_plan,
    parse_range,
    plan_search,
)
from mnistcli.sweeps.folder import new_sweep_folder, open_sweep_folder
from mnistcli.sweeps.storage import Journal
from mnistcli.sweeps.study import SweepStudy
from mnistcli.sweeps.trial import State

CONFIG = """\
layers:
  - Flatten
  - Dense: {units: 32, activation: relu}
  - Dropout: {rate: 0.1}
  - Dense: {units: 10, activation: softmax}
optimizer: adam
data: {dataset: digits}
"""
SWEEPS = sorted((Path(__file__).parents[1] / "configs" / "sweeps").iterdir())
LEARNING_RATE = "optimizer.Adam.learning_rate"

finite = st.floats(-1e9, 1e9, allow_nan=False).map(float)
positive = st.floats(1e-9, 1e9)
whole = st.integers(-(10**9), 10**9)
scalars = st.none() | st.booleans() | whole | finite | st.text(max_size=9)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abcDEF_", min_size=1), inner, max_size=3)
    ),
    max_leaves=6,
)


def ordered(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[tuple[float, float]]:
    pairs = st.tuples(numbers, numbers).filter(lambda pair: pair[0] != pair[1])
    return pairs.map(lambda pair: (min(pair), max(pair)))


ranges = st.one_of(
    ordered(finite).map(lambda ends: Numbers(*ends)),
    st.builds(
        lambda low, step, count: Numbers(low, float(f"{low + count * step:.1f}"), step=step),
        st.integers(-99, 99).map(float),
        st.sampled_from([0.1, 0.3, 2.0]),
        st.integers(1, 99),
    ),
    ordered(positive).map(lambda ends: Numbers(*ends, is_log=True)),
    ordered(whole).map(lambda ends: Numbers(*ends, is_whole=True)),
    ordered(st.integers(1, 10**9)).map(lambda ends: Numbers(*ends, is_whole=True, is_log=True)),
    st.lists(values.map(to_yaml), min_size=2, max_size=5, unique=True).map(
        lambda texts: Choices(tuple(texts))
    ),
)


@settings(deadline=None, max_examples=50)
@example(Numbers(-1.0, -0.9, step=0.1))  # in binary, the difference is smaller than the step
@example(Choices((to_yaml("\x85"), to_yaml("\u2028 "))))
@given(ranges)
def test_a_range_is_what_its_text_says(range_: Numbers | Choices) -> None:
    assert parse_range(str(range_)) == range_
    in_file = yaml.safe_dump({"search": {"key": str(range_)}})
    assert parse_range(read_yaml(in_file, "file").value["search"]["key"]) == range_


@settings(deadline=None)
@given(
    st.text(max_size=30) | st.builds("{}({})".format, st.sampled_from(["log", "int"]), st.text())
)
def test_any_text_is_a_range_or_an_error_of_one_line(text: str) -> None:
    try:
        parse_range(text)
    except ValueError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[32, 64]", "expected log(low, high)"),
        ("lg(1, 2)", "unknown range 'lg'; did you mean 'log'?"),
        ("log(0, 1)", "log: a logarithmic range begins above 0, got 0"),
        ("log(1e-2, 1e-4)", "log: expected a lower end below the upper one"),
        ("int(1, 2.5)", "int: expected whole numbers, as int(low, high)"),
        ("int(1, 9, lag)", "int: expected whole numbers, as int(low, high)"),
        ("uniform(0)", "uniform: expected numbers, as uniform(low, high)"),
        ("uniform(0, 1, 2)", "uniform: expected a step above 0, up to 1, got 2"),
        ("uniform(0, .inf)", "uniform: expected finite numbers"),
        ("choice(relu)", "choice: expected at least two values"),
        ("choice(1, 2, 1)", "choice: '1' is there twice"),
        ("choice({a: 1, a: 2}, 3)", "choice: duplicate key 'a'"),
        ("choice(!!python/name:os 1, 2)", "choice: the tag"),
    ],
)
def test_a_wrong_range_says_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        parse_range(text)
    assert message in str(error.value)


def test_a_range_with_a_step_has_the_numbers_that_a_person_counts() -> None:
    assert parse_range("uniform(0, 0.35, 0.1)").grid() == [0, 0.1, 0.2, 0.3]
    assert parse_range("uniform(0, 1, 1e-12)").grid_size() == 10**12 + 1


Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a sweep file beside small.yaml."""
    (tmp_path / "small.yaml").write_text(CONFIG)

    def write(text: str) -> Path:
        path = tmp_path / "sweep.yaml"
        path.write_text(f"config: small.yaml\n{text}")
        return path

    return write


def errors(path: Path, **options: object) -> str:
    with pytest.raises(ConfigError) as error:
        load_plan(path, options, ())
    return str(error.value).replace(f"{path.parent}/", "")


def test_all_errors_are_shown_at_once_with_their_places(write: Write) -> None:
    path = write(
        "search:\n"
        "  optimizer.Adam.learning_rate: lag(1, 2)\n"
        "  layers.1.Dense.units: choice(64, 12.5)\n"
        "  batchsize: int(16, 256)\n"
        "  data.validation: choice(100, 200)\n"
        "  layers.1: choice(Flatten, ReLU)\n"
        "trails: 3\n"
        "goal: val_acuracy\n"
        "sampler: xyz\n"
        "confirm: {best: 0}\n"
    )

    assert errors(path, minutes=-1.0).split("\n") == [
        "--minutes -1.0: error: minutes: expected a number above 0, got -1.0",
        "sweep.yaml:3:33: error: unknown range 'lag'; did you mean 'log'?",
        "sweep.yaml:4:25: error: Dense's argument 'units' expects a whole number, got 12.5",
        "sweep.yaml:5:14: error: unknown key 'batchsize'; did you mean 'batch_size'?",
        "sweep.yaml:6:3: error: 'data.validation' cannot be searched: trials are compared on the "
        "same images",
        "sweep.yaml:7:3: error: 'layers.1' overlaps with 'layers.1.Dense.units'; search one of "
        "them",
        "sweep.yaml:8:1: error: unknown key 'trails'; did you mean 'trials'?",
        "sweep.yaml:9:7: error: unknown goal 'val_acuracy'; did you mean 'val_accuracy'?",
        "sweep.yaml:10:10: error: unknown sampler 'xyz'; expected one of tpe, random, grid, "
        "qmc, cmaes",
        "sweep.yaml:11:17: error: best: expected a whole number from 1 to 100, got 0",
        "10 errors in sweep.yaml",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'search' names the settings to search"),
        ("search: {batch_size: 3}", "expected log(low, high)"),
        ("search: {optimizer: 'choice({Adam: {}}, {Adm: {}})'}", "unknown optimizer 'Adm'"),
        ("search: {data.extra.0.path: 'choice(a, b)'}", "compared on the same images"),
        ("search: {checkpoint.best: 'choice(val_loss, val_accuracy)'}", "the goal chooses"),
        (
            "search: {loss: 'choice(SparseCategoricalCrossentropy, CategoricalCrossentropy)'}\n"
            "goal: val_loss",
            "'loss' changes what val_loss is the sum of",
        ),
        ("search: {layers.9.Dense.units: 'int(1, 2)'}", "expected the number of an item"),
        ("search: {epochs: 'int(1, 3)'}\nconfig: 3", "duplicate key 'config'"),
        ("search: {layers.2.Dropout.rate: 'uniform(0, 0.5)'}\nsampler: grid", "finitely many"),
        ("search: {batch_size: 'int(1, 20000)'}\nsampler: grid", "20,000 combinations"),
        ("search: {batch_size: 'choice(16, 32)'}\nsampler: cmaes", "cmaes needs at least two"),
        ("search: {batch_size: 'choice(16, 32)'}\ntrials: 0", "trials: expected a whole number"),
        ("search: {batch_size: 'choice(16, 32)'}\nsampler: gp", "gp needs PyTorch"),
    ],
)
def test_what_cannot_be_searched(text: str, message: str, write: Write) -> None:
    assert message in errors(write(text))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data.validation=0", "holds no images out for 'val_accuracy'"),
        ("data.validation=test", "a search must not see"),
    ],
)
def test_a_search_needs_validation_images(override: str, message: str, write: Write) -> None:
    path = write("search: {batch_size: 'choice(16, 32)'}")

    with pytest.raises(ConfigError, match=message):
        load_plan(path, {}, [override])


def test_a_config_is_no_sweep_file(write: Write) -> None:
    path = write("").with_name("small.yaml")

    with pytest.raises(UsageError, match="is a config"):
        load_plan(path, {}, ())


def search(path: Path, *searches: str, **options: object) -> SweepPlan:
    return plan_search(path.with_name("small.yaml"), searches, options, ())


def test_a_command_line_is_a_sweep_file(write: Write) -> None:
    path = write("")

    plan = search(path, "optimizer.adam.learning_rate=log(1e-4, 1e-2)", goal="val_loss", trials=3)

    assert plan.config.checkpoint.best.monitor == "val_loss"
    path.with_name("again.yaml").write_text(plan.to_yaml("small.yaml"))
    assert load_plan(path.with_name("again.yaml"), {}, ()).space == plan.space
    trial = plan.trial_config([f"{LEARNING_RATE}=0.005"]).config
    assert trial.optimizer.arguments["learning_rate"] == 0.005
    with pytest.raises(ConfigError, match=r"--search batch_size=choice\(1, x\): error: batch_size"):
        search(path, "batch_size=choice(1, x)")
    with pytest.raises(ConfigError, match="'batch_size' is there twice"):
        search(path, "batch_size=choice(16, 32)", "batch_size=int(1, 3)")


def test_confirm_on_a_command_line(write: Write) -> None:
    path, batch_size = write(""), "batch_size=choice(16, 32)"

    assert search(path, batch_size, confirm="best=2,seeds=4").confirm == Confirm(2, 4)
    assert search(path, batch_size, confirm="seeds=1").confirm == Confirm(3, 1)
    for text, message in [
        ("best=0", "confirm best=0: error: best: expected a whole number"),
        ("bst=2", "confirm bst=2: error: unknown key 'bst'; did you mean 'best'?"),
        ("best=[", "confirm best=[: error: expected best=N,seeds=N"),
        ("best=2;seeds=4", "expected best=N,seeds=N"),
    ]:
        with pytest.raises(ConfigError) as error:
            search(path, batch_size, confirm=text)
        assert message in str(error.value)


def test_a_grid_has_as_many_trials_as_combinations(write: Write) -> None:
    searches = ("layers.2.Dropout.rate=uniform(0, 0.5, 0.1)", "batch_size=choice(16, 32, 64)")

    assert search(write(""), *searches, sampler="grid").trials == 18
    assert search(write(""), *searches, sampler="grid", trials=5).trials == 5
    assert search(write(""), *searches, minutes=3.0).minutes == 3


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_a_sweep_that_comes_with_it_is_right(path: Path) -> None:
    assert load_plan(path, {}, ()).space
    assert f"# mnistcli sweep configs/sweeps/{path.name}\n" in path.read_text()


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid", "cmaes"])
def test_a_study_that_is_cut_short_goes_on_with_the_same_trials(
    sampler: str, write: Write, tmp_path: Path
) -> None:
    searches = [f"{LEARNING_RATE}=log(1e-4, 1e-2)", "layers.2.Dropout.rate=uniform(0, 0.5)"]
    if sampler == "grid":
        searches = ["layers.2.Dropout.rate=uniform(0, 0.5, 0.1)", "batch_size=choice(16, 32)"]
    plan = search(write(""), *searches, sampler=sampler, trials=12)

    def sweep(name: str, is_cut: bool) -> SweepStudy:
        journal = tmp_path / name
        study = SweepStudy(plan, Journal(journal), higher_is_better=True)
        for number in range(plan.trials):
            trial = study.begin()
            if is_cut and number % 4 == 1:  # after the first of two settings was chosen
                lines = journal.read_bytes().splitlines(keepends=True)
                journal.write_bytes(b"".join(lines[:-1]))
                study = SweepStudy(plan, Journal(journal), higher_is_better=True)
                assert study.unfinished() == [number]
                trial = study.begin(number)
            trial.complete(math.sin(1e3 * sum(map(float, trial.description.settings.values()))), 1)
        return study

    whole, cut = sweep("whole", is_cut=False), sweep("cut", is_cut=True)

    assert cut.trials() == whole.trials()
    assert len({str(trial.settings) for trial in cut.trials()}) == plan.trials
    assert all(trial.state is State.COMPLETED for trial in cut.trials())
    best, *others = cut.rank()
    assert all((best.value or 0) >= (other.value or 0) for other in others)
    assert sum(cut.importances().values()) == pytest.approx(1)


def test_a_line_that_a_power_cut_left_is_cut_off(write: Write, tmp_path: Path) -> None:
    plan = search(write(""), "batch_size=choice(16, 32)", trials=3)
    with new_sweep_folder(plan, tmp_path / "sweep", print) as folder:
        study = SweepStudy(plan, Journal(folder.journal), True, {"data set": '"a"'})
        study.begin().fail("why", 1)
    with folder.journal.open("ab") as file:
        file.write(b'{"op_code":')

    with open_sweep_folder(tmp_path / "sweep", print) as folder:
        study = SweepStudy(plan, Journal(folder.journal), higher_is_better=True)
        study.begin()
    assert [trial.reason for trial in study.trials()] == ["why", None]
    with pytest.raises(RunError, match="began with another data set"):
        SweepStudy(plan, Journal(folder.journal), True, {"data set": '"b"'})
