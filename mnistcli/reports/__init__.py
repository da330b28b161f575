"""A run, or several, as one HTML file; and what such a page shows that no other room reads."""

from mnistcli.reports.filters import Filters, read_filters
from mnistcli.reports.samples import Samples, read_samples, write_samples

__all__ = ["Filters", "Samples", "read_filters", "read_samples", "write_samples"]
