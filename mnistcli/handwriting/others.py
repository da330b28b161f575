"""What people draw that is no digit: letters, signs, shapes, scribbles and blots.

Letters that some hands write as digits (D, I, O, S, Z, b, g, l, q) are left out.
"""

from collections.abc import Callable
from functools import cache

import numpy as np

from mnistcli.handwriting.digits import draw_digit
from mnistcli.handwriting.strokes import Random, Stroke, curve, line

Strokes = list[Stroke]

# Strokes are separated by "/". One that begins with "~" is a curve through its points.
_LETTERS = {
    "A": "0,1 .4,0 .8,1 / .15,.62 .65,.62",
    "B": "0,0 0,1 / ~0,0 .6,.2 .05,.48 / ~.05,.48 .7,.75 0,1",
    "C": "~.75,.15 .45,0 .08,.3 .08,.7 .45,1 .78,.85",
    "E": ".6,0 0,0 0,1 .6,1 / 0,.5 .5,.5",
    "F": ".6,0 0,0 0,1 / 0,.5 .5,.5",
    "G": "~.75,.15 .45,0 .08,.3 .08,.7 .45,1 .8,.85 .85,.6 / .85,.6 .5,.6",
    "H": "0,0 0,1 / .7,0 .7,1 / 0,.5 .7,.5",
    "J": ".1,0 .8,0 / ~.5,0 .5,.8 .3,1 0,.8",
    "K": "0,0 0,1 / .6,0 0,.55 .6,1",
    "L": "0,0 0,1 .6,1",
    "M": "0,1 .1,0 .45,.6 .8,0 .9,1",
    "N": "0,1 0,0 .7,1 .7,0",
    "P": "0,0 0,1 / ~0,0 .6,.1 .6,.45 0,.55",
    "R": "0,0 0,1 / ~0,0 .6,.1 .55,.45 0,.5 / 0,.5 .65,1",
    "T": "0,0 .9,0 / .45,0 .45,1",
    "U": "~0,0 .02,.75 .38,1 .75,.75 .78,0",
    "V": "0,0 .4,1 .8,0",
    "W": "0,0 .25,1 .5,.3 .75,1 1,0",
    "X": "0,0 .8,1 / .8,0 0,1",
    "Y": "0,0 .4,.5 .8,0 / .4,.5 .4,1",
    "a": "~.7,.35 .4,.22 .03,.6 .4,.98 .7,.8 / ~.72,.2 .72,.85 .95,1",
    "printed a": "~.1,.25 .4,.05 .65,.3 .68,1 / ~.66,.45 .12,.55 .12,.95 .66,.8",
    "d": "~.6,.45 .3,.36 .02,.68 .3,1 .62,.85 / .68,0 .68,1",
    "e": "~.05,.5 .8,.45 .4,0 0,.5 .4,1 .8,.8",
    "f": "~.7,.1 .45,0 .35,.3 .35,1 / 0,.4 .7,.4",
    "h": "0,0 0,1 / ~0,.6 .35,.42 .6,.6 .6,1",
    "k": "0,0 0,1 / .5,.3 0,.65 .5,1",
    "m": "0,.2 0,1 / ~0,.4 .25,.2 .4,.4 .4,1 / ~.4,.4 .65,.2 .8,.4 .8,1",
    "n": "0,.1 0,1 / ~0,.4 .35,.1 .65,.4 .65,1",
    "r": "0,.1 0,1 / ~0,.5 .2,.2 .6,.15",
    "t": ".3,0 .3,.9 .6,1 / 0,.3 .6,.3",
    "u": "~0,.1 .05,.9 .55,.85 .65,.1 / .65,.1 .7,1",
    "alpha": "~.9,0 .6,.6 .2,1 0,.6 .25,.2 .6,.7 .95,1",
    "beta": "~0,1.3 .08,.3 .4,0 .65,.2 .3,.45 .7,.7 .4,1 .1,.85",
    "gamma": "~0,.2 .25,.05 .45,.6 .4,1 .3,.9 .45,.5 .8,0",
    "delta": ".05,1 .4,0 .75,1 .05,1",
    "epsilon": "~.8,.1 .2,.1 .5,.45 / ~.5,.45 0,.7 .4,1 .9,.8",
    "lambda": "~0,0 .2,.05 .4,.5 .7,1 / .4,.5 0,1",
    "mu": "0,.2 0,1.3 / ~0,.6 .2,1 .6,.7 .6,.2 / .6,.2 .65,1",
    "pi": "0,.1 .9,.05 / .25,.1 .2,1 / ~.65,.08 .65,.8 .85,1",
    "sigma": ".8,0 0,0 .45,.5 0,1 .8,1",
    "phi": "~.8,.45 .4,.75 0,.45 .4,.15 .8,.45 / .4,0 .4,1",
    "omega": "0,1 .25,1 / ~.25,1 .02,.4 .4,0 .78,.4 .55,1 / .55,1 .8,1",
}
_SIGNS = {
    "plus": "0,.5 1,.5 / .5,0 .5,1",
    "minus": "0,.5 1,.5",
    "equals": "0,.3 1,.3 / 0,.7 1,.7",
    "check mark": "0,.55 .35,1 1,0",
    "question mark": "~0,.25 .3,0 .6,.25 .3,.55 .3,.72 / .3,.97 .31,1",
    "hash": ".3,0 .2,1 / .7,0 .6,1 / 0,.35 1,.35 / 0,.7 1,.7",
    "per cent": "~.4,.2 .2,.4 0,.2 .2,0 .4,.2 / ~1,.8 .8,1 .6,.8 .8,.6 1,.8 / .9,0 .1,1",
    "at": "~.95,.75 .5,1 0,.5 .5,0 1,.5 .75,.7 .7,.5 / ~.7,.5 .5,.7 .3,.5 .5,.3 .7,.5",
    "ampersand": "~1,1 .1,.25 .4,0 .6,.25 0,.75 .35,1 .95,.55",
    "less": ".6,0 0,.5 .6,1",
    "greater": "0,0 .6,.5 0,1",
    "bracket": "0,0 .3,0 .3,1 0,1",
    "arrow right": "0,.5 1,.5 / .6,.2 1,.5 .6,.8",
    "arrow up": ".5,1 .5,0 / .2,.4 .5,0 .8,.4",
    "lightning": ".6,0 .1,.6 .5,.5 .2,1",
    "square": "0,0 1,0 1,1 0,1 0,0",
    "triangle": "0,1 .5,0 1,1 0,1",
    "diamond": ".5,0 1,.5 .5,1 0,.5 .5,0",
    "star": ".2,1 .5,0 .8,1 0,.38 1,.38 .2,1",
    "heart": "~.5,.25 .2,0 0,.3 .5,1 / ~.5,.25 .8,0 1,.3 .5,1",
    "house": "0,1 0,.4 .5,0 1,.4 1,1 0,1",
    "wave": "~0,.5 .17,.2 .33,.5 .5,.8 .67,.5 .83,.2 1,.5",
    "face": "~1,.5 .5,1 0,.5 .5,0 1,.5 / .3,.3 .3,.35 / .7,.3 .7,.35 / ~.25,.65 .5,.8 .75,.65",
    "target": "~1,.5 .5,1 0,.5 .5,0 1,.5 / ~.75,.5 .5,.75 .25,.5 .5,.25 .75,.5",
}


