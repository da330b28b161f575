"""Ensembles: runs whose network averages the probabilities of others.

Importing it loads no TensorFlow; `mnistcli.ensembles.ensemble` does.
"""

from mnistcli.ensembles.members import MemberRun, open_members

__all__ = ["MemberRun", "open_members"]
