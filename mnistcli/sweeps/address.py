"""The address of a database that the machines of a sweep share, checked before it is used."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from mnistcli.errors import MnistcliError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import URL

INSTALL = "python -m pip install 'mnistcli[postgres]'"
EXPECTED = "expected postgresql://USER:PASSWORD@HOST/DATABASE"
_SECRETS = ("password", "sslpassword")


@dataclass(frozen=True)
class Address:
    """The address of a PostgreSQL database, with its password.

    Attributes:
        url: for SQLAlchemy.
    """

    url: "URL"

    @property
    def public(self) -> str:
        """The address without a password: to be shown and kept."""
        url = self.url.difference_update_query(_SECRETS)._replace(password=None)
        return url.set(drivername="postgresql").render_as_string()


def parse_address(text: str) -> Address:
    """Check the address of a database, which is not connected to.

    Raises:
        UsageError: it is none, or one of a database that several machines cannot use.
        MnistcliError: what connects to PostgreSQL is not installed.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise UsageError("--storage: this is no address of a database", EXPECTED) from None
    kind = url.drivername.partition("+")[0]
    if kind == "sqlite":
        raise UsageError(
            "--storage: SQLite locks its whole file, so that machines would wait for each other "
            "or fail",
            f"{EXPECTED}; on one machine leave --storage out: --workers needs no database",
        )
    if kind not in ("postgresql", "postgres"):
        raise UsageError(
            f"--storage: {kind or 'this'} is no PostgreSQL, whose locks keep trials from being "
            "counted twice",
            EXPECTED,
        )
    if not url.database:
        raise UsageError("--storage: the address names no database", EXPECTED)
    if find_spec("psycopg") is None:
        raise MnistcliError(
            "--storage needs psycopg, which is not installed", f"install it with: {INSTALL}"
        )
    return Address(url.set(drivername="postgresql+psycopg"))
