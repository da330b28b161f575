"""Data sets -> arrays of unsigned bytes: finds, downloads, verifies and splits them."""

from mnistcli.data.dataset import (
    DataMissingError,
    Dataset,
    LabelledImages,
    SelectedImages,
    TrainingImages,
)
from mnistcli.data.download import ProgressCallback
from mnistcli.data.files import holds_pictures
from mnistcli.data.load import (
    load_config_dataset,
    load_dataset,
    load_labelled_images,
    load_run_dataset,
    load_split,
)
from mnistcli.data.locate import BUILT_IN
from mnistcli.data.memory import align
from mnistcli.data.mnist import MNIST_DATA_DIR, find_mnist
from mnistcli.data.part import PARTS
from mnistcli.data.selector import ImageSelector, parse_selector
from mnistcli.data.splits import Splits, permutation, split_validation

__all__ = [
    "BUILT_IN",
    "MNIST_DATA_DIR",
    "PARTS",
    "DataMissingError",
    "Dataset",
    "ImageSelector",
    "LabelledImages",
    "ProgressCallback",
    "SelectedImages",
    "Splits",
    "TrainingImages",
    "align",
    "find_mnist",
    "holds_pictures",
    "load_config_dataset",
    "load_dataset",
    "load_labelled_images",
    "load_run_dataset",
    "load_split",
    "parse_selector",
    "permutation",
    "split_validation",
]
