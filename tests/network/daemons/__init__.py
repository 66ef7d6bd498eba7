"""Several real daemons that decide together, with everything around them that may come to harm."""
