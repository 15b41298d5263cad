"""What is always seen: banner, strip, messages."""
