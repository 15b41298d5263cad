"""What people write: quantities with units, ways of a field, pacings, and the parameters that hold them."""
