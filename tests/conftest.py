"""Properties are tried on the same examples in every run; `--hypothesis-profile explore` tries new ones."""

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("same")
