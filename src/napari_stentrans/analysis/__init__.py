"""What maps are good for: spatially variable genes, patterns, domains, regions, pathways.

Each analysis is a generator of ``Progress`` (``..._steps``) and a function that runs it to its end.
They see a ``Section`` or an ``Enhancement``, by way of ``Maps``, and nothing of the window.
"""
