"""What nodes exchange, agree on and hash: frozen values of integers and strings."""
