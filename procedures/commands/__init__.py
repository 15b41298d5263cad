"""One module a subcommand of `coldfinger`."""
