"""The run directory: what a kill at any moment leaves must stay readable."""

import json
import math
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from run_records import ON_MNIST, make_record

from mnistcli.errors import RunError
from mnistcli.runs import (
    RunDirectory,
    builtin_run,
    check_writable,
    choose_run,
    describe_environment,
    describe_run,
    new_run_directory,
    open_run_directory,
    open_to_read,
    utc_now,
    write_whole,
)

CONFIG = "layers: [Flatten]\n"
NOW = datetime(2026, 11, 21, 10, 15, 0)


def make_new(name: str, path: Path | None, now: datetime) -> RunDirectory:
    with new_run_directory(name, path, now, CONFIG, make_record(), print) as run:
        return run


def make_run(folder: Path, **fields: object) -> RunDirectory:
    folder.mkdir(parents=True)
    run = RunDirectory(folder)
    run.write_record(make_record(**fields))
    return run


def test_a_run_is_named_after_its_config_and_the_time(runs_dir: Path) -> None:
    run = make_new("lenet5", None, NOW)

    assert run.path == runs_dir / "lenet5-20261121-101500"
    assert run.checkpoints.is_dir()


def test_runs_begun_in_the_same_second_get_names_of_their_own(runs_dir: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: make_new("a", None, NOW), range(24)))

    names = {run.path.name for run in runs}
    assert names == {"a-20261121-101500", *(f"a-20261121-101500-{i}" for i in range(2, 25))}


def test_a_run_directory_can_be_named(tmp_path: Path) -> None:
    chosen = tmp_path / "some" / "where"

    assert make_new("lenet5", chosen, NOW).path == chosen


def test_a_new_run_directory_is_whole_or_not_there(runs_dir: Path) -> None:
    with new_run_directory("a", None, NOW, CONFIG, make_record(), print) as run:
        names = sorted(path.name for path in run.path.iterdir())
        assert names == [".lock", "checkpoints", "config.yaml", "run.json"]

    with (
        pytest.raises(UnicodeEncodeError),
        new_run_directory("b", None, NOW, "name: \ud800\n", make_record(), print),
    ):
        pass
    assert [path.name for path in runs_dir.iterdir()] == [run.path.name]


def test_what_a_killed_process_was_making_is_no_run_and_goes(runs_dir: Path) -> None:
    abandoned = make_run(runs_dir / ".new-run-1", status="completed", finished="2027").path
    assert not list(runs_dir.glob("[!.]*"))
    assert choose_run() == (builtin_run(), None)

    os.utime(abandoned, (0, 0))
    make_new("a", None, NOW)
    assert not abandoned.exists()


def test_old_checkpoints_go(tmp_path: Path) -> None:
    run = make_new("a", tmp_path / "run", NOW)

    def left_after_adding(epoch: int, step: int) -> list[str]:
        run.checkpoint(epoch, step).write_text("")
        run.remove_old_checkpoints(keep=2)
        return [checkpoint.path.stem[6:] for checkpoint in run.list_checkpoints()]

    assert left_after_adding(0, 0) == ["0000"]
    assert left_after_adding(0, 9) == ["0000", "0000-step-000009"]
    assert left_after_adding(0, 12) == ["0000", "0000-step-000012"]
    assert left_after_adding(1, 0) == ["0000", "0001"]
    assert left_after_adding(2, 0) == ["0001", "0002"]
    assert left_after_adding(2, 5) == ["0001", "0002", "0002-step-000005"]


@pytest.mark.parametrize("link", ["evaluation.json", "checkpoints/best.npz"])
def test_a_run_that_leads_elsewhere_is_refused(tmp_path: Path, link: str) -> None:
    run = make_new("a", tmp_path / "run", NOW)
    (run.path / link).symlink_to("/etc/hostname")

    with pytest.raises(RunError, match=rf"{link} is a link to /etc/hostname"):
        open_run_directory(run.path)


def test_a_run_directory_that_exists_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"exists already\n  expected the name of a new folder"):
        make_new("lenet5", tmp_path, NOW)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["file/run", "file/deeper/run"])