def draw_other(random: Random) -> Strokes:
    """Return strokes, chosen by chance, that are no digit."""
    weights = np.array([weight for _, weight in _KINDS], np.float64)
    kind = int(random.choice(len(_KINDS), p=weights / weights.sum()))
    return _KINDS[kind][0](random)


def _letter(random: Random) -> Strokes:
    return _parse(str(random.choice(list(_LETTERS.values()))))


def _sign(random: Random) -> Strokes:
    return _parse(str(random.choice(list(_SIGNS.values()))))


@cache
def _parse(text: str) -> Strokes:
    """Return the strokes that a text of `_LETTERS` or `_SIGNS` describes."""
    strokes = []
    for stroke in text.split(" / "):
        points = [
            (float(x), float(y)) for x, y in (p.split(",") for p in stroke.strip("~").split())
        ]
        strokes.append(curve(*points) if stroke.startswith("~") else line(*points))
    return strokes


def _pseudo_letter(random: Random) -> Strokes:
    """Return a few straight and curved strokes that meet, as those of a foreign script."""
    ends = random.uniform(0, 1, (int(random.integers(3, 6)), 2))
    strokes = []
    for _ in range(int(random.integers(4, 7))):
        start, end = ends[random.permutation(len(ends))[:2]]
        if random.random() < 0.6:
            strokes.append(line(tuple(start), tuple(end)))
        else:
            middle = (start + end) / 2 + random.normal(0, 0.2, 2)
            strokes.append(curve(tuple(start), tuple(middle), tuple(end)))
    return strokes


