"""The worker processes and the client that supervises them."""
