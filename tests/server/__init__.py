"""The HTTP server alone, with small WSGI applications behind it and a raw socket in front."""
