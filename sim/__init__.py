"""A simulated refrigerator that speaks the instruments' own command languages."""
