"""The peers besides NumPy, one module each; each is loaded only where it is asked for."""
