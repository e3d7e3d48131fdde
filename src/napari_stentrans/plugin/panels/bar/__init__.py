"""What the bar above the canvas is made of."""
