"""Waiting for a condition, with a deadline: the only place of the tests that sleeps, and only between two looks."""
import time


class Never(Exception):
    """Raised by a condition that cannot come true any more: ends the wait at once."""


def until(condition, what, deadline_s=60.0, pause_s=0.01):
    """The first true value of condition(); an AssertionError that names `what` when none comes in time. An exception of condition counts
    as false, and the last one is told."""
    end = time.monotonic() + deadline_s
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
        except Never as error:
            raise AssertionError(f"this will not come: {what} ({error})") from None
        except Exception as error:  # the condition may look at what does not exist yet
            last = error
        if time.monotonic() > end:
            raise AssertionError(f"in {deadline_s} s this did not come: {what}" + (f" (last: {last!r})" if last else ""))
        time.sleep(pause_s)
