"""How a run reads a folder of pictures that other people drew.

    python tests/benchmarks/strangers.py DIR [--run RUN] [--errors] [--readme]

DIR (or the environment variable MNISTCLI_STRANGERS_DIR) holds `single/<label>/` with pictures of
one digit, `rows/<digits>__<name>` with digits side by side, `other/` with what is no digit, and
`manifest.csv` with the columns path, source, kind and hard. RUN is the built-in run unless told.
Prints Markdown tables. The pictures belong to others: they are not in the repository.
"""

import argparse
import csv
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.readme import write_block

from mnistcli.cli.recognizer import open_recognizer
from mnistcli.errors import ImageError
from mnistcli.images import PictureFile, read_digits, read_picture
from mnistcli.recognition import (
    Prediction,
    Recognizer,
    predict_digits,
    read_framing,
    read_number,
)
from mnistcli.runs import RunDirectory, open_to_read

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
        return self.path.split("/")[1].split("__")[0]


@dataclass(frozen=True)
class Answer:
    """What was read in a picture: a prediction, or the digits of a row, or an error."""

    picture: Picture
    prediction: Prediction | None = None
    number: str | None = None

    @property
    def is_right(self) -> bool:
        """Whether the digit or the digits are those of the label."""
        digits = self.number if self.prediction is None else str(self.prediction.digit)
        return digits == self.picture.label

    @property
    def reason(self) -> str | None:
        """Why it is not to be relied upon; None if it is."""
        return "refused" if self.prediction is None else self.prediction.uncertain

    def measure_doubt(self, of: Callable[[Prediction], float]) -> float:
        """Return a number of the prediction; infinity where the picture was refused."""
        return float("inf") if self.prediction is None else of(self.prediction)

    def __str__(self) -> str:
        found = self.number or "refused"
        if self.prediction is not None:
            found = (
                f"{self.prediction.digit} ({self.prediction.confidence:.1%}, strangeness "
                f"{self.prediction.strangeness:.2f}, {self.reason or 'sure'})"
            )
        return f"{self.picture.path} ({self.picture.kind}): {found}"


@dataclass(frozen=True)
class Report:
    """All answers, by the kind of what is in the pictures."""

    singles: list[Answer]
    others: list[Answer]
    rows: list[Answer]

    @property
    def answers(self) -> list[Answer]:
        """All of them."""
        return self.singles + self.others + self.rows


def read_manifest(folder: Path) -> list[Picture]:
    with (folder / "manifest.csv").open(newline="") as file:
        return [
            Picture(row["path"], row["source"], row["kind"], row["hard"] == "1")
            for row in csv.DictReader(file)
        ]


def measure(folder: Path, run: RunDirectory) -> Report:
    """Read all pictures of a folder, one digit or a row of digits in each."""
    recognizer = open_recognizer(run)
    groups: dict[str, list[Picture]] = defaultdict(list)
    for picture in read_manifest(folder):
        groups[picture.group].append(picture)
    return Report(
        read_singles(folder, groups["single"], recognizer, run),
        read_singles(folder, groups["other"], recognizer, run),
        [Answer(p, number=read_row(folder / p.path, recognizer)) for p in groups["rows"]],
    )


def read_singles(
    folder: Path, pictures: Sequence[Picture], recognizer: Recognizer, run: RunDirectory
) -> list[Answer]:
    files = [PictureFile(folder / picture.path) for picture in pictures]
    readings = list(read_digits(files, read_framing(run)))
    digits = [reading for reading in readings if not isinstance(reading, ImageError)]
    predictions = iter(predict_digits(digits, recognizer, read_framing(run)))
    return [
        Answer(picture, None if isinstance(reading, ImageError) else next(predictions))
        for picture, reading in zip(pictures, readings, strict=True)
    ]


def read_row(path: Path, recognizer: Recognizer) -> str:
    try:
        return read_number(read_picture(path), recognizer).number
    except ImageError as error:
        return f"({error.args[0]})"


