"""Fields for quantities: what stands in them is what is applied, or it is marked."""
