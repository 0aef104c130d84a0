"""One module for each revision; its name begins with the number."""
