import warnings
import numpy as np, pytest
def test_pic(dock, qtbot, ready):
    dock.viewer.window.resize(1280,800)
    from pathlib import Path
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dock.open(Path("/work/shared/data/mouse_olfactory_bulb"))
        ready(dock)
        qtbot.wait(800)
        dock.viewer.window._qt_window.grab().save("/tmp/tables/mob_tissue.png")
