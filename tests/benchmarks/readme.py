"""The tables that the benchmarks write into the pages of this repository."""

from pathlib import Path

from mnistcli.runs import describe_environment

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "mnistcli/README.md", "tests/README.md")]


def write_block(name: str, content: str) -> None:
    """Replace what is between `<!-- name -->` and `<!-- /name -->`, on the page that has it."""
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    for page in PAGES:
        before, found, rest = page.read_text(encoding="utf-8").partition(start)
        _, found_end, after = rest.partition(end)
        if found and found_end:
            page.write_text(f"{before}{start}\n{content}\n{end}{after}", encoding="utf-8")
            return
    raise SystemExit(f"no page has a block {start}")


def describe_machine() -> str:
    """Return such as "AMD EPYC, 2 cores"."""
    hardware = describe_environment().hardware
    return f"{hardware['processor']}, {hardware['cores']} cores"
