"""Films of grains: networks of junctions, percolation, duality, charging energies."""
