"""`--set` options, checked like the file."""

from pathlib import Path

import pytest
from config_texts import LAYERS, ErrorsOf, Load

from mnistcli.errors import ConfigError

CONFIGS = Path(__file__).parent.parent / "configs"


# --set


def test_options_replace_and_add_values(load: Load) -> None:
    config = load(
        f"{LAYERS}optimizer: adam\nloss: {{SparseCategoricalCrossentropy: {{}}}}\n",
        "optimizer.Adam.learning_rate=1e-2",
        "layers.1.Dense.units=7",
        "layers.0.Flatten.name=flat",
        "data.validation=0.2",
        "early_stopping={patience: 7}",
        "early_stopping.min_delta=0.5",
        "loss=mse",
        "name='5'",
        "epochs=3",
        "epochs=4",
    ).config
    assert config.optimizer.arguments["learning_rate"] == 0.01
    assert config.optimizer.arguments["beta_1"] == 0.9
    assert config.layers[1].arguments["units"] == 7
    assert config.layers[0].arguments["name"] == "flat"
    assert config.data.validation == 0.2
    assert config.early_stopping is not None
    assert (config.early_stopping.patience, config.early_stopping.min_delta) == (7, 0.5)
    assert (config.loss.name, config.name, config.epochs) == ("MeanSquaredError", "5", 4)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("epochs=0", "epochs: expected at least 1, got 0"),
        ("epochs=", "epochs: expected a whole number, got nothing"),
        ("epochs=3 # three", None),
        ("batchsize=3", "unknown key 'batchsize'; did you mean 'batch_size'?"),
        ("layers=[]", "layers: expected at least one, got []"),
        ("layers=", "layers: expected a list, got nothing"),
        ("layers.1.Dense.unit=3", "Dense has no argument 'unit'; did you mean 'units'?"),
        (
            "layers.1.Dense.units=x",
            "Dense's argument 'units' expects a whole number, got 'x'",
        ),
        ("layers.1=Dens", "unknown layer 'Dens'; did you mean 'Dense'?"),
        ("layers.1={Dense: {units: 3, unit: 4}}", "Dense has no argument 'unit'; did you mean"),
        (
            "layers.3=ReLU",
            "expected the number of an item, from 0 to 1, or 2 for a new one; got '3'",
        ),
        (
            "layers.-1=ReLU",
            "expected the number of an item, from 0 to 1, or 2 for a new one; got '-",
        ),
        ("layers.2.Dense.units=3", "expected the number of an item, from 0 to 1; got '2'"),
        ("augment.1=RandomFlip", "expected the number of an item, 0 for a new one; got '1'"),
        ("augment.x=RandomFlip", "expected the number of an item, 0 for a new one; got 'x'"),
        ("augment.0.RandomFlip.mode=a", "the list is empty: add a whole item, as number 0"),
        (f"layers{'.0' * 41}=3", "nested more than 40 levels deep"),
        (f"layers.0={'[' * 50}", "nested more than 40 levels deep"),
        ("layers.Dense.units=3", "expected the number of an item, from 0 to 1; got 'Dense'"),
        (f"layers.{'9' * 5000}=Flatten", "expected the number of an item, from 0 to 1, or 2 for a"),
        (
            "layers.0.Dense.units=3",
            "layers.0 is Flatten here, not Dense; to change it: "
            "--set 'layers.0={Dense: {units: 3}}'",
        ),
        ("seed.x=3", "'seed' is 4, which has no 'x' inside"),
        (
            "optimizer.SGD.momentum=0.9",
            "optimizer is Adam here, not SGD; to change it: "
            "--set 'optimizer={SGD: {momentum: 0.9}}'",
        ),
        (
            "optimizer.learning_rate=0.1",
            "'learning_rate' is an argument of Adam: --set optimizer.Adam.learning_rate=0.1",
        ),
        ("optimizer.Adam.learning_rate=ten", "unknown learning-rate schedule 'ten'; expected a"),
        ("data={validation: 1, validation: 2}", "duplicate key 'validation'; it is already there"),
        ("epochs", "expected KEY=VALUE, such as epochs=10 or optimizer.Adam.epsilon=1e-8"),
        ("=3", "expected KEY=VALUE, such as"),
        ("data..validation=3", "expected KEY=VALUE, such as"),
        ("name=[a", "not valid YAML: did not find expected ',' or ']'"),
        ("name=a: b: c", "not valid YAML: mapping values are not allowed in this context"),
        ("name=!!python/object:os.system x", "the tag '!!python/object:os.system' is not part of"),
        ("name=\udcff", r"not valid YAML: the character \xff is not allowed; remove it"),
        ("name=\u00e9", "name: expected up to 64 of A-Z"),
    ],
)
def test_an_error_names_the_option(load: Load, option: str, message: str | None) -> None:
    text = f"{LAYERS}seed: 4\noptimizer: {{Adam: {{}}}}\n"
    if message is None:
        assert load(text, option).config.epochs == 3
        return
    with pytest.raises(ConfigError) as error:
        load(text, option)
    shown = option.replace("\udcff", r"\xff")
    assert str(error.value).startswith(f"--set {shown}: error: {message}")


