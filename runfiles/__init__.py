"""What a run file says: its lines, its flags, its parts. Written by procedures, read by everybody; knows nobody."""
