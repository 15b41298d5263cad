"""Numbers in, numbers out: laws, fits, networks and figures."""
