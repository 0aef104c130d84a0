"""What a browser and the people who watch over the server ask for: the start page, health and figures."""
