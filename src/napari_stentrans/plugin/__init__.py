"""The napari plugin: everything that imports napari or Qt."""
