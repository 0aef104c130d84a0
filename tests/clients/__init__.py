"""What real programs send, request by request over a socket, and what they have to find afterwards."""
