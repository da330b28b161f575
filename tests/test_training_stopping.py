"""A request to stop that is made while nothing can be raised."""

import signal
from contextlib import suppress

import pytest

from mnistcli.errors import STOP_SIGNALS, StopSignal
from mnistcli.training.stopping import StopRequest


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_that_something_swallows_is_raised_at_the_end(number: signal.Signals) -> None:
    passed = False
    with StopRequest() as stop, pytest.raises(StopSignal) as caught, stop.at_once():
        with suppress(BaseException):  # as a destructor or a callback does
            signal.raise_signal(number)
        passed = True
    assert passed
    assert caught.value.signal_number == number


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with StopRequest() as stop, stop.at_once():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
