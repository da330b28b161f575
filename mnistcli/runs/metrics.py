"""The rows of metrics.jsonl."""

import json
import math
from collections.abc import Iterable
from typing import Any


def _refuse(name: str) -> None:
    raise ValueError(f"JSON has no {name}")


# One for all rows: `json.loads` makes one for each, a third of its time.
_DECODER = json.JSONDecoder(parse_constant=_refuse)


def parse_metrics(content: bytes) -> list[dict[str, Any]]:
    """Return the rows up to the first incomplete or damaged one."""
    rows: list[dict[str, Any]] = []
    for line in content.split(b"\n")[:-1]:
        try:
            row = _DECODER.decode(line.decode())
            check_row(row, len(rows))
            if not all(value is None or math.isfinite(value) for value in row.values()):
                break  # 1e999, which Python reads as infinity
        except (ValueError, RecursionError):
            break
        rows.append(row)
    return rows


def check_rows(rows: Any) -> None:
    """Raise ValueError unless these are the rows of epochs 0, 1, 2, …."""
    if not isinstance(rows, Iterable):
        raise ValueError("the rows are no list")
    for epoch, row in enumerate(rows):
        check_row(row, epoch)


def check_row(row: Any, epoch: int) -> None:
    """Raise ValueError unless a row is of this epoch, and all of its values are numbers or None."""
    if not isinstance(row, dict) or type(row.get("epoch")) is not int or row["epoch"] != epoch:
        raise ValueError(f"expected the row of epoch {epoch}")
    for value in row.values():
        if not (value is None or type(value) in (int, float)):
            raise ValueError(f"the row of epoch {epoch} holds a value that is not a number")
        if type(value) is int and abs(value) > 2**63:
            raise ValueError(f"the row of epoch {epoch} holds a number out of range")
