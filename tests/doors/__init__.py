"""One store behind all doors: what one does, each other sees at once. A door joins by an adapter in ``adapters``."""
