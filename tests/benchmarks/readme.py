"""The tables of README that the benchmarks write."""

from pathlib import Path

from mnistcli.runs import describe_environment

README = Path(__file__).parents[2] / "README.md"


def write_block(name: str, content: str) -> None:
    """Replace what is between `<!-- name -->` and `<!-- /name -->` in README."""
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    text = README.read_text(encoding="utf-8")
    before, found, rest = text.partition(start)
    _, found_end, after = rest.partition(end)
    if not (found and found_end):
        raise SystemExit(f"README has no block {start}")
    README.write_text(f"{before}{start}\n{content}\n{end}{after}", encoding="utf-8")


def describe_machine() -> str:
    """Return such as "AMD EPYC, 2 cores"."""
    hardware = describe_environment().hardware
    return f"{hardware['processor']}, {hardware['cores']} cores"
