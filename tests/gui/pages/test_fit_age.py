"""How old a fit is: live only what follows a run that grows, grey what is left behind, no age where there is none."""

from coldfinger.gui.pages.fit_age import FitAge


class Time:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def growing(time: Time, rows: int = 10) -> FitAge:
    """The fit of a run whose newest row came just now, and was fitted at once."""
    age = FitAge(time)
    age.see(rows - 1, "")
    age.see(rows, "")
    age.take(age.ask(), is_shown=True)
    return age


def said(age: FitAge, **how: bool) -> tuple[str, str]:
    look = age.look(**how)
    assert look is not None
    return look.word, look.tone


def test_a_fit_of_all_rows_of_a_run_that_grows_is_live_and_counts_from_its_rows():
    time = Time()
    age = growing(time)
    for later, word in ((0.4, "live, 0.4 s ago"), (0.97, "live, 1 s ago"), (12.3, "live, 12 s ago")):
        time.now = 100.0 + later
        assert said(age) == (word, "ok")
    age.see(11, "")
    asked = age.ask()
    time.now += 2.0  # a slow fit is old when it comes
    age.take(asked, is_shown=True)
    assert said(age) == ("live, 2 s ago", "ok")


def test_rows_that_wait_for_their_fit_make_it_look_old_and_a_newer_fit_live_again():
    time = Time()
    age = growing(time)
    time.now += 20.0
    age.see(11, "")
    assert said(age) == ("live, 20 s ago", "ok")  # its fit is being made
    time.now += 3.1
    age.see(14, "")
    assert said(age) == ("without 4 newer rows, 23 s ago", "idle")
    age.take(age.ask(), is_shown=True)
    assert said(age)[1] == "ok"


def test_a_fitter_that_is_always_some_rows_late_is_live_and_one_that_falls_behind_is_not():
    time = Time()
    age = growing(time)
    for i in range(100):
        asked = age.ask()
        time.now += 0.5
        age.see(11 + i, "")
        age.take(asked, is_shown=True)
        assert said(age)[1] == "ok"
    asked = age.ask()
    time.now += 3.5
    age.see(200, "")
    age.take(asked, is_shown=True)
    assert said(age) == ("without 90 newer rows, 4 s ago", "idle")


def test_a_run_without_an_end_that_does_not_grow_is_not_called_live():
    time = Time()
    age = FitAge(time)
    age.see(40, "")  # a crashed one looks the same
    age.take(age.ask(), is_shown=True)
    assert said(age) == ("waiting for a new row", "idle")
    time.now += 1e4
    age.see(40, "")
    assert said(age) == ("waiting for a new row", "idle")
    age.see(41, "")
    age.take(age.ask(), is_shown=True)
    assert said(age)[1] == "ok"
    time.now += 31.0
    assert said(age) == ("no new row for 31 s", "idle")
    time.now += 4000.0
    assert said(age) == ("no new row for 1 h 7 min", "idle")


def test_a_slow_run_may_take_three_of_its_own_periods():
    time = Time()
    age = growing(time)
    for rows in (11, 12):
        time.now += 60.0
        age.see(rows, "")
        age.take(age.ask(), is_shown=True)
    time.now += 170.0
    assert said(age) == ("live, 2 min 50 s ago", "ok")
    time.now += 20.0
    assert said(age)[1] == "idle"
    age.pause()  # nobody has looked for an hour, which is not how often rows come
    time.now += 3600.0
    age.see(80, "")
    age.take(age.ask(), is_shown=True)
    time.now += 31.0
    assert said(age)[1] == "idle"


def test_a_run_with_an_end_says_so_without_an_age_once_all_its_rows_are_fitted():
    for outcome, word in (("done", "run finished"), ("stopped", "run stopped"), ("failed", "run failed")):
        time = Time()
        age = growing(time)
        age.see(11, outcome)
        assert said(age) == ("without 1 newer row, 0.0 s ago", "idle")  # at once: nothing is under way any more
        age.take(age.ask(), is_shown=True)
        time.now += 500.0
        assert said(age) == (word, "idle")


def test_a_replay_has_no_age_and_what_it_shows_is_never_called_live():
    time = Time()
    age = growing(time)
    time.now += 1000.0  # it stands still
    assert said(age, is_replay=True) == ("replay, as far as played", "idle")
    age.see(3, "")  # and goes back
    time.now += 4.0
    assert said(age, is_replay=True)[0].startswith("without other rows, ")


def test_numbers_of_an_earlier_fit_are_old_however_often_it_was_tried_since():
    time = Time()
    age = growing(time)
    time.now += 5.0
    assert said(age, is_old=True) == ("an earlier fit, 5 s ago", "idle")
    age.see(11, "")
    age.take(age.ask(), is_shown=False)  # as where it did not converge
    assert said(age) == ("an earlier fit, 5 s ago", "idle")
    age.take(age.ask(), is_shown=True)
    assert said(age)[1] == "ok"


def test_before_the_first_fit_and_of_another_run_there_is_no_age():
    age = FitAge(Time())
    assert age.look() is None
    age.see(10, "")
    age.take(age.ask(), is_shown=False)
    assert age.look() is None
    age = growing(Time())
    age.forget()
    assert age.look() is None
