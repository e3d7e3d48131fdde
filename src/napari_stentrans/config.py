"""EnhanceConfig: every setting of a run, checked when it is made."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from napari_stentrans.errors import ConfigError
from napari_stentrans.method_table import DEFAULT, METHODS
from napari_stentrans.settings import Shown


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


AS_PUBLISHED = {None: "as published"}


class PublishedConfig(_Settings):
    """Settings of the published stEnTrans network; None takes the paper's value for the lattice."""

    epochs: Annotated[
        int | None,
        Field(ge=1, le=100_000, title="Epochs", description="how often the network sees all genes"),
        Shown(words=AS_PUBLISHED, option=True),
    ] = None
    patch_size: Annotated[
        int | None,
        Field(ge=1, le=64, title="Patch size", description="side of a patch in spots"),
        Shown(words=AS_PUBLISHED),
    ] = None
    heads: Annotated[
        int | None,
        Field(ge=1, le=64, title="Heads", description="attention heads"),
        Shown(words=AS_PUBLISHED),
    ] = None
    depth: Annotated[
        int,
        Field(ge=1, le=48, title="Depth", description="Transformer blocks, one after the other"),
    ] = 12
    batch_size: Annotated[
        int,
        Field(ge=1, title="Batch size", description="genes in a batch; fewer need less memory"),
    ] = 512
    learning_rate: Annotated[
        float, Field(gt=0, title="Learning rate", description="size of a training step")
    ] = 1e-3
    values: Annotated[
        Literal["counts", "lognorm"],
        Field(
            title="Values",
            description="what the network sees; it was published with raw counts",
        ),
        Shown(words={"counts": "Raw counts", "lognorm": "Log-normalised"}, option=True),
    ] = "counts"
    residual: Annotated[
        bool,
        Field(
            title="Residual",
            description="add the input to each output, as drawn in the paper but not in its "
            "program",
        ),
        Shown(option=True),
    ] = False


class EnhanceConfig(_Settings):
    """Settings of one run; the dock's form, the command line and the run record are views of it.

    A field says all that they show of it: see ``settings``.

    Raises
    ------
    ConfigError
        When a value is not possible; the message names the field.
    """

    method: Annotated[
        str,
        Field(title="Method", description="how missing values are estimated"),
        Shown(choices=METHODS, option=True),
    ] = DEFAULT
    upscale: Annotated[
        Literal[1, 2],
        Field(
            title="Double the resolution (2×)",
            description="double the resolution: sites between neighbouring spots are added, "
            "about four times as many",
        ),
        Shown(option=True),
    ] = 1
    denoise: Annotated[
        bool,
        Field(
            title="Denoise measured spots",
            description="the method's estimate at measured spots as well; without it they keep "
            "exactly what was measured",
        ),
        Shown(option=True),
    ] = True
    genes: Annotated[
        tuple[str, ...] | None,
        Field(title="Genes", description="only these genes"),
        Shown(option=True, metavar="GENE"),
    ] = None
    seed: Annotated[
        int,
        Field(ge=0, title="Seed", description="the same seed gives the same numbers again"),
        Shown(expert=True, option=True),
    ] = 0
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"],
        Field(
            title="Device",
            description="what computes: a GPU where there is one, unless said otherwise",
        ),
        Shown(
            words={
                "auto": "Automatic",
                "cpu": "CPU",
                "cuda": "NVIDIA GPU (CUDA)",
                "mps": "Apple GPU (MPS)",
            },
            expert=True,
            option=True,
        ),
    ] = "auto"
    factors: Annotated[
        int | None,
        Field(
            ge=1,
            le=500,
            title="Patterns (factors)",
            description="spatial patterns that stand for all genes",
        ),
        Shown(words={None: "by method"}, expert=True, by_method=True),
    ] = None
    neighbours: Annotated[
        int,
        Field(
            ge=4,
            le=1024,
            title="Neighbours",
            description="spots that a site looks at in sections of more than about 3,000 spots",
        ),
        Shown(expert=True, by_method=True),
    ] = 96
    image: Annotated[
        Literal["auto", "off"],
        Field(
            title="Use the tissue image",
            description="what the tissue looks like helps to say what is expressed there; a run "
            "tries it on hidden spots first, and leaves the image out where it does not help",
        ),
        Shown(option=True, by_method=True),
    ] = "auto"
    features: Annotated[
        str | None,
        Field(
            title="Image as",
            description="your own embedding of the tissue image in place of the image: the key of "
            "a table in obsm",
        ),
        Shown(
            words={None: "The image itself"},
            expert=True,
            option=True,
            metavar="KEY",
            by_method=True,
        ),
    ] = None
    published: Annotated[PublishedConfig, Shown(expert=True, by_method=True)] = Field(
        default_factory=PublishedConfig, title="method published"
    )

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
