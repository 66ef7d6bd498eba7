"""Making policies: link models, networks, scores."""
