"""Settings that may be sent twice: what they say is a value and not a step."""

from collections.abc import Callable

from coldfinger.instruments.errors import LinkError


def firmly(send: Callable[[], object]) -> None:
    """Send a setting; once more where it is not known whether it arrived. The link is made clean in between.

    Raises what the second attempt raises. Not for anything that moves by a step, such as a bias.
    """
    try:
        send()
    except LinkError:
        send()
