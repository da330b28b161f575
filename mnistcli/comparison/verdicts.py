"""Verdicts in words."""

from mnistcli.comparison.compare import Verdict
from mnistcli.numbers import format_count, format_percent


def describe_verdict(verdict: Verdict, baseline: str) -> str:
    """Return a sentence or two: what the difference is, and whether it is more than chance.

    Args:
        baseline: the name of what it was compared with.
    """
    if verdict.first is None or verdict.second is None:
        return f"{verdict.name} against {baseline}: cannot be compared; {verdict.problem}."
    difference = 100 * (verdict.second - verdict.first)
    direction = "better" if difference > 0 else "worse"
    text = (
        f"{verdict.name} is right in {format_percent(verdict.second, decimals=2)}, "
        f"{baseline} in {format_percent(verdict.first, decimals=2)}: "
    )
    text += f"{abs(difference):.2f} points {direction}. " if difference else "no difference. "
    if verdict.problem:
        return f"{text}Whether that is chance cannot be said: {verdict.problem}."
    if verdict.mcnemar:
        test = verdict.mcnemar
        only = (
            f"Only {verdict.name} is right in {format_count(test.only_second, 'image')}, only "
            f"{baseline} in {test.only_first:,}; chance alone makes as large a difference in "
            f"{format_percent(test.p_value, decimals=1)} of cases (exact McNemar test)"
        )
        judgement = "more than chance" if verdict.is_significant else "may be chance"
        advice = "Another seed may give another result: train with --seeds to see."
        return f"{text}{only}: {judgement}. {advice}"
    if verdict.interval:
        low, high = 100 * verdict.interval.low, 100 * verdict.interval.high
        judgement = "more than chance" if verdict.is_significant else "may be chance"
        return (
            f"{text}The 95% interval of the difference is {low:+.2f} to {high:+.2f} points "
            f"(Welch): {judgement}."
        )
    return text
