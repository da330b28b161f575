"""The trials of a sweep in a PostgreSQL, which several machines share."""

import logging
import socket
import threading
import time
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import (
    BaseStorage,
    RDBStorage,
    RetryHeartbeatStaleTrialCallback,
    fail_stale_trials,
)
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from mnistcli.sweeps.address import Address
from mnistcli.sweeps.plan import SweepPlan
from mnistcli.sweeps.storage import Result, StorageError, TrialStorage
from mnistcli.sweeps.study import SweepStudy

logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)  # it logs each lost connection

LIFE_SECONDS = 20  # between two signs of life
GRACE_SECONDS = 120  # without one, after which a machine is taken for dead
LOCK_SECONDS = 30  # for which a machine that stalls in a transaction keeps its locks
OUTAGE_SECONDS = 600.0  # for which a database is waited for
RETRY_SECONDS = 2.0
LOCK = zlib.crc32(b"mnistcli")
# A server that was unplugged says nothing: without these, the system waits for 15 minutes.
_CONNECTION = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


class Database(TrialStorage):
    """A PostgreSQL that several machines share.

    Optuna's heartbeats say which trials are being trained. Beside them, a machine gives each
    trial that it sees running for the first time, or for the first time after the database was
    away, the whole grace period: Optuna itself would wait for ever for one whose machine died
    before its first heartbeat, and after an outage would take all trials but its own for dead.
    """

    def __init__(
        self, address: Address, study_name: str, folder: Path, notify: Callable[[str], None]
    ) -> None:
        self.address, self.study_name, self.notify = address, study_name, notify
        self.machine = f"{socket.gethostname()}:{folder.resolve()}"
        self._seen: set[int] = set()
        self._backend: RDBStorage | None = None

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Keep other machines from making the tables and the study at the same time."""
        engine = create_engine(self.address.url, poolclass=NullPool, connect_args=self._options())
        try:
            with engine.begin() as connection:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
                if self._backend is None:
                    self._backend = self._make_backend()
                yield
        except (SQLAlchemyError, StorageInternalError) as error:
            raise self._explain(error) from None

    def _options(self) -> dict[str, Any]:
        # Optuna compares times without their zones: machines in two, or the change to summer
        # time, would have it take living machines for dead.
        options = (
            f"{self.address.url.query.get('options', '')} -c timezone=UTC "
            f"-c idle_in_transaction_session_timeout={LOCK_SECONDS}s"
        )
        return _CONNECTION | {"options": options.strip()}

    def _make_backend(self) -> RDBStorage:
        url = self.address.url.render_as_string(hide_password=False)
        with _without_warnings():
            return RDBStorage(
                url.replace("{", "{{").replace("}", "}}"),  # Optuna fills in its version
                {"pool_pre_ping": True, "connect_args": self._options()},
                heartbeat_interval=LIFE_SECONDS,
                grace_period=GRACE_SECONDS,
                heartbeat_stale_trial_callback=self._hand_on,
            )

    def close(self) -> None:
        """Close the connections of this process."""
        if self._backend is not None:
            self._backend.engine.dispose()

    def ask(self, study: optuna.Study) -> optuna.trial.Trial:
        """Return a new trial, or one that another machine left."""
        with _without_warnings():
            return study.ask()

    def patiently(self, operation: Callable[[], Result]) -> Result:
        """Do what may be done twice, again and again while the database does not answer.

        Raises:
            StorageError: it did not for `OUTAGE_SECONDS`.
        """
        deadline: float | None = None
        while True:
            try:
                return operation()
            except (SQLAlchemyError, StorageInternalError) as error:
                if not _is_outage(error):
                    raise
                self._seen.clear()
                if deadline is None:
                    deadline = time.monotonic() + OUTAGE_SECONDS
                    message = self._explain(error).args[0]
                    self.notify(f"{message}; trying again for {OUTAGE_SECONDS:.0f} seconds")
                if time.monotonic() > deadline:
                    raise self._explain(error) from None
                time.sleep(RETRY_SECONDS)

    def show_life(self, trial_id: int) -> None:
        """Show that a trial is being trained."""
        self._database.record_heartbeat(trial_id)

    @property
    def backend(self) -> BaseStorage:
        """The storage itself."""
        return self._database

    @property
    def _database(self) -> RDBStorage:
        assert self._backend is not None  # it is made by `opening`
        return self._backend

    def showing_life(self, show: Callable[[], None]) -> AbstractContextManager[None]:
        """Call `show` from time to time; unlike Optuna's thread, this one survives an outage."""
        return _calling(show, self._seen.clear)

    def release_dead(self, study: optuna.Study) -> None:
        """Give the trials of machines without a sign of life to others."""
        self.patiently(lambda: self._release_dead(study))

    def _release_dead(self, study: optuna.Study) -> None:
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if trial._trial_id not in self._seen:
                self._database.record_heartbeat(trial._trial_id)
                self._seen.add(trial._trial_id)
        with _without_warnings():
            fail_stale_trials(study)

    def _hand_on(self, study: optuna.Study, trial: FrozenTrial) -> None:
        with _without_warnings():
            hand_on = RetryHeartbeatStaleTrialCallback()
        self.patiently(lambda: hand_on(study, trial))
        machine = trial.user_attrs.get("machine", "a machine")
        self.notify(
            f"{machine} showed no life for {GRACE_SECONDS} seconds: others train its trial "
            f"{trial.number} again"
        )

    def _explain(self, error: Exception) -> StorageError:
        """Return what is wrong with the database, on one line."""
        lines = str(_find_cause(error)).strip().splitlines() or [type(error).__name__]
        reason = next((line for line in lines if "FATAL" in line), lines[0])
        reason = reason.rpartition("FATAL:")[2].strip()
        hints = {
            "password": "give --storage with the password, set PGPASSWORD, or write ~/.pgpass",
            "does not exist": "make it with PostgreSQL's createdb or createuser, or mend the name",
            "permission denied": "the user needs to make tables: GRANT CREATE ON SCHEMA public",
        }
        hint = next((each for phrase, each in hints.items() if phrase in reason), None)
        message = f"the database {self.address.public} cannot be used: {reason}"
        return StorageError(message, hint or "expected a PostgreSQL that answers there")


