"""Front panels, one model a file: bytes in, bytes out."""
