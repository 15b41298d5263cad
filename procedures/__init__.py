"""What is measured, and how a run is carried out and written down."""
