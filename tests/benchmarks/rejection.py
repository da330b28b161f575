"""Which measure tells digits from other things, for a run that ends in a softmax.

    python tests/benchmarks/rejection.py RUN DIR

DIR is a folder as `strangers.py` reads it. For each measure prints the AUROC: how often a picture
that is no digit has more of it than a digit has. And, where the limit lets 98 % of the digits
pass, which share of other things, and of the digits that are read wrong, is above it. The
measures:

- 1 - confidence (Hendrycks and Gimpel 2017), entropy, and the share beyond the two largest
  probabilities, which `predict` uses;
- the energy of the logits (Liu, Wang, Owens, Li 2020);
- Mahalanobis' distance to the mean of a class in the features before the last layer (Lee, Lee,
  Lee, Shin 2018), and the distance to the 50th nearest training image there (Sun, Ming, Zhu, Li
  2022);
- the distance to the subspace of a class's edges, which `predict` uses;
- how far five views of a picture, turned and slanted, disagree.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.strangers import area_under_curve, read_manifest

from mnistcli.artifacts import restore_network
from mnistcli.data import load_dataset
from mnistcli.errors import ImageError
from mnistcli.images import PictureFile, read_digits
from mnistcli.model.backend import keras
from mnistcli.recognition import read_calibration, to_probabilities
from mnistcli.runs import RunDirectory

TRAINING_IMAGES = 10_000
NEIGHBOUR = 50
PASSING = 0.98  # of the digits

Values = NDArray[np.floating[Any]]


def turn(images: NDArray[np.uint8], degrees: float, slant: float) -> NDArray[np.uint8]:
    middle = 13.5
    matrix = cv2.getRotationMatrix2D((middle, middle), degrees, 1.0)
    matrix[0] += [0, slant, -slant * middle]
    return np.stack([cv2.warpAffine(image, matrix, (28, 28)) for image in images])


def entropy(probabilities: Values) -> Values:
    values: Values = -(probabilities * np.log(probabilities + 1e-12)).sum(axis=-1)
    return values


def measure_all(run: RunDirectory, images: NDArray[np.uint8]) -> tuple[dict[str, Values], Values]:
    """Return each measure of images (N, 28, 28), by its name, and the probabilities (N, C)."""
    network, calibration = restore_network(run), read_calibration(run)
    *_, before, _ = network.model.layers
    embed = keras.Model(network.model.inputs, before.output)

    def run_model(model: Any, pixels: NDArray[np.uint8]) -> Values:
        outputs: Values = model.predict(pixels[..., np.newaxis].astype(np.float32), verbose=0)
        return outputs

    def classify(pixels: NDArray[np.uint8]) -> Values:
        outputs = run_model(network.model, pixels)
        return to_probabilities(outputs, network.output_kind, calibration.temperature)

    data = load_dataset("mnist")
    known = run_model(embed, data.train_images[:TRAINING_IMAGES])
    labels = data.train_labels[:TRAINING_IMAGES]
    features, probabilities = run_model(embed, images), classify(images)
    classes = probabilities.argmax(axis=1)
    weights, bias = network.model.layers[-1].get_weights()
    logits = features @ weights + bias

    means = np.stack([known[labels == label].mean(axis=0) for label in range(10)])
    residuals = known - means[labels]
    covariance = residuals.T @ residuals / len(residuals)
    spread = np.trace(covariance) / len(covariance)
    inverse = np.linalg.inv(covariance + 1e-3 * spread * np.eye(len(covariance)))
    offsets = features[:, np.newaxis] - means
    mahalanobis = np.einsum("ncf,fg,ncg->nc", offsets, inverse, offsets, optimize=True)

    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    unit_known = known / np.linalg.norm(known, axis=1, keepdims=True)
    nearest = np.partition(2 - 2 * unit @ unit_known.T, NEIGHBOUR, axis=1)

    poses = ((0, 0), (8, 0), (-8, 0), (0, 0.15), (0, -0.15))
    views = np.stack([classify(turn(images, *pose)) for pose in poses])
    average = views.mean(axis=0)
    measures = {
        "1 - confidence": 1 - probabilities.max(axis=1),
        "entropy": entropy(probabilities),
        "beyond the two largest": 1 - np.sort(probabilities, axis=1)[:, -2:].sum(axis=1),
        "energy": -np.log(np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1))
        - logits.max(axis=1),
        "Mahalanobis": mahalanobis.min(axis=1),
        f"{NEIGHBOUR}th neighbour": nearest[:, NEIGHBOUR],
        "1 - confidence of five views": 1 - average.max(axis=1),
        "disagreement of five views": entropy(average) - entropy(views).mean(axis=0),
    }
    if calibration.familiarity:
        measures["subspace of edges"] = calibration.familiarity.distances(images, classes)
    return measures, probabilities


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    pictures = [p for p in read_manifest(options.folder) if p.group in ("single", "other")]
    files = [PictureFile(options.folder / picture.path) for picture in pictures]
    pairs = [
        (picture, digit)
        for picture, digit in zip(pictures, read_digits(files), strict=True)
        if not isinstance(digit, ImageError)
    ]
    measures, probabilities = measure_all(
        RunDirectory(options.run), np.stack([digit.image for _, digit in pairs])
    )
    is_digit = np.array([picture.group == "single" for picture, _ in pairs])
    labels = np.array([picture.label for picture, _ in pairs])
    is_wrong = is_digit & (probabilities.argmax(axis=1).astype(str) != labels)

    def share_above(limit: float) -> Callable[[Values], str]:
        return lambda values: f"{(values > limit).sum()} of {len(values)}"

    print(f"| measure | AUROC | others above the limit | wrong digits above it |\n{'| --- ' * 4}|")
    for name, values in measures.items():
        area = area_under_curve(values[~is_digit], values[is_digit])
        above = share_above(float(np.quantile(values[is_digit & ~is_wrong], PASSING)))
        print(f"| {name} | {area:.4f} | {above(values[~is_digit])} | {above(values[is_wrong])} |")


if __name__ == "__main__":
    main()
