"""One trainer per run directory, which writes into no other."""

import errno
import fcntl
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from run_records import make_record
from test_runs import CONFIG, NOW, make_new, make_run

from mnistcli.errors import RunError
from mnistcli.runs import RunDirectory, lock_folder, new_run_directory, write_whole


def test_one_process_at_a_time_holds_a_run(tmp_path: Path) -> None:
    run = make_new("a", tmp_path / "run", NOW)
    with (
        lock_folder(run.path),
        pytest.raises(RunError, match=rf"is being trained by process {os.getpid()}\n"),
        lock_folder(run.path),
    ):
        pass
    with lock_folder(run.path):
        pass


@pytest.mark.parametrize("number", [errno.ENOTSUP, errno.ENOLCK, errno.ENOSYS, errno.EINVAL])
def test_a_file_system_without_locks_is_told_of(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    def sync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(os, "fsync", sync)
    notices: list[str] = []
    path = tmp_path / "run"
    with new_run_directory("a", path, NOW, "", make_record(), notices.append) as run:
        write_whole(run.config, "written")

    assert run.config.read_text() == "written"
    no_lock, no_sync = notices
    assert "has no locks: nothing keeps a second trainer out" in no_lock
    assert "cannot flush a folder to disk" in no_sync


@pytest.mark.parametrize("content", ["12345\n", "\x1b[2J", ""])
def test_the_holder_of_a_lock_is_named_if_its_number_is_known(tmp_path: Path, content: str) -> None:
    run = make_new("a", tmp_path / "run", NOW)
    with lock_folder(run.path):
        (run.path / ".lock").write_text(content)
        holder = "process 12345" if content.startswith("1") else "another process"
        with (
            pytest.raises(RunError, match=f"is being trained by {holder}\n"),
            lock_folder(run.path),
        ):
            pass


def test_a_lock_that_another_user_left_can_be_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_new("a", tmp_path / "run", NOW)
    really_open = os.open

    def open_as_another(path: Path, flags: int, mode: int = 0o777) -> int:
        if path.name == ".lock" and flags & os.O_RDWR:  # root may write to any
            raise PermissionError(13, "Permission denied")
        return really_open(path, flags, mode)

    monkeypatch.setattr(os, "open", open_as_another)
    with (
        lock_folder(run.path),
        pytest.raises(RunError, match="is being trained by process"),
        lock_folder(run.path),
    ):
        pass


def test_a_held_run_that_was_moved_is_not_written_to(tmp_path: Path) -> None:
    path, other = tmp_path / "run", make_run(tmp_path / "other")
    writes: list[Callable[[RunDirectory], None]] = [
        lambda run: run.write_record(make_record()),
        lambda run: run.append_metrics({"epoch": 0}),
        lambda run: write_whole(run.figures / "a.png", b""),
        lambda run: run.remove_old_checkpoints(keep=1),
    ]
    with new_run_directory("a", path, NOW, CONFIG, make_record(), print) as run:
        for write in writes[:2]:
            write(run)
        path.rename(tmp_path / "moved")
        other.path.rename(path)
        run.checkpoints.mkdir()
        run.figures.mkdir()
        for epoch in (1, 2):
            run.checkpoint(epoch).touch()
        before = sorted(path.rglob("*"))
        for write in writes:
            with pytest.raises(RunError, match="is no longer the run that is trained"):
                write(run)
        assert sorted(path.rglob("*")) == before
    for write in writes:
        write(run)  # it is held no longer
    assert len(run.list_checkpoints()) == 1