def _scribble(random: Random) -> Strokes:
    """Return one long line with many turns."""
    count = int(random.integers(6, 16))
    points = random.uniform(0, 1, (count, 2))
    if random.random() < 0.4:  # back and forth, as to blacken something
        points[:, 0] = np.linspace(0, 1, count) + random.normal(0, 0.05, count)
        points[:, 1] = (np.arange(count) % 2) + random.normal(0, 0.1, count)
    knots = [(float(x), float(y)) for x, y in points]
    return [curve(*knots) if random.random() < 0.6 else line(*knots)]


def _blot(random: Random) -> Strokes:
    """Return a filled patch: a dot, a leaf, a bag."""
    count = int(random.integers(5, 10))
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    radii = np.exp(random.normal(0, random.uniform(0.02, 0.4), count))
    shape = np.stack([np.cos(angles) * np.exp(random.uniform(-0.4, 0.7)), np.sin(angles)], axis=1)
    outline = shape * radii[:, np.newaxis]
    outline = np.vstack([outline, outline[:1]])
    closed = curve(*[(float(x), float(y)) for x, y in outline])
    return [closed * scale for scale in np.arange(1, 0, -0.08)]


def _specks(random: Random) -> Strokes:
    """Return dots and dashes that lie about."""
    centres = random.uniform(0, 1, (int(random.integers(2, 14)), 2))
    reach = random.uniform(0.0, 0.12)
    offsets = random.normal(0, 1, centres.shape) * reach
    return [
        np.stack([centre, centre + offset + 1e-3])
        for centre, offset in zip(centres, offsets, strict=True)
    ]


def _several_digits(random: Random) -> Strokes:
    """Return two or three digits side by side, or one above the other."""
    count = 2 if random.random() < 0.7 else 3
    axis = 0 if random.random() < 0.75 else 1
    strokes, position = [], 0.0
    for _ in range(count):
        digit = draw_digit(int(random.integers(10)), random)
        points = np.vstack(digit)
        shift = np.zeros(2)
        shift[axis] = position - points[:, axis].min()
        strokes += [stroke + shift for stroke in digit]
        position += float(np.ptp(points[:, axis])) + random.uniform(0.05, 0.3)
    return strokes


def _mirrored_digit(random: Random) -> Strokes:
    """Return a digit that is not one in a mirror, or on its side."""
    if random.random() < 0.5:
        digit = draw_digit(int(random.choice([3, 4, 7])), random)
        return [stroke * [-1, 1] for stroke in digit]
    digit = draw_digit(int(random.choice([3, 4, 5, 7, 8])), random)
    turn = [-1, 1] if random.random() < 0.5 else [1, -1]
    return [stroke[:, ::-1] * turn for stroke in digit]


_KINDS: list[tuple[Callable[[Random], Strokes], float]] = [
    (_letter, 8),
    (_sign, 4),
    (_pseudo_letter, 3),
    (_scribble, 3),
    (_blot, 2),
    (_specks, 1),
    (_several_digits, 2),
    (_mirrored_digit, 2),
]
