"""What the checker asks: everything read back, and what holds at every moment as queries."""
