"""What things cost: each module runs by itself and prints figures."""