def check_study(
    plan: SweepPlan, address: Address, identity: Mapping[str, str] | None = None
) -> None:
    """Check whether a machine can join a sweep, without writing anything of it.

    Args:
        plan: the sweep.
        address: of the database.
        identity: as that of `SweepStudy`; None: only the database is tried.

    Raises:
        RunError: the database cannot be used, or its study is about something else.
    """
    database = Database(address, plan.config.name, Path(), lambda _: None)
    with closing(database), suppress(KeyError):  # there is no study yet
        SweepStudy(plan, database, identity=identity)


def _is_outage(error: Exception) -> bool:
    """Return whether the connection was lost; the server ends one that keeps locks too long."""
    cause = _find_cause(error, SQLAlchemyError)
    is_ended = isinstance(cause, DBAPIError) and cause.connection_invalidated
    return is_ended or isinstance(cause, OperationalError | InterfaceError)


def _find_cause(error: BaseException, kind: type[BaseException] = BaseException) -> BaseException:
    """Return the first error of a kind in the chain that led to an error."""
    cause = error
    while cause.__cause__ is not None and isinstance(cause.__cause__, kind):
        cause = cause.__cause__
    return cause


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Hide that heartbeats may change, and that they are meant for Optuna's own loop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _calling(function: Callable[[], None], failed: Callable[[], None]) -> Iterator[None]:
    """Call a function from time to time, in a thread; call `failed` if the database is away."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(LIFE_SECONDS):
            try:
                function()
            except (SQLAlchemyError, StorageInternalError):
                failed()

    thread = threading.Thread(target=run, name="life", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()  # not waited for: the database may be away