def area_under_curve(positives: Iterable[float], negatives: Iterable[float]) -> float:
    """Return how often a positive is above a negative (the AUROC); a tie counts half."""
    high, low = np.array(list(positives))[:, np.newaxis], np.array(list(negatives))
    return float(((high > low) + 0.5 * (high == low)).mean())


def share(answers: Sequence[Answer], is_counted: Callable[[Answer], bool]) -> str:
    count = sum(map(is_counted, answers))
    return f"{count} of {len(answers)} ({count / len(answers):.1%})" if answers else "-"


def result_table(report: Report) -> str:
    """Return what the pictures come to, as a Markdown table."""
    clean = [answer for answer in report.singles if not answer.picture.is_hard]
    hard = [answer for answer in report.singles if answer.picture.is_hard]
    right = [answer for answer in report.singles if answer.is_right]
    wrong = [answer for answer in report.singles if not answer.is_right]
    counts = Counter(answer.reason for answer in report.others if answer.reason)

    def area(of: Callable[[Prediction], float]) -> str:
        others, singles = (
            [answer.measure_doubt(of) for answer in answers]
            for answers in (report.others, report.singles)
        )
        return f"{area_under_curve(others, singles):.3f}"

    lines = {
        "clean, right": share(clean, lambda answer: answer.is_right),
        "hard, right": share(hard, lambda answer: answer.is_right),
        "wrong but sure, of all wrong": share(wrong, lambda answer: answer.reason is None),
        "right but uncertain, of all right": share(right, lambda answer: answer.reason is not None),
        "not a digit, and not taken for one": share(
            report.others, lambda answer: answer.reason is not None
        ),
        "of these": ", ".join(f"{count} {reason}" for reason, count in counts.most_common()),
        "AUROC of the strangeness": area(lambda prediction: prediction.strangeness),
        "AUROC of 1 - confidence": area(lambda prediction: 1 - prediction.confidence),
        "rows, all digits right": share(report.rows, lambda answer: answer.is_right),
    }
    rows = [f"| {name} | {result} |" for name, result in lines.items()]
    return "\n".join(["| pictures | result |", "| --- | --- |", *rows])


def table_by(
    title: str, answers: Sequence[Answer], key: Callable[[Answer], str], only_wrong: bool = False
) -> str:
    """Return the share that is right for each value of a key, as a Markdown table."""
    groups: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        groups[key(answer)].append(answer)
    rows = [
        f"| {name} | {share(groups[name], lambda answer: answer.is_right)} |"
        for name in sorted(groups)
        if not (only_wrong and all(answer.is_right for answer in groups[name]))
    ]
    whole = sum(all(answer.is_right for answer in group) for group in groups.values())
    rows.append(f"| without an error | {whole} of {len(groups)} |")
    return "\n".join([f"| {title} | right |", "| --- | --- |", *rows])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, nargs="?", default=os.environ.get(VARIABLE))
    parser.add_argument("--run", type=Path, default=Path("builtin"))
    parser.add_argument("--errors", action="store_true", help="list them")
    parser.add_argument("--readme", action="store_true", help="write the first table")
    options = parser.parse_args()
    if options.folder is None:
        parser.error(f"expected a folder, or {VARIABLE}")
    report = measure(Path(options.folder), open_to_read(options.run))
    tables = [
        result_table(report),
        table_by("kind", report.singles, lambda answer: answer.picture.kind),
        table_by("source", report.singles, lambda answer: answer.picture.source, only_wrong=True),
    ]
    print("\n\n".join(tables))
    if options.readme:
        write_block("strangers", tables[0])
    if options.errors:
        errors = [answer for answer in report.singles + report.rows if not answer.is_right]
        errors += [answer for answer in report.others if answer.reason is None]
        print("", *errors, sep="\n")


if __name__ == "__main__":
    main()
