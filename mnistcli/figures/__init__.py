"""Matplotlib figures of data, networks, trainings and predictions."""

from mnistcli.figures.comparison import Disagreements, draw_comparison, find_disagreements
from mnistcli.figures.confusion import draw_confusion, draw_mistakes
from mnistcli.figures.diagram import NetworkLayer, draw_lines, draw_network
from mnistcli.figures.network import LayerOutput, draw_features, draw_filters
from mnistcli.figures.samples import choose_samples, draw_samples
from mnistcli.figures.scores import draw_roc
from mnistcli.figures.style import render_figure
from mnistcli.figures.sweep import SweepPoints, draw_sweep
from mnistcli.figures.training import draw_training

__all__ = [
    "Disagreements",
    "LayerOutput",
    "NetworkLayer",
    "SweepPoints",
    "choose_samples",
    "draw_comparison",
    "draw_confusion",
    "draw_features",
    "draw_filters",
    "draw_lines",
    "draw_mistakes",
    "draw_network",
    "draw_roc",
    "draw_samples",
    "draw_sweep",
    "draw_training",
    "find_disagreements",
    "render_figure",
]