def test_a_run_directory_inside_a_file_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(RunError, match="expected a folder one can write to"):
        make_new("lenet5", tmp_path / place, NOW)


def test_a_runs_folder_that_cannot_be_written_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MNISTCLI_RUNS_DIR", str(tmp_path / "file"))

    with pytest.raises(RunError, match="MNISTCLI_RUNS_DIR"):
        check_writable(None)
    with pytest.raises(RunError, match="MNISTCLI_RUNS_DIR"):
        make_new("lenet5", None, NOW)


def test_a_folder_that_the_system_refuses_to_make_is_an_error(tmp_path: Path) -> None:
    # Longer than file systems allow: fails for root too, to whom every folder is writable.
    with pytest.raises(RunError, match=r"cannot make the run directory .*: File name too long"):
        make_new("lenet5", tmp_path / ("x" * 300), NOW)


@pytest.mark.parametrize(
    ("content", "expected"),
    [("ü\n", "ü\n".encode()), (b"\0\xff", b"\0\xff"), (lambda path: path.write_text("x"), b"x")],
)
def test_write_whole_replaces_the_file(tmp_path: Path, content: object, expected: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_text("old and longer")

    write_whole(path, content)  # type: ignore[arg-type]

    assert path.read_bytes() == expected
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_as_readable_as_any_that_is_made_here(tmp_path: Path) -> None:
    write_whole(tmp_path / "whole", "")
    (tmp_path / "plain").write_text("")

    assert (tmp_path / "whole").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt, OSError])
def test_a_write_that_fails_leaves_the_old_file_alone(
    tmp_path: Path, stop: type[BaseException]
) -> None:
    path = tmp_path / "a.npz"
    path.write_text("old")

    def write_half(temporary: Path) -> None:
        assert temporary.suffix == ".npz"  # np.savez and Keras go by it
        temporary.write_text("half")
        assert path.read_text() == "old"
        assert temporary.name.startswith(".")  # a listing leaves it out
        raise stop(28, "No space left on device")

    with pytest.raises(RunError if stop is OSError else stop):
        write_whole(path, write_half)

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_into_a_folder_that_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"cannot write .*gone/a.json: No such file"):
        write_whole(tmp_path / "gone" / "a.json", "x")


def test_a_file_that_is_being_written_is_no_checkpoint(tmp_path: Path) -> None:
    run = make_new("a", tmp_path / "run", NOW)
    for epoch in (10000, 2, 10):
        run.checkpoint(epoch).write_text("")
    run.checkpoint(10, 17).write_text("")
    run.best_checkpoint.write_text("")
    (run.checkpoints / ".epoch-0003.npz").write_text("")
    (run.checkpoints / "epoch-0004.npz.part").write_text("")

    found = [(checkpoint.epoch, checkpoint.step) for checkpoint in run.list_checkpoints()]
    assert found == [(2, 0), (10, 0), (10, 17), (10000, 0)]


