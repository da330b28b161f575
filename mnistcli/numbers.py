"""Numbers, as people read them."""


def format_duration(seconds: float) -> str:
    """Return such as '<0.1 s', '0.4 s', '12 s', '3 min 05 s' or '2 h 10 min'."""
    if seconds < 0.05:
        return "<0.1 s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, remainder = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {remainder:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def format_count(count: int, noun: str) -> str:
    """Return such as '1 epoch' or '1,719 steps'."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def format_bytes(count: int) -> str:
    """Return such as '46.6 kB' or '4.2 MB', in powers of 1,000."""
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def format_percent(share: float, *, decimals: int) -> str:
    """Return such as '99.12%' for a share in [0, 1]; 0 and 100 only for exactly 0 and 1."""
    smallest = 10.0**-decimals
    if 0 < share < smallest / 200:
        return f"<{smallest:.{decimals}f}%"
    if 1 - smallest / 200 < share < 1:
        return f">{100 - smallest:.{decimals}f}%"
    return f"{100 * share:.{decimals}f}%"
