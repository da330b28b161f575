"""The place of a data set that a config or an option names by a path."""

from collections.abc import Iterable
from pathlib import Path

from mnistcli.data.dataset import DataMissingError
from mnistcli.data.files import EXPECTED_FORMS, report_os_errors
from mnistcli.errors import DataError

BUILT_IN = ("mnist", "digits")


def locate(name: str, folder: Path | None = None) -> Path:
    """Return the absolute path of a data set.

    Args:
        name: a path; `~` is a home folder.
        folder: the folder of the config that names it. A relative path begins in the working
            directory or, if it does not exist there, in this folder.

    Raises:
        DataMissingError: nothing is there; the message lists the places.
        DataError: `name` is a URL, or cannot be looked up.
    """
    scheme, separator, address = name.partition("://")
    if separator:
        if scheme.lower() == "file":
            fix = f"give its path, /{address.partition('/')[2]}"
        else:
            fix = "download it, and give the path of the file"
        raise DataError(
            f"{name}: a data set is named by a path, not by a URL",
            f"expected the path of {EXPECTED_FORMS}",
            f"fix: {fix}",
        )
    places = _find_places(name, folder)
    if place := _find_existing(places):
        return place
    from mnistcli.config import suggest  # takes 0.1 s, which `predict mnist:test:0` does without

    raise DataMissingError(
        f"no data set {name!r}{suggest(name, BUILT_IN)}",
        [f"looked for {place}" for place in places],
        f"expected 'mnist', 'digits', or the path of {EXPECTED_FORMS}",
    )


def locate_folder(name: str, folder: Path | None = None) -> Path:
    """Return the absolute path of a folder of pictures, which is looked for as `locate` does.

    Raises:
        DataError: nothing is there, or it cannot be looked up.
    """
    places = _find_places(name, folder)
    if place := _find_existing(places):
        return place
    raise DataError(
        f"no folder of pictures {name!r}",
        *(f"looked for {place}" for place in places),
        "expected a folder with a folder for each digit, such as 3/a.png in it",
    )


def _find_places(name: str, folder: Path | None) -> list[Path]:
    bases = (Path(), folder or Path())
    return list(dict.fromkeys(Path(base, expand_home(name)).absolute() for base in bases))


def _find_existing(places: Iterable[Path]) -> Path | None:
    for place in places:
        with report_os_errors(place):
            if place.exists():
                return place
    return None


def expand_home(name: str) -> Path:
    """Return a path with `~` replaced, unless it names an unknown user."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)
