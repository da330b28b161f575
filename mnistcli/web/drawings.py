"""The folder of labelled pictures that the page saves, such as `mine/7/20261126-…png`."""

import io
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnistcli.images import is_picture
from mnistcli.runs import ExtraRecord, cannot_write, write_whole

REPEAT = 20  # of each picture in an epoch: a few among 55,000 would be lost


@dataclass(frozen=True)
class DrawingFolder:
    """A folder with a folder for each label.

    Attributes:
        path: the folder, which is made with the first picture.
    """

    path: Path

    def setting(self, others: Iterable[ExtraRecord] = ()) -> str:
        """Return what `--set` takes to add the pictures to the images that a run is trained on.

        Args:
            others: the extra pictures that it was trained on before, which stay.
        """
        kept = [each for each in others if Path(each.source) != self.path.absolute()]
        folders = [(each.source, each.repeat) for each in kept] + [(str(self.path), REPEAT)]
        items = [
            # A text in JSON is one in YAML, too.
            f"{{path: {json.dumps(path, ensure_ascii=False)}, repeat: {repeat}}}"
            for path, repeat in folders
        ]
        return f"data.extra=[{', '.join(items)}]"

    def save(self, picture: NDArray[np.uint8], label: int) -> Path:
        """Write a picture (H, W, 3) uint8 as a new PNG file, and return its path.

        Its name tells the time, and nothing of who drew it: what was in the file of a photo, as the
        place and the camera, is not in the array.

        Raises:
            RunError: it cannot be written.
        """
        folder = self.path / str(label)
        # The random part makes it new, even where two processes save in one instant.
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(6)}.png"
        stream = io.BytesIO()
        Image.fromarray(picture).save(stream, "PNG")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(folder, error) from None
        write_whole(folder / name, stream.getvalue())
        return folder / name

    def count(self, num_classes: int) -> Mapping[int, int]:
        """Return the number of pictures of each label that has some."""
        counts = {}
        for label in range(num_classes):
            folder = self.path / str(label)
            try:
                names = [path.name for path in folder.iterdir() if is_picture(path)]
            except OSError:  # there is none yet, or it cannot be read
                continue
            counts[label] = sum(not name.startswith(".") for name in names)
        return counts
