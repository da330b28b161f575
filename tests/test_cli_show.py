"""`mnistcli show`, as typed, and the pictures that train and evaluate leave."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from commands import invoke, run_in_process
from PIL import Image

from mnistcli.data import Dataset, permutation, split_validation
from mnistcli.errors import RunError, UsageError
from mnistcli.figures import NetworkLayer, draw_lines


def read(path: Path) -> np.ndarray:
    """A picture's pixels; something must be drawn on it."""
    with Image.open(path) as file:
        assert file.format == "PNG"
        image = file.convert("RGB")
    assert image.getcolors(20) is None, "there are more than 20 colours"
    return np.asarray(image)


def test_train_and_evaluate_leave_pictures(trained_run: Path, tmp_path: Path) -> None:
    names = {"training.png", "confusion.png", "mistakes.png"}
    assert {path.name for path in (trained_run / "figures").iterdir()} == names
    run = shutil.copytree(trained_run, tmp_path / "copy")
    shutil.rmtree(run / "figures")
    done = run_in_process("evaluate", run, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in names:
        read(run / "figures" / name)


@pytest.mark.parametrize("kind", ["training", "confusion", "roc", "mistakes", "filters"])
def test_a_picture_of_a_run(
    kind: str, trained_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(trained_run, tmp_path / "copy", ignore=shutil.ignore_patterns("*.png"))
    assert invoke("show", kind, run, "--inline") is None
    read(run / "figures" / f"{kind}.png")
    text = capfd.readouterr().out.partition("Written to ")[0].splitlines()
    assert len(text) >= 10
    assert max(map(len, text)) <= 120


def test_several_runs_in_one_picture_where_out_says(trained_run: Path, tmp_path: Path) -> None:
    other = shutil.copytree(trained_run, tmp_path / "other" / trained_run.name)
    metrics = other / "metrics.jsonl"
    metrics.write_text("".join(metrics.read_text().splitlines(keepends=True)[:-1]))
    arguments = ("show", "training", trained_run, other, "--out", "new/both.png", "--show")
    done = run_in_process(*arguments, folder=tmp_path, DISPLAY="", WAYLAND_DISPLAY="")
    assert done.returncode == 0, done.stderr
    assert "no display" in done.stdout
    both = read(tmp_path / "new" / "both.png")
    # Of the same name, but two runs: one is drawn in blue, the other in orange.
    blueness = both[..., 2].astype(int) - both[..., 0]
    assert blueness.max() > 100
    assert blueness.min() < -100


def test_a_run_that_has_not_begun_has_nothing_to_draw(trained_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(trained_run, tmp_path / "cut")
    (run / "metrics.jsonl").unlink()
    (run / "checkpoints" / "best.npz").unlink()
    error = invoke("show", "training", run, "--out", tmp_path / "a.png")
    assert isinstance(error, RunError)
    assert "has no epoch to draw" in str(error)
    error = invoke("show", "filters", run)
    assert isinstance(error, RunError)
    assert f"train --resume {run}" in str(error)
    assert not (tmp_path / "a.png").exists()


def test_out_is_the_name_of_a_png(trained_run: Path, tmp_path: Path) -> None:
    error = invoke("show", "training", trained_run, "--out", tmp_path / "a.pdf")
    assert isinstance(error, UsageError)
    assert "not the name of a PNG or SVG file" in str(error)
    assert not list(tmp_path.iterdir())


def test_svg_where_the_name_or_the_format_says_so(trained_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(trained_run, tmp_path / "copy")
    assert invoke("show", "training", run, "--format", "svg", "--dark") is None
    out = run / "figures" / "training.svg"
    content = out.read_bytes()
    assert b"<svg" in content
    assert invoke("show", "training", run, "--out", out, "--dark") is None  # ours: again
    assert out.read_bytes() == content
    error = invoke("show", "training", run, "--format", "svg", "--out", tmp_path / "a.png")
    assert isinstance(error, UsageError)
    out.write_bytes(b"<svg/>")
    error = invoke("show", "training", run, "--out", out)
    assert isinstance(error, UsageError)
    assert "not made by mnistcli" in str(error)


def test_unfinished_runs_are_drawn_and_named_by_what_differs(
    trained_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = shutil.copytree(trained_run, tmp_path / "other")
    config = other / "config.yaml"
    text = config.read_text()
    record = json.loads((other / "run.json").read_text())
    record |= {"config": text.replace("seed: 0", "seed: 7", 1), "status": "interrupted"}
    (other / "run.json").write_text(json.dumps(record))
    out = tmp_path / "both.png"
    assert invoke("show", "training", trained_run, other, "--out", out, "--inline") is None
    output = capfd.readouterr().out
    assert f"A  {trained_run.name}: seed 0, best epoch" in output
    assert "B  other: seed 7, not finished" in output
    read(out)


def test_a_name_with_dollars_is_no_formula(trained_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(trained_run, tmp_path / "$5_$6")
    for kind in ("training", "confusion"):
        assert invoke("show", kind, run) is None


def test_data_as_training_sees_it(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        "layers: [{Dense: {units: 10, activation: softmax}}]\ndata: {dataset: digits}\n"
        "augment: [RandomStrokeWidth]\n"
    )
    arguments = ("show", "data", "c.yaml", "--out", "a.png", "--inline")
    inline = run_in_process(*arguments, folder=tmp_path, FORCE_COLOR="1", COLUMNS="70")
    assert inline.returncode == 0, inline.stderr
    assert inline.stdout.count("█") > 100  # a bar for each class
    rows = [line.split() for line in inline.stdout.splitlines()]
    assert ["train", "images", "(1438,", "28,", "28)", "uint8", "0", "to", "255"] in rows
    assert read(tmp_path / "a.png").shape[1] > 1000  # two blocks of samples, side by side


def test_what_the_layers_make_of_a_picture(
    trained_run: Path, tmp_path: Path, digits: Dataset
) -> None:
    Image.fromarray(digits.test_images[0]).save(tmp_path / "digit.png")
    out = tmp_path / "features.png"
    assert invoke("show", "features", trained_run, tmp_path / "digit.png", "--out", out) is None
    assert read(out).shape[0] > 500  # the image, and a row for each of two dense layers


def test_an_image_of_a_data_set_in_place_of_a_picture(
    trained_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "features.png"
    arguments = ("show", "features", trained_run, "digits:test:0", "--out", out, "--inline")
    assert invoke(*arguments) is None
    assert "class, probability" in capfd.readouterr().out
    read(out)
    error = invoke("show", "features", trained_run, "digits:test:0-1", "--out", out)
    assert isinstance(error, UsageError)
    assert "names 2 images" in str(error)


def test_images_as_numbers_and_with_labels(tmp_path: Path, digits: Dataset) -> None:
    image, label = digits.test_images[3], int(digits.test_labels[3])
    done = run_in_process("show", "pixels", "digits:test:3", folder=tmp_path)
    heading, *lines, one_hot = done.stdout.splitlines()
    assert heading == "digits:test:3: 28 x 28 pixels, uint8, from 0 to 255"
    assert [list(map(int, line.split())) for line in lines] == image.tolist()
    assert one_hot.split(": ")[1].split().index("1") == label

    Image.fromarray(image).save(tmp_path / "a.png")
    done = run_in_process("show", "pixels", "a.png", "--json", folder=tmp_path)
    document = json.loads(done.stdout)
    assert (document["image"], document["label"], document["one_hot"]) == ("a.png", None, None)
    assert np.shape(document["pixels"]) == (28, 28)

    arguments = ("show", "images", "digits:test:3-5", "a.png", "none.png", "--inline")
    done = run_in_process(*arguments, folder=tmp_path, COLUMNS="70")
    assert done.returncode == 1
    assert "none.png: no such file" in done.stderr
    assert f"digits:test:3 is {label}" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 70
    read(tmp_path / "images.png")


def test_one_step_is_what_arithmetic_gives(tmp_path: Path, digits: Dataset) -> None:
    (tmp_path / "c.yaml").write_text(
        "layers: [AveragePooling2D: {pool_size: 14}, Flatten, Dense: {units: 10, activation: "
        "softmax}]\noptimizer: {SGD: {learning_rate: 0.5}}\ndata: {dataset: digits}\nseed: 3\n"
    )
    arguments = ("show", "step", "c.yaml", "--set", "batch_size=8")
    done = run_in_process(*arguments, "--json", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    step = json.loads(done.stdout)

    train = split_validation(digits, 0.1, 0).train
    rows = permutation(len(train), (3, 1))[:8]
    pixels = train.images[rows].reshape(8, 2, 14, 2, 14).mean(axis=(2, 4)).reshape(8, 4) / 255
    one_hot = np.eye(10)[train.labels[rows]]

    def answer(weights: np.ndarray) -> np.ndarray:
        exponentials = np.exp(pixels @ weights[:40].reshape(4, 10) + weights[40:])
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))

    def loss(weights: np.ndarray) -> float:
        return float(-np.log((answer(weights) * one_hot).sum(axis=1)).mean())

    assert [step["weights"][i]["name"] for i in (1, 49)] == ["dense/kernel[0, 1]", "dense/bias[9]"]
    before, gradient, after = (
        np.array([weight[key] for weight in step["weights"]])
        for key in ("before", "gradient", "after")
    )
    error = (answer(before) - one_hot) / 8
    expected = np.concatenate([(pixels.T @ error).ravel(), error.sum(axis=0)])
    np.testing.assert_allclose(gradient, expected, atol=1e-6)
    np.testing.assert_allclose(after, before - 0.5 * gradient, atol=1e-6)
    assert step["loss_before"] == pytest.approx(loss(before), abs=1e-5)
    assert step["loss_after"] == pytest.approx(loss(after), abs=1e-5)
    dense = step["layers"][-1]
    assert (dense["output_shape"], dense["weights"]) == ("(10,)", 50)
    assert dense["mean"] == pytest.approx(0.1)
    assert dense["gradient_norm"] == pytest.approx(np.linalg.norm(gradient), abs=1e-5)
    assert dense["change_norm"] == pytest.approx(0.5 * np.linalg.norm(gradient), abs=1e-5)

    first = step["first_image"]
    label, unit = first["label"], first["unit"]
    number = int(first["image"].removeprefix("digits:train:"))
    np.testing.assert_array_equal(digits.train_images[number], train.images[rows][0])
    np.testing.assert_allclose(first["outputs"], answer(before)[0], atol=1e-6)
    assert unit["total"] == pytest.approx(pixels[0] @ before[label:40:10] + before[40 + label])

    text = run_in_process(*arguments, folder=tmp_path, COLUMNS="80").stdout.splitlines()
    assert text[0] == "c: one step of SGD on 8 images, learning rate 0.5"
    assert "after = before - learning rate x gradient" in text
    assert text[-1] == "Next: mnistcli train c.yaml"


def test_a_step_of_no_length_changes_no_loss(tmp_path: Path) -> None:
    """The loss after it is of the same augmented images, with the same dropout."""
    (tmp_path / "c.yaml").write_text(
        "layers: [{Dropout: {rate: 0.5}}, BatchNormalization, Flatten, {Dense: {units: 10, "
        "activation: softmax}}]\noptimizer: {SGD: {learning_rate: 0.0}}\n"
        "data: {dataset: digits}\naugment: [RandomContrast: {factor: 0.5}]\n"
    )
    step = json.loads(run_in_process("show", "step", "c.yaml", "--json", folder=tmp_path).stdout)
    assert step["loss_before"] == pytest.approx(step["loss_after"], rel=1e-6)
    assert [weight["name"] for weight in step["weights"]][:1] == ["dense/bias[0]"]


def test_a_network_with_a_branch_as_a_picture_and_as_text(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        "layers: [{Conv2D: {filters: 4, kernel_size: 5, name: a}}, ReLU, {Conv2D: {filters: 4, "
        "kernel_size: 3, padding: same, name: b}}, {Add: {inputs: [a, b]}}, Flatten, "
        "{Dense: {units: 10, activation: softmax}}]\n"
    )
    done = run_in_process("show", "network", "c.yaml", "--inline", folder=tmp_path, COLUMNS="70")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    start = lines.index("│ input (28, 28, 1)")
    assert lines[start + 1 : start + 8] == [
        "│ normalize (28, 28, 1)",
        "├─╮ a: Conv2D(4, kernel_size=5) (24, 24, 4) 104",
        "│ │ ReLU (24, 24, 4)",
        "│ │ b: Conv2D(4, kernel_size=3, (24, 24, 4) 148",
        "│ │ padding=same)",
        "├─╯ Add (24, 24, 4)",
        "│ Flatten (2304,)",
    ]
    assert max(map(len, done.stdout.splitlines())) <= 70
    height, width, _ = read(tmp_path / "network.png").shape
    assert width == 1760
    assert height > 300


def test_lines_cross_and_end_where_they_should() -> None:
    inputs: dict[str, list[str]] = {"a": [], "b": ["a"], "c": ["a"]}
    inputs |= {"d": ["b", "a"], "e": ["d", "c"]}
    layers = [NetworkLayer(name, "Dense", name, "(1,)", 0, each) for name, each in inputs.items()]
    assert draw_lines(layers) == [
        ("╭─╮    ", "│ │    "),
        ("╰─│─╮  ", "  │ │  "),
        ("──┼─│─╮", "  │ │ │"),
        ("╭─┴─╯ │", "│     │"),
        ("╰─────╯", "       "),
    ]