def test_metrics_without_a_torn_last_line(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    assert run.read_metrics() == []
    rows = [{"epoch": 0, "loss": 2.5}, {"epoch": 1, "loss": 0.1}]
    for row in rows:
        run.append_metrics(row)
    assert run.read_metrics() == rows

    whole = run.metrics.read_bytes()
    for cut in range(whole.index(b"\n") + 1, len(whole)):
        run.metrics.write_bytes(whole[:cut])
        assert run.read_metrics() == rows[:1], cut

    for noise in (b"\0" * 100, b"[]", b"1", b"[" * 10**6):  # a power cut, or a stranger
        run.metrics.write_bytes(whole + noise + b"\n")
        assert run.read_metrics() == rows


def test_resumed_metrics_replace_the_torn_line(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.metrics.write_text('{"epoch": 0}\n{"epo')

    run.write_metrics(run.read_metrics())
    run.append_metrics({"epoch": 1})

    assert run.metrics.read_text() == '{"epoch": 0}\n{"epoch": 1}\n'


def test_numbers_that_json_does_not_have_become_null(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    row = {"epoch": 1, "loss": float("nan"), "val_loss": float("inf")}
    run.append_metrics(row)
    run.write_record(make_record(metrics={"a": math.nan}))

    assert run.metrics.read_text() == '{"epoch": 1, "loss": null, "val_loss": null}\n'
    assert run.read_record().metrics == {"a": None}


def test_a_command_that_is_not_utf_8_is_kept(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.write_record(make_record(command=["train", "a\udcff.yaml"]))

    assert run.read_record().command == ["train", "a\udcff.yaml"]


@pytest.mark.parametrize(
    "content",
    [None, b"", b'{"status": "comp', b"\xff\xfe", b"[]", b"1", b"[" * 10**6, b" " * 2**27],
    ids=range(8),
)
def test_a_record_that_is_missing_or_damaged_is_an_error(
    tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "run.json").write_bytes(content)

    with pytest.raises(RunError, match=r"run\.json"):
        open_run_directory(tmp_path)


def test_a_run_that_is_not_there_is_an_error_that_names_the_latest(runs_dir: Path) -> None:
    with pytest.raises(RunError, match=r"there is no run directory .*x\n  train one with"):
        open_run_directory(runs_dir / "x")

    make_run(runs_dir / "a-late", started="2026-11-21T09:00:00")
    make_run(runs_dir / "b-early", started="2026-11-21T08:00:00")
    with pytest.raises(RunError, match=r"the latest run is .*a-late"):
        open_run_directory(runs_dir / "x")


def test_the_run_that_reads_is_the_latest_completed_one_on_mnist(runs_dir: Path) -> None:
    def make(name: str, finished: str, status: str = "completed", **fields: Any) -> RunDirectory:
        return make_run(runs_dir / name, status=status, finished=finished, **fields)

    make("c", "2026-11-21T09:00:00.000000+00:00", dataset=ON_MNIST)
    last = make("a", "2026-11-21T09:00:00.000001+00:00", dataset=ON_MNIST)
    make("b", "2026-11-20T23:00:00.000000+00:00", dataset=ON_MNIST)
    for status in ("running", "interrupted", "failed"):
        make(status, "2027-01-01T00:00:00.000000+00:00", status, dataset=ON_MNIST)
    make_run(runs_dir / "list").record.write_text("[]")
    make_run(runs_dir / "torn").record.write_text('{"status": "completed", "finished": "2028')
    (runs_dir / "no-record").mkdir()
    (runs_dir / "file").write_text("")

    assert choose_run() == (last, None)
    # One that fell back to other data is later, and not taken without a word.
    fallback = make("d", "2026-11-21T10:00:00.000000+00:00")
    assert choose_run() == (last, f"{fallback.path} is the latest run, but of digits, not MNIST")


@pytest.mark.parametrize("status", [None, "running", "completed"])
def test_without_a_run_on_mnist_the_built_in_one_reads(
    runs_dir: Path, status: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if status:
        make_run(runs_dir / "a", status=status)

    run, note = choose_run()

    assert run == builtin_run() == open_to_read(Path("builtin"))
    with pytest.raises(RunError, match="the built-in run is only to be read"):
        open_run_directory(Path("builtin"))
    with pytest.raises(RunError, match="the built-in run is only to be read"):
        open_run_directory(builtin_run().path)
    assert (note is not None) == (status == "completed")
    assert run.read_record().dataset.name == "mnist"
    assert describe_run(run) == "builtin"
    # A folder of that name comes first.
    runs_dir.mkdir(exist_ok=True)
    monkeypatch.chdir(runs_dir)
    mine = make_run(Path("builtin"))
    assert open_to_read(Path("builtin")) == open_run_directory(Path("builtin")) == mine
    assert describe_run(mine) == "./builtin"


def test_the_environment_is_plain_json() -> None:
    environment = json.loads(msgspec.json.encode(describe_environment(threads=2)))

    assert set(environment["versions"]) == {"python", "mnistcli", "tensorflow", "keras", "numpy"}
    assert environment["hardware"]["cores"] == os.cpu_count()
    assert environment["command"]
    assert environment["threads"] == 2


def test_times_sort_as_text() -> None:
    times = [utc_now() for _ in range(1000)]

    assert times == sorted(times)
    assert datetime.fromisoformat(times[0]).utcoffset() is not None
