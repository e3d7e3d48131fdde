"""What maps are good for: spatially variable genes, patterns, domains, regions, pathways.

>>> from napari_stentrans import read_section
>>> from napari_stentrans.analysis import find_domains
>>> found = find_domains(read_section("outs"))  # doctest: +SKIP
>>> found.sizes  # doctest: +SKIP

Each analysis is a generator of ``Progress`` (``..._steps``) and a function that runs it to its end.
They see a ``Section`` or an ``Enhancement``, by way of ``Maps``, and nothing of the window.
What there is stands in ``__init__.pyi``; a name is imported when it is first asked for.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
