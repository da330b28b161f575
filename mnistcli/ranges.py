"""Numbers and ranges of them, such as 0-9,17."""

import re

_RANGE = re.compile(r"([0-9]{1,99})(?:-([0-9]{1,99}))?")


def parse_ranges(text: str) -> tuple[range, ...]:
    """Parse numbers from 0 and ranges of them, both ends included, in the order of the text.

    Raises:
        ValueError: a part is none; the message names it.
    """
    ranges = []
    for item in text.split(","):
        match = _RANGE.fullmatch(item)
        if match is None:
            raise ValueError(f"{item!r} is no number and no range of numbers")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise ValueError(f"{item} ends before it begins")
        ranges.append(range(first, last + 1))
    return tuple(ranges)
