"""One router per topic, each made for a facade."""
