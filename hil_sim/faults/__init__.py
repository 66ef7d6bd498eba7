"""Things that go wrong between computers."""
