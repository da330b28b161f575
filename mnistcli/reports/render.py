"""Pages from templates. All text is escaped: a name or an error message may hold HTML."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers.data import YamlLexer

from mnistcli import __version__
from mnistcli.comparison import Comparison
from mnistcli.errors import printable
from mnistcli.numbers import format_count, format_percent
from mnistcli.reports.comparison_page import describe_comparison
from mnistcli.reports.contents import RunContents
from mnistcli.reports.run_page import describe_run

GENERATOR = "mnistcli"
_TEMPLATES = Path(__file__).parent / "templates"


def render_run(run: RunContents) -> str:
    """Return the page of a run, as HTML."""
    return _make_environment().get_template("run.html.jinja").render(describe_run(run))


def render_comparison(comparison: Comparison, runs: Sequence[RunContents]) -> str:
    """Return a page that compares runs, as HTML.

    Args:
        comparison: of the runs, or of the groups that they form.
        runs: all of them, in the order of the groups.
    """
    template = _make_environment().get_template("comparison.html.jinja")
    return template.render(describe_comparison(comparison, runs))


def _make_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.globals["generator"] = f"{GENERATOR} {__version__}"
    environment.filters["percent"] = lambda share: format_percent(share, decimals=2)
    environment.filters["count"] = format_count
    environment.filters["highlight"] = highlight_yaml
    return environment


def _finalize(value: Any) -> Any:
    """Show a text as one line without characters that turn or hide what is around them."""
    return printable(value) if type(value) is str else value


def highlight_yaml(text: str) -> Markup:
    """Return YAML as escaped HTML with spans for keys, numbers, texts and comments."""
    lines = "\n".join(map(printable, text.expandtabs(4).splitlines()))
    return Markup(highlight(lines, YamlLexer(), HtmlFormatter(nowrap=True)))
