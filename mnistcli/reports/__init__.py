"""A run, or several, as one HTML file; and what such a page shows that no other room reads.

`mnistcli.reports.render` must be imported by its own name, because it imports Jinja and Pygments,
which take 0.1 s.
"""

from mnistcli.reports.contents import RunContents, read_contents
from mnistcli.reports.filters import Filters, read_filters
from mnistcli.reports.samples import Samples, read_samples, write_samples

__all__ = [
    "Filters",
    "RunContents",
    "Samples",
    "read_contents",
    "read_filters",
    "read_samples",
    "write_samples",
]
