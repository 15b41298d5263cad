"""The form for a new run: types, fields, estimate."""
