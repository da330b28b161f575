"""A process that trains trials for `mnistcli sweep --workers`."""

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

from mnistcli.cli.signals import raise_stop_signals
from mnistcli.errors import InterruptedTrainingError, MnistcliError, StopSignal

if TYPE_CHECKING:
    from mnistcli.sweeps import SweepPlan
    from mnistcli.sweeps.address import Address

# A terminal sends them to the workers, too; the leading process tells them what to do.
_IGNORED_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGHUP") if hasattr(signal, name)]


def make_starter(
    folder: Path, plan: "SweepPlan", address: "Address | None", kernels: str | None, count: int
) -> Callable[[int], tuple[BaseProcess, Connection]]:
    """Return what starts the worker of a number from 0 to `count` - 1."""
    from mnistcli.sweeps.workers import share_cores

    context, cores = get_context("spawn"), share_cores(count)

    def start(place: int) -> tuple[BaseProcess, Connection]:
        ours, theirs = context.Pipe()
        life, end = context.Pipe(duplex=False)
        arguments = (theirs, life, folder.absolute(), plan, address, cores[place], kernels)
        process = context.Process(target=work, args=arguments)
        process.start()
        theirs.close()
        life.close()
        _ends.append(end)  # closed by the system when this process dies
        return process, ours

    return start


_ends: list[Connection] = []


def work(
    connection: Connection,
    life: Connection,
    path: Path,
    plan: "SweepPlan",
    address: "Address | None",
    cores: list[int],
    kernels: str | None,
) -> None:
    """Train what the leading process sends; end as soon as it is dead."""
    threading.Thread(target=_end_with, args=(life,), daemon=True).start()
    for number in _IGNORED_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if cores:
        os.sched_setaffinity(0, cores)
    try:
        with raise_stop_signals():
            _work(connection, path, plan, address, kernels)
    except (InterruptedTrainingError, StopSignal, EOFError):
        os._exit(0)
    except (MnistcliError, OSError) as error:
        with suppress(OSError):  # the leading process is gone
            connection.send(("error", *map(str, error.args)))
    os._exit(0)  # TensorFlow's threads take a while to end


def _work(
    connection: Connection,
    path: Path,
    plan: "SweepPlan",
    address: "Address | None",
    kernels: str | None,
) -> None:
    from mnistcli.cli.data import load_and_start
    from mnistcli.cli.refusals import explain_refusal
    from mnistcli.sweeps.folder import SweepFolder

    (dataset,) = load_and_start([plan.file], True, kernels)
    from mnistcli.sweeps.storage import open_storage
    from mnistcli.sweeps.study import SweepStudy
    from mnistcli.sweeps.trials import Sweep
    from mnistcli.sweeps.workers import Reporter, serve

    folder, reporter = SweepFolder(path), Reporter(connection)
    study = SweepStudy(plan, open_storage(plan, folder, address, reporter.noticed))
    serve(Sweep(plan, folder, study, dataset, reporter, explain_refusal), connection)


def _end_with(life: Connection) -> None:
    """End the process when the other end of a pipe is gone: a killed leader cannot say so."""
    try:
        life.recv()
    except (EOFError, OSError):
        os._exit(1)
