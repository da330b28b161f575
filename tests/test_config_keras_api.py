"""What is read from Keras' source is what Keras itself says."""

import inspect
import operator
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import pytest

from mnistcli.config import keras_api
from mnistcli.config.objects import family_of_argument, make_object
from mnistcli.config.reviewed import REFUSED, REVIEWED, REVIEWED_KERAS

FAMILIES = [
    "layers",
    "optimizers",
    "losses",
    "metrics",
    "regularizers",
    "initializers",
    "constraints",
    "optimizers.schedules",
]
CLASSES = [(family, name) for family in FAMILIES for name in sorted(keras_api.classes(family))]


def public(family: str, name: str) -> Any:
    return operator.attrgetter(f"{family}.{name}")(keras)


def explicit_parameters(family: str, name: str) -> dict[str, inspect.Parameter]:
    starred = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = signature(family, name).parameters
    return {key: each for key, each in parameters.items() if each.kind not in starred}


def signature(family: str, name: str) -> inspect.Signature:
    # Of __init__: a class of Keras may have a __new__ that takes anything.
    made = public(family, name)
    found = inspect.signature(made.__init__ if inspect.isclass(made) else made)
    return found.replace(parameters=[p for p in found.parameters.values() if p.name != "self"])


@pytest.mark.parametrize("family", FAMILIES)
def test_every_public_class_is_found(family: str) -> None:
    module = operator.attrgetter(family)(keras)
    public_classes = {
        name for name in dir(module) if name[0].isupper() and inspect.isclass(getattr(module, name))
    }
    functions = {"Input"} if family == "layers" else set()
    assert set(keras_api.classes(family)) == (public_classes | functions) - set(REFUSED)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_class_of_the_reviewed_keras_is_allowed_or_refused(family: str) -> None:
    """A class of a newer Keras fails here: look at what its arguments can reach first."""
    assert not REVIEWED[family] & set(REFUSED)
    if keras.__version__.startswith(f"{REVIEWED_KERAS}."):
        assert set(keras_api.classes(family)) == REVIEWED[family]


@pytest.mark.parametrize(("family", "name"), CLASSES)
def test_arguments_are_those_of_the_class(family: str, name: str) -> None:
    parameters = explicit_parameters(family, name)
    read = keras_api.describe_class(family, name).arguments
    own = {key for key, argument in read.items() if not argument.is_inherited}
    takes_more = any(
        each.kind == inspect.Parameter.VAR_KEYWORD
        for each in signature(family, name).parameters.values()
    )
    assert own == set(parameters)
    assert takes_more or own == set(read)
    for key, parameter in parameters.items():
        is_required = parameter.default is inspect.Parameter.empty
        if key == "pool_size" and is_required:
            assert (read[key].is_required, read[key].default) == (False, 2)  # see describe_class
            continue
        assert read[key].is_required == is_required, key
        # A default that is an expression, such as a constant of the module, is not read.
        if not is_required and read[key].default is not None:
            assert read[key].default == parameter.default, key
            assert type(read[key].default) is type(parameter.default), key


def test_hardly_a_default_is_missed() -> None:
    missed = [
        (name, key)
        for family, name in CLASSES
        for key, parameter in explicit_parameters(family, name).items()
        if parameter.default not in (None, inspect.Parameter.empty)
        and keras_api.describe_class(family, name).arguments[key].default is None
    ]
    assert len(missed) <= 3, missed


@pytest.mark.parametrize(("family", "name"), CLASSES)
def test_documented_types_allow_the_default(family: str, name: str) -> None:
    for argument in keras_api.describe_class(family, name).arguments.values():
        assert argument.is_required or keras_api.fits(argument, argument.default), argument


@pytest.mark.parametrize(("family", "name"), CLASSES)
def test_keras_takes_the_defaults_that_are_written_out(family: str, name: str) -> None:
    """Each argument of `make_object` is one that Keras' own constructor has."""
    arguments = make_object(family, name).arguments
    required = [
        k for k, a in keras_api.describe_class(family, name).arguments.items() if a.is_required
    ]
    signature(family, name).bind(**(dict.fromkeys(required, 1) | arguments))
    for key, value in arguments.items():
        if nested := family_of_argument(key):
            assert getattr(value, "family", nested) == nested


@pytest.mark.parametrize(
    ("family", "given", "name"),
    [
        ("optimizers", "adam", "Adam"),
        ("optimizers", "rmsprop", "RMSprop"),
        ("losses", "mse", "MeanSquaredError"),
        ("losses", "sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"),
        ("losses", "kld", "KLDivergence"),
        ("metrics", "mae", "MeanAbsoluteError"),
        ("regularizers", "l1l2", "L1L2"),
        ("initializers", "he_normal", "HeNormal"),
        ("initializers", "glorot_uniform", "GlorotUniform"),
        ("constraints", "max_norm", "MaxNorm"),
    ],
)
def test_short_names_mean_what_keras_means(family: str, given: str, name: str) -> None:
    assert keras_api.find_class_name(family, given) == name
    # For some losses and metrics, Keras gives the function that the class wraps.
    meant = operator.attrgetter(f"{family}.get")(keras)(given)
    named = meant.__name__ if inspect.isfunction(meant) else type(meant).__name__
    assert keras_api.find_class_name(family, named) == name


