"""What the window shows and does, without Qt and napari."""
