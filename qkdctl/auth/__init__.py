"""Tags on what nodes say to each other, made with key from the links, and how much security may be claimed for them."""
