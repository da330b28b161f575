"""Data sets: found, downloaded, verified, split; arrays of unsigned bytes come out."""

from mnistcli.data.dataset import Dataset, LabelledImages
from mnistcli.data.download import ProgressCallback
from mnistcli.data.load import BUILT_IN, load_dataset, load_labelled_images
from mnistcli.data.mnist import MNIST_DATA_DIR
from mnistcli.data.splits import Splits, permutation, split_validation

__all__ = [
    "BUILT_IN",
    "MNIST_DATA_DIR",
    "Dataset",
    "LabelledImages",
    "ProgressCallback",
    "Splits",
    "load_dataset",
    "load_labelled_images",
    "permutation",
    "split_validation",
]
