"""What the fields of a model say of themselves, for all who show them or ask for them.

A setting is said once, where it is defined: a field with its type and range, ``title`` and
``description``, and a ``Shown``. The command line, scripts, the form and the preferences read the
list that ``settings_of`` makes of a model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class Shown:
    """How a setting is shown, besides title and description of its field.

    Attributes
    ----------
    words
        What people call a value that is not called by itself: a choice, or None.
    choices
        What there is to choose from, where the type does not list it.
    expert
        Whether it is one of those that most people leave alone.
    option
        Whether the command line has an option for it.
    metavar
        What the help of the command line calls its value.
    by_method
        Whether only some methods listen to it (``Method.listens``).
    """

    words: Mapping[Any, str] = field(default_factory=dict)
    choices: Iterable[Any] = ()
    expert: bool = False
    option: bool = False
    metavar: str | None = None
    by_method: bool = False


@dataclass(frozen=True)
class Setting:
    """One setting, whatever model it is in.

    Attributes
    ----------
    name
        Of the field; no two settings have the same.
    kind
        Type of its values: bool, int, float, str or tuple; None may be one besides.
    default
        Its value unless said otherwise.
    optional
        Whether it may be None.
    label, help
        A word or two, and a sentence that begins with a small letter and has no full stop.
    listed
        All values that are possible, as they are at the moment; empty where they cannot be listed.
    low, high
        The least and the greatest value.
    shown
        How it is shown.
    group, group_label
        Field of the model that holds it, and its words; empty for those of the model itself.
    """

    name: str
    kind: type
    default: Any
    optional: bool
    label: str
    help: str
    listed: Iterable[Any]
    low: float
    high: float
    shown: Shown
    group: str = ""
    group_label: str = ""

    @property
    def choices(self) -> tuple[Any, ...]:
        """All values that are possible; empty where these cannot be listed."""
        return tuple(self.listed)

    @property
    def tip(self) -> str:
        """Its sentence, as it stands alone."""
        return self.help[:1].upper() + self.help[1:]

    @property
    def flag(self) -> str:
        """Its option on the command line."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def listened(self) -> str:
        """The name under which a method says that it listens."""
        return self.group or self.name

    def word(self, value: Any) -> str:
        """What people call a value."""
        return self.shown.words.get(value, str(value))


@cache
def settings_of(model: type[BaseModel]) -> tuple[Setting, ...]:
    """All settings of a model in their order, with those of the models that it holds."""
    found: list[Setting] = []
    for name, info in model.model_fields.items():
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            around, label = _shown(info), info.title or name
            for inner in settings_of(kind):
                shown = replace(inner.shown, expert=around.expert, by_method=around.by_method)
                found.append(replace(inner, shown=shown, group=name, group_label=label))
        else:
            found.append(_setting(name, info))
    return tuple(found)


def flat(values: BaseModel) -> Iterator[tuple[Setting, Any]]:
    """Every setting with its value."""
    for setting in settings_of(type(values)):
        holder = getattr(values, setting.group) if setting.group else values
        yield setting, getattr(holder, setting.name)


def named(model: type[BaseModel], name: str) -> Setting:
    """One setting of a model."""
    return next(setting for setting in settings_of(model) if setting.name == name)


def nested(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by name as fields of a model: those of a group are in a dictionary of their own."""
    fields: dict[str, Any] = {}
    for setting in settings_of(model):
        if setting.name in values:
            holder = fields.setdefault(setting.group, {}) if setting.group else fields
            holder[setting.name] = values[setting.name]
    return fields


def _setting(name: str, info: FieldInfo) -> Setting:
    shown = _shown(info)
    parts: list[Any] = [info.annotation]
    if get_origin(info.annotation) in (Union, UnionType):
        parts = list(get_args(info.annotation))
    kind = next(part for part in parts if part is not NoneType)
    listed = shown.choices
    if get_origin(kind) is Literal:
        listed = get_args(kind)
        kind = type(listed[0])
    kind = get_origin(kind) or kind
    low, high = _range(info, whole=kind is int)
    return Setting(
        name=name,
        kind=kind,
        default=info.get_default(call_default_factory=True),
        optional=NoneType in parts,
        label=info.title or name.replace("_", " ").capitalize(),
        help=info.description or "",
        listed=listed,
        low=low,
        high=high,
        shown=shown,
    )


def _shown(info: FieldInfo) -> Shown:
    return next((part for part in info.metadata if isinstance(part, Shown)), Shown())


def _range(info: FieldInfo, *, whole: bool) -> tuple[float, float]:
    """The least and the greatest value of a number."""
    low, high = -math.inf, math.inf
    for part in info.metadata:
        if (least := getattr(part, "ge", None)) is not None:
            low = least
        if (below := getattr(part, "gt", None)) is not None:
            low = below + 1 if whole else math.nextafter(below, math.inf)
        if (most := getattr(part, "le", None)) is not None:
            high = most
        if (above := getattr(part, "lt", None)) is not None:
            high = above - 1 if whole else math.nextafter(above, -math.inf)
    return low, high
