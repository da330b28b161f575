"""Images and labels in the forms that people save them in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from mnistcli.data import Dataset, load_dataset, load_labelled_images
from mnistcli.data.dataset import make_labelled_images
from mnistcli.data.part import Part
from mnistcli.errors import DataError

Convert = Callable[[Any], Any]


def make_arrays() -> dict[str, Any]:
    random = np.random.default_rng(5)
    # Light ink in the middle of a dark ground; each set reaches 0 and 255.
    images = random.integers(0, 256, (40, 28, 28), np.uint8)
    images[:, :7] = 0
    images[:, 21:] = 0
    images[:, 14, 14] = 255
    labels = np.arange(40, dtype=np.uint8) % 10
    return {
        "x_train": images[:30],
        "y_train": labels[:30],
        "x_test": images[30:],
        "y_test": labels[30:],
    }


def binary_arrays() -> dict[str, Any]:
    arrays = make_arrays()
    return arrays | {name: arrays[name] // 128 * 255 for name in ("x_train", "x_test")}


def load(path: Path, arrays: dict[str, Any]) -> Dataset:
    np.savez(path / "set.npz", **arrays)
    return load_dataset(str(path / "set.npz"))


IMAGE_FORMS: list[tuple[str, Convert, str | None]] = [
    ("uint8", lambda x: x, None),
    ("Fortran order", np.asfortranarray, None),
    ("int16", lambda x: x.astype(np.int16), None),
    ("big-endian int32", lambda x: x.astype(">i4"), None),
    ("uint64", lambda x: x.astype(np.uint64), None),
    ("whole floats", lambda x: x.astype(np.float32), "floats from 0 to 255, rounded"),
    ("big-endian floats", lambda x: x.astype(">f8"), "floats from 0 to 255, rounded"),
    ("floats", lambda x: np.where(x < 100, x + 0.4, x - 0.4), "floats from 0 to 255, rounded"),
    ("float32, unit", lambda x: x.astype(np.float32) / 255, "floats from 0 to 1, multiplied by"),
    ("float16, unit", lambda x: (x / 255).astype(np.float16), "floats from 0 to 1, multiplied"),
    ("longdouble", lambda x: x.astype(np.longdouble) / 255, "floats from 0 to 1, multiplied by"),
    ("noisy unit", lambda x: x / 255 * 1.0000001 - 1e-17, "floats from 0 to 1, multiplied by 255"),
    ("channel last", lambda x: x[..., None], "shape (N, 28, 28, 1), taken as (N, 28, 28)"),
    ("channel first", lambda x: x[:, None], "shape (N, 1, 28, 28), taken as (N, 28, 28)"),
    ("rows", lambda x: x.reshape(len(x), 784), "shape (N, 784), taken as (N, 28, 28)"),
    (
        "rows of one channel",
        lambda x: x.reshape(len(x), 784, 1),
        "shape (N, 784, 1), taken as (N, 28, 28)",
    ),
    (
        "grey RGB",
        lambda x: np.stack([x] * 3, axis=-1),
        "shape (N, 28, 28, 3), taken as (N, 28, 28)",
    ),
    (
        "grey RGB, first",
        lambda x: np.stack([x] * 3, axis=1),
        "shape (N, 3, 28, 28), taken as (N, 28, 28)",
    ),
]


@pytest.mark.parametrize(("form", "convert", "note"), IMAGE_FORMS)
def test_images_of_one_meaning_become_the_same_bytes(
    tmp_path: Path, form: str, convert: Convert, note: str | None
) -> None:
    arrays = make_arrays()
    plain = load(tmp_path, arrays)
    assert plain.notes == ()
    dataset = load(
        tmp_path, arrays | {name: convert(arrays[name]) for name in ("x_train", "x_test")}
    )
    assert dataset.sha256 == plain.sha256, form
    np.testing.assert_array_equal(dataset.train_images, arrays["x_train"])
    if note is None:
        assert dataset.notes == ()
    else:
        assert len(dataset.notes) == 1  # one sentence for both sets
        assert dataset.notes[0].startswith(f"x_train, x_test: {note}")


def test_a_note_names_the_arrays_that_it_is_true_of(tmp_path: Path) -> None:
    arrays = make_arrays()
    unit = {name: arrays[name] / 255 for name in ("x_train", "x_test")}
    assert load(tmp_path, arrays | unit).notes == (
        "x_train, x_test: floats from 0 to 1, multiplied by 255",
    )
    assert load_labelled_images(str(tmp_path / "set.npz")).notes == (
        "x_test: floats from 0 to 1, multiplied by 255",
    )


@pytest.mark.parametrize(
    ("convert", "note"),
    [
        (lambda x: (x > 0).astype(np.uint8), "nothing but 0 and 1, multiplied by 255"),
        (lambda x: x > 0, "False and True, taken as 0 and 255"),
        (lambda x: (x > 0).astype(np.float64), "floats from 0 to 1, multiplied by 255"),
    ],
)
def test_binary_images_become_black_and_white(tmp_path: Path, convert: Convert, note: str) -> None:
    arrays = binary_arrays()
    binary = {name: convert(arrays[name]) for name in ("x_train", "x_test")}
    dataset = load(tmp_path, arrays | binary)
    np.testing.assert_array_equal(dataset.test_images, arrays["x_test"])
    assert dataset.notes == (f"x_train, x_test: {note}",)


IMAGE_FAULTS: list[tuple[Convert, str, str]] = [
    (lambda x: x / 127.5 - 1, "x_train: values from -1 to 1", r"save \(x \+ 1\) / 2, if -1 is"),
    (lambda x: (x - 33.0) / 79, "x_train: values from -0.4", "before they were normalized"),
    (lambda x: x.view(np.int8), "x_train: values from -128 to 127", "x.view"),
    (lambda x: x.astype(np.uint16) * 257, "values from 0 to 65535", "multiply all images by 255"),
    (lambda x: x / 255 / 255, "values from 0 to 0.00392157", "divide by 255 once"),
    (lambda x: x / 100, "most of them no whole numbers", "multiply all images by"),
    (lambda x: x[None], "images of shape .1, ", "with x.0."),
    (lambda x: x / 250, "values from 0 to 1.02", r"x\.clip\(0, 1\)"),
    (lambda x: np.where(x > 254, np.nan, x), "holds values that are NaN or inf", "numpy.isfinite"),
    (lambda x: np.where(x > 254, np.inf, x), "holds values that are NaN or inf", "numpy.isfinite"),
    (lambda x: x * 0, "x_train: every pixel is 0", "expected pictures"),
    (lambda x: x * 0.0 + 1, "x_train: every pixel is 1", "expected pictures"),
    (lambda x: x * 0 + x[:, 14:15, 15:16], "each image is of one colour", "expected pictures"),
    (lambda x: x.astype(complex), "images of type complex128", "save the real part"),
    (lambda x: x.astype(str), "images of type <U3", "pixels' values as numbers"),
    (lambda x: x.astype("M8[s]"), "images of type datetime64", "as numbers"),
    (lambda x: x.view("V1"), r"images of type \|V1", "bfloat16 as float32"),
    (lambda x: x.astype(object), "x_train: an array of Python objects", "numpy.stack"),
    (lambda x: np.stack([x, x, x // 2], axis=-1), "28, 3.*, whose channels differ", "0.299 R"),
    (lambda x: np.pad(x, ((0, 0), (2, 2), (2, 2))), r"shape \(30, 32, 32\)", "resize them to 28"),
    (lambda x: np.moveaxis(x, 0, -1), r"shape \(28, 28, 30\)", r"numpy\.moveaxis\(x, -1, 0\)"),
    (lambda x: x.reshape(len(x), 784).T, r"shape \(784, 30\)", r"with x\.T"),
    (lambda x: x[0], r"shape \(28, 28\)", r"x\[None\]"),
    (lambda x: x[:0], "x_train: holds no images", "at least one"),
    (lambda x: x[0, 0, 0], r"shape \(\)", r"save them as \(N, 28, 28\)"),
]


@pytest.mark.parametrize(("convert", "message", "fix"), IMAGE_FAULTS)
def test_images_without_one_meaning_are_refused(
    tmp_path: Path, convert: Convert, message: str, fix: str
) -> None:
    arrays = make_arrays()
    with pytest.raises(DataError, match=f"(?s){message}.*{fix}"):
        load(tmp_path, arrays | {"x_train": convert(arrays["x_train"])})


@pytest.mark.parametrize("name", ["x_train", "x_test"])
@pytest.mark.parametrize("convert", [lambda x: x / 255, lambda x: x > 0, lambda x: x // 128])
def test_train_and_test_images_have_the_same_scale(
    tmp_path: Path, name: str, convert: Convert
) -> None:
    arrays = make_arrays()
    message = f"{name} holds values from 0 to 1, but x_t[a-z]* from 0 to 255\n"
    with pytest.raises(DataError, match=message) as caught:
        load(tmp_path, arrays | {name: convert(arrays[name])})
    assert f"fix: if {name} was divided by 255" in str(caught.value)


def one_hot(y: Any) -> Any:
    return np.eye(10, dtype=np.uint8)[y]


LABEL_FORMS: list[tuple[Convert, str | None]] = [
    (lambda y: y.astype(np.int64), None),
    (lambda y: y.astype(">i2"), None),
    (lambda y: y.astype(np.float16), None),
    (lambda y: y[:, None], "shape (N, 1), taken as (N,)"),
    (lambda y: y[None], "shape (1, N), taken as (N,)"),
    (one_hot, "one-hot, (N, 10), taken as class numbers"),
    (lambda y: one_hot(y).astype(float), "one-hot, (N, 10), taken as class numbers"),
    (lambda y: one_hot(y).astype(bool), "one-hot, (N, 10), taken as class numbers"),
    (lambda y: one_hot(y)[:, None], "one-hot, (N, 1, 10), taken as class numbers"),
]


@pytest.mark.parametrize(("convert", "note"), LABEL_FORMS)
def test_labels_of_one_meaning_become_class_numbers(
    tmp_path: Path, convert: Convert, note: str | None
) -> None:
    arrays = make_arrays()
    dataset = load(tmp_path, arrays | {"y_train": convert(arrays["y_train"])})
    assert dataset.train_labels.tolist() == arrays["y_train"].tolist()
    assert dataset.train_labels.dtype == np.uint8
    assert dataset.notes == ((f"y_train: {note}",) if note else ())


def test_bools_are_two_classes(tmp_path: Path) -> None:
    arrays = make_arrays()
    bools = {name: arrays[name] > 4 for name in ("y_train", "y_test")}
    dataset = load(tmp_path, arrays | bools)
    assert dataset.num_classes == 2
    assert dataset.test_labels.tolist() == [0] * 5 + [1] * 5
    assert dataset.notes == ("y_train, y_test: False and True, taken as 0 and 1",)


LABEL_FAULTS: list[tuple[Convert, str, str]] = [
    (lambda y: y * 0, "y_train: every label is 0", "at least two classes"),
    (lambda y: y * 0 + 3, "y_train: every label is 3", "at least two classes"),
    (lambda y: y[:29], "30 images, but .*y_train holds 29 labels", "one label for each"),
    (lambda y: one_hot(y)[:29], "30 images, but .*y_train holds 29 labels", "one label for each"),
    (lambda y: one_hot(y) * 0, "not one-hot: row 0 has 0 ones and 10 zeros", "class numbers"),
    (lambda y: one_hot(y) * 0.9 + 0.01, "not one-hot: row 0", r"for probabilities .*argmax"),
    (lambda y: np.ones((30, 2)), "row 0 has 2 ones and 0 zeros", "one 1 and zeros in each row"),
    (lambda y: one_hot(y).T, r"shape \(10, 30\) for 30 images", r"transpose them, with y\.T"),
    (lambda y: np.ones((30, 2, 2)), r"shape \(30, 2, 2\)", "class numbers"),
    (lambda y: y.reshape(3, 10), "30 images, but .*y_train holds 3 labels", "one label for each"),
    (lambda y: y[0], r"shape \(\)", "class numbers"),
    (lambda y: y[:0], "30 images, but .*y_train holds 0 labels", "one label for each"),
    (lambda y: y.astype(int) - 1, "labels from -1 to 8", "with a negative label"),
    (lambda y: y.astype(int) + 247, "labels from 247 to 256", "number the classes from 0"),
    (lambda y: y + 0.5, r"y_train: label 0 is 0\.5", "whole numbers"),
    (lambda y: np.where(y == 3, np.nan, y), "y_train: label 3 is nan", "leave the image out"),
    (lambda y: np.where(y == 3, np.inf, y), "y_train: label 3 is inf", "whole numbers"),
    (lambda y: y.astype(str), "labels of type <U3", "numpy.unique"),
    (lambda y: y.astype("S1"), r"labels of type \|S1", "numpy.unique"),
    (lambda y: y.astype(complex), "labels of type complex128", "the real part"),
    (lambda y: y.astype(object), "y_train: an array of Python objects", r"y\.astype\(int\)"),
]


@pytest.mark.parametrize(("convert", "message", "fix"), LABEL_FAULTS)
def test_labels_without_one_meaning_are_refused(
    tmp_path: Path, convert: Convert, message: str, fix: str
) -> None:
    arrays = make_arrays()
    with pytest.raises(DataError, match=f"(?s){message}.*{fix}"):
        load(tmp_path, arrays | {"y_train": convert(arrays["y_train"])})


ODDITIES: list[tuple[dict[str, Convert], str]] = [
    (
        {"y_train": lambda y: y + 1, "y_test": lambda y: y + 1},
        "y_train: no image of class 0 among 11 classes",
    ),
    (
        {"y_train": lambda y: np.array([0, 1, 5])[y % 3], "y_test": lambda y: y % 2},
        "y_train: no image of classes 2 to 4 among 6 classes",
    ),
    (
        {"y_train": lambda y: np.where(y == 7, 1, y), "y_test": lambda y: y + 5},
        "y_train: no image of classes 7, 10 to 14 among 15 classes",
    ),
    (
        {"x_train": lambda x: np.where(np.arange(30)[:, None, None] < 2, 9, x)},
        "x_train: 2 images are blank",
    ),
    (
        {"x_train": lambda x: x // 16, "x_test": lambda x: x // 16},
        "x_train, x_test: the largest value is 15 of 255; are the images too dark?",
    ),
    (
        {"x_test": lambda x: 255 - x},
        "x_test: dark ink on a light ground; MNIST and `predict` have light ink on dark",
    ),
    (
        {"x_test": lambda x: x[:1], "y_test": lambda y: y[:1]},
        "x_test: 1 image; its accuracy says nothing",
    ),
    (
        {"x_test": lambda x: np.concatenate([make_arrays()["x_train"][:4], x[4:]])},
        "x_test: 4 test images are training images as well; the test accuracy will be too high",
    ),
]


@pytest.mark.parametrize(("changes", "note"), ODDITIES)
def test_what_is_odd_is_noted(tmp_path: Path, changes: dict[str, Convert], note: str) -> None:
    arrays = make_arrays()
    dataset = load(tmp_path, arrays | {name: f(arrays[name]) for name, f in changes.items()})
    assert dataset.notes == (note,)


def test_built_in_data_has_no_notes() -> None:
    assert load_dataset("digits").notes == ()


property_test: Callable[..., Any] = settings(
    max_examples=300,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SIZES = st.sampled_from([0, 1, 2, 3, 10, 28, 784])
DTYPES = st.one_of(
    arrays_of.scalar_dtypes(),
    arrays_of.unicode_string_dtypes(),
    arrays_of.byte_string_dtypes(),
    arrays_of.array_dtypes(),
)


@property_test
@given(data=st.data())
def test_any_arrays_become_images_with_labels_or_a_clean_error(data: st.DataObject) -> None:
    def any_array(shape: tuple[int, ...]) -> Any:
        """Of any type; all zeros but for one element, of any value."""
        array = np.zeros(shape, data.draw(DTYPES))
        if array.size and array.dtype.subdtype is None:
            value = data.draw(arrays_of.from_dtype(array.dtype))
            array.reshape(-1)[data.draw(st.integers(0, array.size - 1))] = value
        return array

    count = data.draw(st.sampled_from([1, 2, 10, 28]))
    likely = st.sampled_from([(28, 28), (784,), (28, 28, 1), (3, 28, 28)])
    sizes = data.draw(likely | st.lists(SIZES, max_size=3).map(tuple))
    images = any_array((count, *sizes) if np.prod(sizes) < 10_000 else sizes[:2])
    labels = any_array(data.draw(st.sampled_from([(count,), (count, 1), (count, 10), (), (0,)])))

    try:
        images = make_labelled_images(
            "any", Part(images, "images", "x"), Part(labels, "labels", "y"), "any"
        )
    except DataError as error:
        assert str(error).startswith(("images", "labels")) and "expected" in str(error)
        return

    assert (images.images.shape, images.images.dtype) == ((count, 28, 28), np.dtype(np.uint8))
    assert (images.labels.shape, images.labels.dtype) == ((count,), np.dtype(np.uint8))
    assert images.images.max() > 1
