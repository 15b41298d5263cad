"""On the way: where to go and how fast, and when a temperature or a field has been reached."""
