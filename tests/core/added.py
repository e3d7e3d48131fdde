"""A setting that a test adds to those of a run, as somebody would who writes one field more."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.record import RunRecord
from napari_stentrans.settings import settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def field_added(model: type[BaseModel], name: str, annotation: Any, default: Any) -> Iterator[None]:
    """Let a model of settings have one field more."""
    around = [model, EnhanceConfig, RunRecord]  # the inner ones first
    model.model_fields[name] = FieldInfo.from_annotated_attribute(annotation, Field(default))
    for each in around:
        each.model_rebuild(force=True)
    settings_of.cache_clear()
    try:
        yield
    finally:
        del model.model_fields[name]
        for each in around:
            each.model_rebuild(force=True)
        settings_of.cache_clear()
