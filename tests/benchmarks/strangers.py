"""How a run reads a folder of pictures that other people drew.

    python tests/benchmarks/strangers.py DIR [--run RUN] [--errors]

DIR (or the environment variable MNISTCLI_STRANGERS_DIR) holds `single/<label>/` with pictures of
one digit, `rows/<digits>__<name>` with digits side by side, `other/` with what is no digit, and
`manifest.csv` with the columns path, source, kind and hard. Prints Markdown tables. The pictures
belong to others: they are not in the repository.
"""

import argparse
import csv
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnistcli.cli.pictures import read_framing
from mnistcli.cli.recognizer import open_recognizer
from mnistcli.errors import ImageError
from mnistcli.images import PictureFile, read_digits, read_picture
from mnistcli.recognition import Prediction, Recognizer, predict_digits, read_number
from mnistcli.runs import RunDirectory

VARIABLE = "MNISTCLI_STRANGERS_DIR"


@dataclass(frozen=True)
class Picture:
    """A row of manifest.csv."""

    path: str
    source: str
    kind: str
    is_hard: bool

    @property
    def group(self) -> str:
        """The folder that it is in: single, rows or other."""
        return self.path.split("/")[0]

    @property
    def label(self) -> str:
        """Its digit, or its digits."""
        parts = self.path.split("/")
        return parts[1].split("__")[0]


def read_manifest(folder: Path) -> list[Picture]:
    with (folder / "manifest.csv").open(newline="") as file:
        return [
            Picture(row["path"], row["source"], row["kind"], row["hard"] == "1")
            for row in csv.DictReader(file)
        ]


def read_singles(
    folder: Path, pictures: list[Picture], recognizer: Recognizer, run: RunDirectory
) -> list[Prediction | None]:
    """Return the answer for each picture, or None for one that is refused, as a blank page is."""
    files = [PictureFile(folder / picture.path) for picture in pictures]
    readings = list(read_digits(files, read_framing(run)))
    digits = [reading for reading in readings if not isinstance(reading, ImageError)]
    predictions = iter(predict_digits(digits, recognizer, read_framing(run)))
    return [None if isinstance(reading, ImageError) else next(predictions) for reading in readings]


def read_row(path: Path, recognizer: Recognizer) -> str:
    try:
        return read_number(read_picture(path), recognizer).number
    except ImageError as error:
        return f"({error.args[0]})"


def area_under_curve(positives: Iterable[float], negatives: Iterable[float]) -> float:
    """Return how often a positive is above a negative (the AUROC); a tie counts half."""
    high, low = np.array(list(positives))[:, np.newaxis], np.array(list(negatives))
    return float(((high > low) + 0.5 * (high == low)).mean())


def share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.1%})" if whole else "-"


def print_by(
    title: str, pictures: list[Picture], key: Callable[[Picture], str], right: list[bool]
) -> None:
    """Print the share that is right for each value of a key that has an error, then the rest."""
    groups: dict[str, list[bool]] = defaultdict(list)
    for picture, is_right in zip(pictures, right, strict=True):
        groups[key(picture)].append(is_right)
    print(f"\n| {title} | right |\n| --- | --- |")
    for name in sorted(groups):
        if not all(groups[name]) or title == "kind":
            print(f"| {name} | {share(sum(groups[name]), len(groups[name]))} |")
    whole = sum(all(group) for group in groups.values())
    print(f"\n{whole} of {len(groups)} without an error.")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, nargs="?", default=os.environ.get(VARIABLE))
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--errors", action="store_true", help="list them")
    options = parser.parse_args()
    if options.folder is None:
        parser.error(f"expected a folder, or {VARIABLE}")
    run, pictures = RunDirectory(options.run), read_manifest(options.folder)
    recognizer = open_recognizer(run)
    singles = [picture for picture in pictures if picture.group == "single"]
    others = [picture for picture in pictures if picture.group == "other"]
    rows = [picture for picture in pictures if picture.group == "rows"]
    answers = read_singles(options.folder, singles, recognizer, run)
    other_answers = read_singles(options.folder, others, recognizer, run)
    numbers = [read_row(options.folder / picture.path, recognizer) for picture in rows]

    right = [
        answer is not None and str(answer.digit) == picture.label
        for picture, answer in zip(singles, answers, strict=True)
    ]
    is_sure = [answer is not None and answer.uncertain is None for answer in answers]
    clean = [ok for ok, picture in zip(right, singles, strict=True) if not picture.is_hard]
    hard = [ok for ok, picture in zip(right, singles, strict=True) if picture.is_hard]
    wrong_sure = sum(sure and not ok for sure, ok in zip(is_sure, right, strict=True))
    right_unsure = sum(ok and not sure for sure, ok in zip(is_sure, right, strict=True))
    reasons = Counter("refused" if each is None else each.uncertain for each in other_answers)
    caught = len(others) - reasons[None]
    row_right = [number == picture.label for number, picture in zip(numbers, rows, strict=True)]
    print("| what | result |\n| --- | --- |")
    print(f"| clean, right | {share(sum(clean), len(clean))} |")
    print(f"| hard, right | {share(sum(hard), len(hard))} |")
    print(f"| wrong but sure, of all wrong | {share(wrong_sure, len(right) - sum(right))} |")
    print(f"| right but uncertain, of all right | {share(right_unsure, sum(right))} |")
    print(f"| not digits called so or uncertain | {share(caught, len(others))} |")
    named = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common() if reason)
    print(f"| of them | {named} |")
    strangeness = [each.strangeness for each in answers if each]
    other_strangeness = [np.inf if each is None else each.strangeness for each in other_answers]
    print(f"| AUROC of strangeness | {area_under_curve(other_strangeness, strangeness):.3f} |")
    doubts = [1 - each.confidence for each in answers if each]
    other_doubts = [1.0 if each is None else 1 - each.confidence for each in other_answers]
    print(f"| AUROC of 1 - confidence | {area_under_curve(other_doubts, doubts):.3f} |")
    print(f"| rows, right | {share(sum(row_right), len(rows))} |")
    print_by("kind", singles, lambda picture: picture.kind, right)
    print_by("source", singles, lambda picture: picture.source, right)
    if options.errors:
        for picture, answer, ok in zip(singles, answers, right, strict=True):
            if not ok:
                found = (
                    f"{answer.digit} {answer.confidence:.3f} {answer.strangeness:.2f} {answer.uncertain}"
                    if answer
                    else None
                )
                print(picture.path, picture.kind, "hard" if picture.is_hard else "", "->", found)
        for picture, answer in zip(others, other_answers, strict=True):
            if answer and not answer.uncertain:
                print(
                    picture.path,
                    f"-> {answer.digit} {answer.confidence:.3f} {answer.strangeness:.2f}",
                )
        for picture, number, ok in zip(rows, numbers, row_right, strict=True):
            if not ok:
                print(picture.path, picture.kind, "->", number)


if __name__ == "__main__":
    sys.exit(main())
