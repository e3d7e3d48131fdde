"""The methods, one module each; ``method_table`` is the one table of them."""
