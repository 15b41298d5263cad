"""The window: widgets show and ask; they compute nothing and own no instrument."""
