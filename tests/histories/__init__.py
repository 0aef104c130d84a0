"""Random requests of several people to the drive, beside a naive model of what has to come of them."""
