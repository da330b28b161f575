"""Digits as hands all over the world write them, among them those that MNIST has few of.

MNIST was written by Americans. Elsewhere a 1 has a flag or a foot, a 7 a bar, a 0 a slash.
"""

from collections.abc import Callable

from mnistcli.handwriting.strokes import Random, Stroke, arc, curve, join, line

Strokes = list[Stroke]


def draw_digit(digit: int, random: Random) -> Strokes:
    """Return the strokes of a digit in a hand that is chosen by chance.

    Args:
        digit: 0 to 9.
        random: chooses the hand.
    """
    if digit in _SQUARE_DIGITS and _chance(random, SQUARE_SHARE):
        return _square(digit, random)
    return _DIGITS[digit](random)


def _chance(random: Random, probability: float) -> bool:
    return bool(random.random() < probability)


def _square(digit: int, random: Random) -> Strokes:
    """Return a digit of straight lines, as on a pocket calculator."""
    width, middle = random.uniform(0.4, 0.75), random.uniform(0.4, 0.6)
    heights = {0: 0.0, 1: middle, 2: 1.0}
    return [
        line(*((x * width, heights[y]) for x, y in corners)) + random.normal(0, 0.02, 2)
        for corners in _SQUARE_DIGITS[digit]
    ]


def _zero(random: Random) -> Strokes:
    width = random.uniform(0.22, 0.5)
    start = random.uniform(-140, -20)
    turn = random.uniform(340, 390) * (1 if _chance(random, 0.3) else -1)
    strokes = [arc((0.5, 0.5), (width, 0.5), start, start + turn)]
    if _chance(random, 0.35):  # slashed
        reach, lean = random.uniform(0.3, 0.65), random.uniform(0.5, 1.0)
        across = width * lean * reach / 0.5
        strokes.append(line((0.5 + across, 0.5 - reach), (0.5 - across, 0.5 + reach)))
    return strokes


def _one(random: Random) -> Strokes:
    lean = random.normal(0, 0.05)
    top, bottom = (0.5 + lean, 0.0), (0.5 - lean, 1.0)
    stem = line(top, bottom)
    has_flag = _chance(random, 0.75)
    strokes = [stem]
    if has_flag:
        # Down and to the left; a 7 has its bar nearly across.
        drop = random.uniform(0.12, 0.55)
        reach = min(drop * random.uniform(0.35, 1.7), 0.55)
        end = (top[0] - reach, drop)
        middle = (top[0] - 0.5 * reach, drop * random.uniform(0.35, 0.6))
        strokes = [join(curve(end, middle, top), stem)]
    if _chance(random, 0.5 if has_flag else 0.12):
        left, right = random.uniform(0.12, 0.42, 2)
        tilt = random.normal(0, 0.02)
        strokes.append(line((bottom[0] - left, 1 + tilt), (bottom[0] + right, 1 - tilt)))
    return strokes


def _two(random: Random) -> Strokes:
    width = random.uniform(0.25, 0.38)
    left, right = 0.5 - width, 0.5 + width
    head = [
        (left, random.uniform(0.14, 0.32)),
        (0.5, 0.0),
        (right, random.uniform(0.2, 0.32)),
        (0.5 + 0.3 * width, 0.6),
    ]
    base = 1 - random.uniform(0, 0.06)
    style = random.choice(["plain", "loop", "wave", "angular"])
    if style == "angular":  # like a Z with a round head
        tip = (right, base + random.normal(0, 0.03))
        return [join(curve(*head, (left, base)), line((left, base), tip))]
    if style == "loop":
        size = random.uniform(0.08, 0.16)
        loop = [
            (left + size, base),
            (left - 0.2 * size, base - 0.3 * size),
            (left + size, base - 1.3 * size),
            (0.5 + 0.2 * width, base - 0.2 * size),
            (right + 0.1, base - random.uniform(-0.05, 0.1)),
        ]
        return [curve(*head, *loop)]
    rise = random.uniform(0.02, 0.12) if style == "wave" else 0.0
    tail = [(left, base), (0.5, base - rise), (right, base + 0.5 * rise)]
    return [join(curve(*head, tail[0]), curve(*tail))]