def test_case_that_is_neither_keras_nor_snake_is_a_mistake() -> None:
    assert keras_api.find_class_name("layers", "Conv2d") is None
    assert keras_api.find_class_name("layers", "") is None
    assert keras_api.find_class_name("optimizers", "aDAM") is None


def test_activations_are_those_of_keras() -> None:
    known = keras_api.functions("activations")
    assert {"relu", "softmax", "tanh", "gelu", "linear"} <= known
    assert all(callable(keras.activations.get(name)) for name in known)


@pytest.mark.parametrize(
    ("name", "argument", "good", "bad"),
    [
        ("Dense", "units", [10], ["ten", 1.5, True, {}]),
        ("Dense", "use_bias", [True], [1, "no", [True]]),
        ("Conv2D", "kernel_size", [3, [3, 3]], ["3", True, 1.5]),
        ("Dropout", "rate", [0.5, 1], ["0.5", True]),
        ("MaxPooling2D", "padding", ["same"], [0, ["same"]]),
        ("Dense", "name", ["a", None], [5, ["a"]]),
    ],
)
def test_types_are_those_that_keras_documents(
    name: str, argument: str, good: list[Any], bad: list[Any]
) -> None:
    described = keras_api.describe_class("layers", name).arguments[argument]
    assert [keras_api.fits(described, value) for value in good] == [True] * len(good)
    assert [keras_api.fits(described, value) for value in bad] == [False] * len(bad)


@pytest.mark.parametrize(
    ("name", "internal"),
    [
        ("Conv2D", "rank"),
        ("DepthwiseConv2D", "rank"),
        ("MaxPooling2D", "pool_mode"),
        ("GlobalAveragePooling2D", "pool_dimensions"),
        ("LSTM", "cell"),
    ],
)
def test_what_a_class_sets_in_its_base_is_not_offered(name: str, internal: str) -> None:
    assert internal not in keras_api.describe_class("layers", name).arguments


@pytest.mark.parametrize(("family", "name"), CLASSES)
def test_an_inherited_argument_is_not_given_twice(family: str, name: str) -> None:
    """Keras says 'multiple values for keyword argument' of what a class sets itself."""
    arguments = keras_api.describe_class(family, name).arguments.values()
    example = {"units": 1, "filters": 1, "kernel_size": 1, "rate": 0.5}
    required = {each.name: example.get(each.name, 1) for each in arguments if each.is_required}
    for argument in (each for each in arguments if each.is_inherited):
        try:
            public(family, name)(**required, **{argument.name: None})
        except Exception as error:
            assert "multiple values" not in str(error), argument.name


def test_documentation_that_keras_shares_is_read() -> None:
    clipnorm = keras_api.describe_class("optimizers", "Adam").arguments["clipnorm"]
    assert (clipnorm.kinds, clipnorm.is_real) == (frozenset({"number"}), True)


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "keras.layers has no classes"),
        ({"keras/layers/__init__.py": "def __getattr__(name): ...\n"}, "keras.layers has no cla"),
        (
            {"keras/layers/__init__.py": "from keras.src.dense import Dense\n"},
            "the arguments of keras.layers.Dense are not in keras.src.dense",
        ),
        (
            {
                "keras/layers/__init__.py": "from keras.src.dense import Dense\n",
                "keras/src/dense.py": "class Dense:\n    def setup(self, units): ...\n",
            },
            "the arguments of keras.layers.Dense are not in keras.src.dense",
        ),
    ],
)
def test_a_keras_of_another_form_is_one_clear_error(
    tmp_path: Path, files: dict[str, str], problem: str
) -> None:
    (tmp_path / "c.yaml").write_text("layers: [{Dense: {units: 10}}]\n")
    for name, text in ({"keras/__init__.py": ""} | files).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    code = f"from mnistcli.config import load_config; load_config({str(tmp_path / 'c.yaml')!r})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
    )
    last = done.stderr.strip().split("\n")[-2:]
    assert f"is not one that mnistcli can read: {problem}" in last[0]
    assert last[0].startswith("mnistcli.errors.MnistcliError: the installed Keras ")
    assert (
        last[1]
        == f"  install the version that it was made for: pip install 'keras=={REVIEWED_KERAS}.*'"
    )


def test_a_class_that_is_not_reviewed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for function in (keras_api.classes, keras_api.find_class_name):
        function.cache_clear()
    monkeypatch.setitem(REVIEWED, "layers", REVIEWED["layers"] - {"Dense"})
    try:
        assert keras_api.find_class_name("layers", "dense") is None
        message = keras_api.explain_refusal("layers", "Dense")
    finally:
        for function in (keras_api.classes, keras_api.find_class_name):
            function.cache_clear()
    assert message is not None
    assert message.startswith(f"Dense is new in Keras {keras.__version__} and not yet reviewed")


def test_reading_configs_never_loads_tensorflow(tmp_path: Any) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("layers: [Flatten, {Dense: {units: 10, activation: softmax}}]\n")
    code = f"""
import sys
from mnistcli.config import config_schema, dump_config, load_config
dump_config(load_config({str(path)!r}, ["epochs=3"]).config)
config_schema()
heavy = {{"tensorflow", "keras", "numpy", "sklearn", "PIL", "rich", "matplotlib"}}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