@pytest.mark.parametrize("line", ["", "augment:", "augment: []", "augment: null"])
def test_options_append_to_lists(load: Load, line: str) -> None:
    options = ["augment.0=RandomFlip", "augment.1={RandomContrast: {factor: 0.1}}", "metrics.1=mse"]
    config = load(LAYERS + line, *options, "augment.0.RandomFlip={mode: horizontal}").config
    assert [str(layer) for layer in config.augment] == ["RandomFlip", "RandomContrast"]
    assert config.augment[0].arguments["mode"] == "horizontal"
    assert [str(metric) for metric in config.metrics] == ["accuracy", "MeanSquaredError"]
    assert load("epochs: 3", "layers.0=Flatten", "layers.1=ReLU").config.layers[1].name == "ReLU"


def test_an_option_names_the_class_of_the_file_in_any_spelling(
    load: Load, errors_of: ErrorsOf
) -> None:
    text = f"{LAYERS}optimizer: {{SGD: {{momentum: 0.5}}}}\n"
    optimizer = load(text, "optimizer.sgd.learning_rate=0.3").config.optimizer
    assert (optimizer.arguments["momentum"], optimizer.arguments["learning_rate"]) == (0.5, 0.3)
    assert errors_of(text, "optimizer.SDG.learning_rate=0.3")[0] == (
        "--set optimizer.SDG.learning_rate=0.3: error: optimizer is SGD here, and 'SDG' is no "
        "class or argument; did you mean 'SGD'?"
    )
    lines = errors_of(text, "lr=0.1", "optimizer.SGD.learning_rate=-1")
    assert "unknown key 'lr'; did you mean 'optimizer.SGD.learning_rate'?" in lines[0]
    assert lines[1].endswith("argument 'learning_rate' expects a number from 0, got -1")


def test_the_fallback_of_the_file_is_for_its_own_data_set(load: Load) -> None:
    text = f"{LAYERS}data: {{dataset: mnist, fallback: digits}}\n"
    assert load(text).config.data.fallback == "digits"
    assert load(text, "data.dataset=mnst").config.data.fallback is None
    options = ("data.dataset=mine", "data.fallback=mnist")
    assert load(text, *options).config.data.fallback == "mnist"


def test_an_option_mends_what_is_wrong_in_the_file(load: Load) -> None:
    assert load(f"{LAYERS}epochs: ten", "epochs=10").config.epochs == 10
    assert load("layers: [Dens]", "layers.0=Flatten").config.layers[0].name == "Flatten"
    assert load("epochs: 3", "layers=[Flatten]").config.epochs == 3


def test_errors_of_file_and_options_are_told_together(errors_of: ErrorsOf) -> None:
    lines = errors_of(f"{LAYERS}epochs: 0\n", "seed=-1", "optimizer.Adam.lr=3")
    assert lines == [
        "--set optimizer.Adam.lr=3: error: Adam has no argument 'lr'; did you mean "
        "'learning_rate'?",
        "--set seed=-1: error: seed: expected at least 0, got -1",
        "c.yaml:2:9: error: epochs: expected at least 1, got 0",
        "3 errors in c.yaml",
    ]