def _three(random: Random) -> Strokes:
    width = random.uniform(0.24, 0.36)
    left, right, waist = 0.5 - width, 0.5 + width, random.uniform(0.4, 0.5)
    inner = 0.5 - random.uniform(-0.12, 0.4) * width
    lower = [
        (inner, waist),
        (right, (1 + waist) / 2),
        (0.5, 1.0),
        (left, random.uniform(0.78, 0.95)),
    ]
    if _chance(random, 0.25):  # with a flat top
        return [join(line((left, 0.02), (right, 0.0), (inner, waist)), curve(*lower))]
    upper = [(left, random.uniform(0.06, 0.22)), (0.5, 0.0), (right, waist / 2), (inner, waist)]
    return [join(curve(*upper), curve(*lower))]


def _four(random: Random) -> Strokes:
    stem, bar = random.uniform(0.58, 0.78), random.uniform(0.5, 0.72)
    left, right = random.uniform(0.05, 0.2), random.uniform(0.82, 1.02)
    lean = random.normal(0, 0.03)
    tip = (right, bar - random.normal(0.0, 0.03))
    style = random.choice(["closed", "open", "square", "pointed", "round"])
    if style == "closed":  # the bar starts where the slope ends
        start = (stem, 0.0 if _chance(random, 0.7) else 0.2)
        return [line((stem, 0.0), (left, bar), tip), line(start, (stem - lean, 1.0))]
    if style == "pointed":  # in one stroke, up along the stem
        return [line(tip, (left, bar), (stem + lean, 0.0), (stem, 1.0))]
    start = (stem + lean, random.uniform(0.0, 0.45))
    if style == "round":  # the slope bends into the bar
        low = bar + random.uniform(0, 0.06)
        slope = curve(
            (random.uniform(0.3, 0.6), 0.0),
            (left + 0.06, 0.6 * bar),
            (left + random.uniform(0, 0.06), low - 0.04),
            (left + 0.25, low),
            (right, bar - random.uniform(0, 0.15)),
        )
    else:
        lead = random.uniform(0.0, 0.28) if style == "open" else random.normal(0.02, 0.02)
        slope = line((left + lead, random.uniform(0.0, 0.12)), (left, bar), tip)
    return [slope, line(start, (stem, 1.0))]


def _five(random: Random) -> Strokes:
    width = random.uniform(0.24, 0.36)
    left, right, waist = 0.5 - width, 0.5 + width, random.uniform(0.36, 0.5)
    corner = (left + random.uniform(0, 0.1), 0.02)
    belly = [
        (left, waist + 0.04),
        (0.5, waist - random.uniform(0, 0.07)),
        (right, (waist + 1) / 2),
        (0.5, 1.0),
        (left - 0.02, random.uniform(0.82, 0.96)),
    ]
    tip = (right + random.uniform(-0.1, 0.12), random.normal(0.0, 0.04))
    if _chance(random, 0.5):  # the bar is a stroke of its own, and may be loose
        gap = random.uniform(-0.02, 0.1)
        return [join(line(corner), curve(*belly)), line((corner[0] + gap, tip[1] + 0.02), tip)]
    if _chance(random, 0.25):  # like an S
        return [curve(tip, (0.5, 0.0), (left, 0.2), (0.5, waist), *belly[2:])]
    return [join(line(tip, corner), curve(*belly))]


def _six(random: Random) -> Strokes:
    width, waist = random.uniform(0.22, 0.34), random.uniform(0.45, 0.62)
    left, right = 0.5 - width, 0.5 + width
    top = (0.5 + random.uniform(-0.1, 1.1) * width, 0.0)
    middle = (1 + waist) / 2
    loop = [(0.5, 1.0), (right, middle), (0.5 + 0.1 * width, waist)]
    if _chance(random, 0.8):  # closed
        loop.append((left + 0.06 + random.normal(0, 0.03), middle + random.uniform(0, 0.1)))
    start = [top]
    if _chance(random, 0.15):  # with a hook at its top
        start.insert(0, (top[0] + random.uniform(0.05, 0.2), random.uniform(0.08, 0.25)))
    if _chance(random, 0.3):  # with a straight back
        return [join(line(*start, (left, middle)), curve((left, middle), *loop))]
    return [curve(*start, (left + random.uniform(0, 0.08), 0.42), (left, middle), *loop)]


