"""Programs that use tailrace on real input."""
