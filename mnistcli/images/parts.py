"""The connected pieces of ink in a picture."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from mnistcli.images.ink import Ink, Mask, quantiles, stroke_width

# Canny's hysteresis: a stroke has ink above CORE somewhere, and extends as far as EDGE.
CORE, EDGE = 0.6, 0.35
# A screen of dots has thousands of parts. Pairs of parts are compared, so only the largest count.
MAX_PARTS = 300


@dataclass(frozen=True)
class Part:
    """One connected piece of ink.

    Attributes:
        label: its number in the labels of `connected_parts`.
        left: its first column.
        top: its first row.
        right: the column after its last.
        bottom: the row after its last.
        area: its number of pixels.
        strength: the ink of its core, in [0, 1].
    """

    label: int
    left: int
    top: int
    right: int
    bottom: int
    area: int
    strength: float

    @property
    def width(self) -> int:
        """The number of columns of its bounding box."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """The number of rows of its bounding box."""
        return self.bottom - self.top

    @property
    def size(self) -> int:
        """The longer side of its bounding box."""
        return max(self.width, self.height)

    @property
    def weight(self) -> float:
        """Its area times its strength."""
        return self.area * self.strength

    def contains(self, part: Self) -> bool:
        """Return whether the other part's bounding box lies within this one's."""
        return (
            self.left <= part.left
            and self.top <= part.top
            and self.right >= part.right
            and self.bottom >= part.bottom
        )

    def gap(self, part: Self) -> float:
        """Return the distance between the bounding boxes in pixels; 0 where they overlap."""
        across = max(self.left - part.right, part.left - self.right, 0)
        down = max(self.top - part.bottom, part.top - self.bottom, 0)
        return float(np.hypot(across, down))


def ink_mask(ink: Ink) -> Mask:
    """Return the pieces of ink above `EDGE` that have ink above `CORE` somewhere."""
    count, labels = cv2.connectedComponents((ink > EDGE).astype(np.uint8), connectivity=8)
    has_core = np.zeros(count, np.bool_)
    has_core[labels[ink > CORE]] = True
    has_core[0] = False
    return has_core[labels]


def connected_parts(mask: Mask, ink: Ink) -> tuple[NDArray[np.int32], list[Part]]:
    """Return the parts of a mask, without specks.

    Pens skip, so a gap narrower than half a stroke does not separate two parts.

    Returns:
        The labels (H, W), 0 for the background, and at most `MAX_PARTS` parts.
    """
    reach = max(1, round(0.5 * stroke_width(mask)))
    # This equals a dilation by a disc, but a wide disc takes no longer.
    distances = cv2.distanceTransform(1 - mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    regions = (distances <= reach).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(regions, connectivity=8)
    labels[~mask] = 0
    min_area = max(3.0, 2e-5 * mask.size)
    parts = []
    largest = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:MAX_PARTS]
    for label in np.sort(largest).tolist():
        left, top, width, height, _ = stats[label].tolist()
        window = slice(top, top + height), slice(left, left + width)
        pixels = labels[window] == label
        area = int(np.count_nonzero(pixels))
        if area >= min_area:
            rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
            parts.append(
                Part(
                    label,
                    left=left + int(columns[0]),
                    top=top + int(rows[0]),
                    right=left + int(columns[-1]) + 1,
                    bottom=top + int(rows[-1]) + 1,
                    area=area,
                    strength=quantiles(ink[window][pixels], 0.75)[0],
                )
            )
    return labels, parts
