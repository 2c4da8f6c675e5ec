"""What the test modules share: data, layouts, NumPy as the oracle, error measures."""
