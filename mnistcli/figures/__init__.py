"""Matplotlib figures of data, networks, trainings and predictions."""

from mnistcli.figures.comparison import Disagreements, draw_comparison, find_disagreements
from mnistcli.figures.confusion import draw_confusion, draw_mistakes, find_mistakes
from mnistcli.figures.diagram import NetworkLayer, draw_lines, draw_network
from mnistcli.figures.network import LayerOutput, draw_features, draw_filters, order_filters
from mnistcli.figures.samples import choose_samples, draw_images, draw_samples
from mnistcli.figures.scales import Scale, accuracy_scale, loss_scale
from mnistcli.figures.scores import draw_roc, measure_classes
from mnistcli.figures.style import dark_figures, render_figure, render_svg
from mnistcli.figures.sweep import SweepPoints, draw_sweep
from mnistcli.figures.training import RunCurves, draw_training

__all__ = [
    "Disagreements",
    "LayerOutput",
    "NetworkLayer",
    "RunCurves",
    "Scale",
    "SweepPoints",
    "accuracy_scale",
    "choose_samples",
    "dark_figures",
    "draw_comparison",
    "draw_confusion",
    "draw_features",
    "draw_filters",
    "draw_images",
    "draw_lines",
    "draw_mistakes",
    "draw_network",
    "draw_roc",
    "draw_samples",
    "draw_sweep",
    "draw_training",
    "find_disagreements",
    "find_mistakes",
    "loss_scale",
    "measure_classes",
    "order_filters",
    "render_figure",
    "render_svg",
]
