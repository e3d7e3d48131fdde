"""EnhanceConfig: every setting of a run, checked when it is made."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from napari_stentrans.errors import ConfigError
from napari_stentrans.method_table import DEFAULT, METHODS


class _Settings(BaseModel):
    """Frozen, closed pydantic model whose validation errors are ours."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']} (got {e['input']!r})"
                for e in error.errors()
            )
            raise ConfigError(f"Settings of the run are not valid: {problems}.") from error


class PublishedConfig(_Settings):
    """Settings of the published stEnTrans network; None takes the paper's value for the lattice."""

    patch_size: int | None = Field(None, ge=1, le=64, description="side of a patch, in spots")
    heads: int | None = Field(None, ge=1, le=64, description="attention heads")
    depth: int = Field(12, ge=1, le=48, description="Transformer blocks")
    epochs: int | None = Field(None, ge=1, le=100_000, description="passes over the genes")
    batch_size: int = Field(512, ge=1, description="genes in a batch")
    learning_rate: float = Field(1e-3, gt=0)
    residual: bool = Field(
        False, description="add the input to each output channel, as in the paper's figure"
    )
    values: Literal["counts", "lognorm"] = Field(
        "counts", description="what the network sees: raw counts (as published) or log-normalised"
    )


class EnhanceConfig(_Settings):
    """Settings of one run; the dock's form, the command line and the run record are views of it.

    Raises
    ------
    ConfigError
        When a value is not possible; the message names the field.
    """

    method: str = Field(DEFAULT, description="how values are estimated")
    upscale: Literal[1, 2] = Field(1, description="2 adds the sites between the spots")
    denoise: bool = Field(True, description="replace measured spots by the model's estimate")
    genes: tuple[str, ...] | None = Field(None, description="genes to enhance; None means all")
    seed: int = Field(0, ge=0)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    factors: int | None = Field(
        None, ge=1, le=500, description="spatial factors that stand for the genes; None: by method"
    )
    neighbours: int = Field(
        96, ge=4, le=1024, description="observed spots that a site looks at in large sections"
    )
    image: Literal["auto", "off"] = Field(
        "auto",
        description="use the tissue image where it helps on hidden spots (transformer, kriging)",
    )
    features: str | None = Field(
        None,
        description="key in obsm of a person's own image embedding (spot, feature), to be used in "
        "place of the tissue image",
    )
    published: PublishedConfig = PublishedConfig()

    @field_validator("method")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in METHODS:
            raise ValueError(f"must be one of {', '.join(METHODS)}")
        return name

    @property
    def sees_image(self) -> bool:
        """Whether the run looks at the tissue image, where there is one."""
        return self.image != "off" and METHODS[self.method].evidence
