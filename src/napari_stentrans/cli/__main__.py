"""``python -m napari_stentrans.cli``."""

import sys

from napari_stentrans.cli import main

sys.exit(main())
