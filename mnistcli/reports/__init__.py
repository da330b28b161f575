"""A run, or several, as one HTML file; and what such a page shows that no other room reads.

`mnistcli.reports.contents` and `render` must be imported by their own names: the first reads
configs, which takes 0.13 s, and the second imports Jinja and Pygments, which take 0.1 s.
"""

from mnistcli.reports.filters import Filters, read_filters
from mnistcli.reports.samples import Samples, read_samples, write_samples

__all__ = [
    "Filters",
    "Samples",
    "read_filters",
    "read_samples",
    "write_samples",
]