def _seven(random: Random) -> Strokes:
    left, right = random.uniform(0.08, 0.25), random.uniform(0.72, 0.92)
    foot = (random.uniform(0.25, 0.55), 1.0)
    corner = (right, random.normal(0.0, 0.025))
    start = (left, random.normal(0.03, 0.035))
    strokes = [line(start, corner, foot)]
    if _chance(random, 0.4):  # with a bent stem
        middle = ((right + foot[0]) / 2 - random.uniform(0, 0.14), 0.5)
        strokes = [join(line(start, corner), curve(corner, middle, foot))]
    elif _chance(random, 0.2):  # in one bend
        strokes = [curve(start, (0.55, 0.0), (right - 0.03, 0.2), foot)]
    if _chance(random, 0.2):  # with a serif
        drop = random.uniform(0.06, 0.15)
        strokes.insert(0, line((left + random.normal(0, 0.02), start[1] + drop), start))
        if _chance(random, 0.7):
            strokes = [join(*strokes)]
    if _chance(random, 0.5):  # with a bar through its stem
        height = random.uniform(0.4, 0.7)
        across = corner[0] + (foot[0] - corner[0]) * height
        before, after = random.uniform(0.1, 0.32, 2)
        tilt = random.normal(0.02, 0.04)
        strokes.append(line((across - before, height + tilt), (across + after, height - tilt)))
    return strokes


def _eight(random: Random) -> Strokes:
    upper, lower = random.uniform(0.17, 0.28), random.uniform(0.22, 0.34)
    waist = random.uniform(0.42, 0.52)
    if _chance(random, 0.3):  # two circles
        start = random.uniform(0, 360)
        return [
            arc((0.5, waist / 2), (upper, waist / 2), start, start + random.uniform(345, 375)),
            arc((0.5, (1 + waist) / 2), (lower, (1 - waist) / 2), start, start + 365),
        ]
    gap = random.uniform(-0.1, 0.12)  # the loop at the top may be open
    return [
        curve(
            (0.5 + upper, 0.1 + gap / 2),
            (0.5, 0.0),
            (0.5 - upper, waist / 2),
            (0.5, waist),
            (0.5 + lower, (1 + waist) / 2),
            (0.5, 1.0),
            (0.5 - lower, (1 + waist) / 2),
            (0.5, waist),
            (0.5 + upper * 0.9, 0.16 + gap),
        )
    ]


def _nine(random: Random) -> Strokes:
    width, waist = random.uniform(0.2, 0.32), random.uniform(0.34, 0.56)
    right = 0.5 + width
    start = random.uniform(-60, 20)
    loop = arc((0.5, waist / 2), (width, waist / 2), start, start - random.uniform(330, 370))
    top = (right, random.uniform(0.05, 0.2))
    style = random.choice(["straight", "hook", "bent", "round"])
    if style == "straight":
        tail = line(top, (right + random.normal(-0.06, 0.06), 1.0))
    elif style == "bent":
        tail = curve(top, (right - 0.02, 0.5), (0.5 + random.uniform(-0.4, 0.6) * width, 1.0))
    else:  # the tail comes back, as that of a g
        end = (0.5 - random.uniform(0.6, 1.3) * width, random.uniform(0.72, 0.95))
        belly = right + (random.uniform(0, 0.12) if style == "round" else 0.0)
        tail = curve(top, (belly, 0.62), (belly - 0.08, 0.9), (0.5, 1.0), end)
    return [join(loop, tail)] if _chance(random, 0.6) else [loop, tail]


SQUARE_SHARE = 0.08
# The corners of each stroke: left and right, and at the top, in the middle and at the bottom.
_SQUARE_DIGITS = {
    0: [[(0, 0), (1, 0), (1, 2), (0, 2), (0, 0)]],
    2: [[(0, 0), (1, 0), (1, 1), (0, 1), (0, 2), (1, 2)]],
    3: [[(0, 0), (1, 0), (1, 2), (0, 2)], [(0, 1), (1, 1)]],
    4: [[(0, 0), (0, 1), (1, 1)], [(1, 0), (1, 2)]],
    5: [[(1, 0), (0, 0), (0, 1), (1, 1), (1, 2), (0, 2)]],
    6: [[(1, 0), (0, 0), (0, 2), (1, 2), (1, 1), (0, 1)]],
    7: [[(0, 0), (1, 0), (1, 2)]],
    8: [[(0, 0), (1, 0), (1, 2), (0, 2), (0, 0)], [(0, 1), (1, 1)]],
    9: [[(1, 1), (0, 1), (0, 0), (1, 0), (1, 2), (0, 2)]],
}
_DIGITS: list[Callable[[Random], Strokes]] = [
    _zero, _one, _two, _three, _four, _five, _six, _seven, _eight, _nine,
]  # fmt: skip
