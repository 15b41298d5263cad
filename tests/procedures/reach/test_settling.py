"""One rule for every wait: tolerance, window, timeout; and what each end of it is called."""

import math
from collections.abc import Callable, Iterator

from coldfinger.procedures.reach.settling import Arrival, Settling, wait_for
from coldfinger.sim.clock import SimClock


def wait(values: Iterator[float | None], **more: object) -> tuple[Arrival, float]:
    """How a wait for 1.0 +- 0.1 over 3 s, at most 20 s, ends, and when."""
    clock = SimClock()
    pause: Callable[[float], object] = more.pop("pause", clock.sleep)
    settling = Settling(1.0, 0.1, window=3.0, timeout=20.0)
    return wait_for(settling, lambda: next(values), clock.time, lambda s: (clock.sleep(s), pause(0.0))[1], **more), (
        clock.time()
    )


def steady(*start: float | None, then: float = 1.0) -> Iterator[float | None]:
    yield from start
    while True:
        yield then


def test_idle_after_a_whole_window_within_the_tolerance():
    assert wait(steady()) == (Arrival.IDLE, 3.0)
    assert wait(steady(0.5, 0.95, 1.2, 1.05)) == (Arrival.IDLE, 6.0)  # 1.2 begins the window anew


def test_a_quantity_without_a_value_yet_is_on_its_way():
    assert wait(steady(math.nan, math.nan)) == (Arrival.IDLE, 5.0)


def test_warn_when_the_time_is_up():
    assert wait(steady(then=0.5)) == (Arrival.WARN, 20.0)


def test_error_at_once_when_it_will_never_arrive():
    assert wait(steady(0.5, 0.7, None)) == (Arrival.ERROR, 2.0)


def test_what_is_there_but_not_at_rest_is_waited_for_and_not_for_ever():
    looks = iter([False, False, True])
    assert wait(steady(), also=lambda: next(looks)) == (Arrival.IDLE, 5.0)
    assert wait(steady(), also=lambda: False) == (Arrival.WARN, 20.0)


def test_what_stood_still_in_a_pause_is_set_going_again():
    begun, pauses = [], iter([False, True, False])
    wait(steady(), pause=lambda seconds: next(pauses), again=lambda: begun.append(1))
    assert begun == [1]
