"""The arrays of a data set as a table."""

import numpy as np
from rich import box
from rich.table import Table

from mnistcli.data import Dataset


def arrays_table(dataset: Dataset) -> Table:
    """List images and labels of each part with shape, dtype, range, and images of a class."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("array")
    for heading in ("shape", "dtype", "range", "images of a class"):
        table.add_column(heading, justify="right", no_wrap=True)
    for part in (dataset.train, dataset.test, *dataset.extra):
        counts = np.bincount(part.labels, minlength=dataset.num_classes)
        for kind, array in (("images", part.images), ("labels", part.labels)):
            limits = f"{array.min()} to {array.max()}" if array.size else ""
            cells = [f"{part.name} {kind}", str(array.shape), str(array.dtype), limits]
            sizes = f"{counts.min():,} to {counts.max():,}" if kind == "labels" else ""
            table.add_row(*cells, sizes)
    return table
