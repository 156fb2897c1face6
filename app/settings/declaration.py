"""Settings declared once, read from the environment and checked all at once, never shown when they are wrong."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from app.settings.values import Limit, NameUnwritable, Secret

# How a name begins that can only be ours: another one that begins so is a slip.
_OURS = (
    *("PUBLIC_URL", "SECRET_KEY", "PAYTRONIX_", "STORE_URL", "MERCHANT_DIR"),
    *("SESSION_IDLE", "SESSION_MAX", "SESSIONS_", "LOGIN_FAILURES_"),
    *("TRUSTED_PROX", "METRICS_ADDR", "MESSAGES_U", "CONSOLE_"),
)


class SettingsError(Exception):
    """Settings are missing or wrong. The text names each of them, the rule and an example, never a value.

    :param whose: what cannot start with them.
    """

    def __init__(self, faults: list[str], whose: str = "site") -> None:
        self.faults = faults
        super().__init__(
            "The {} cannot start: {} wrong.\n{}".format(
                whose,
                "one setting is" if len(faults) == 1 else f"{len(faults)} settings are",
                "\n".join(f"  {fault}" for fault in faults),
            )
        )


class WholeFault(Exception):
    """A setting is wrong in a way that its rule does not say; the text is the whole fault."""


REQUIRED = object()


def setting(
    parse: Callable[[str], Any],
    rule: str,
    example: str,
    default: Any = REQUIRED,
    *,
    may_be_file: bool = False,
    instead: str | None = None,
) -> Any:
    """Declare a setting. A default is given as it would stand in the environment, or as None.

    :param instead: a setting that does as well, so that this one may be missing.
    """
    return field(
        metadata={
            "parse": parse,
            "rule": rule,
            "example": example,
            "default": default,
            "may_be_file": may_be_file,
            "instead": instead,
        }
    )


def read(declaring: type, environ: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The values of the settings that a dataclass declares with :func:`setting`, and what is wrong with them.

    A field's name in capitals is its name in the environment.
    """
    faults: list[str] = []
    values: dict[str, Any] = {}
    for declared in fields(declaring):
        name, rules = declared.name.upper(), declared.metadata
        try:
            text = _given(environ, name, may_be_file=rules["may_be_file"])
            text = rules["default"] if text is None else text
            if text is REQUIRED and _is_given(environ, rules["instead"]):
                values[declared.name] = None
            elif text is REQUIRED:
                faults.append(f"{name} is missing: {rules['rule']}. Example: {rules['example']}")
            else:
                values[declared.name] = None if text is None else rules["parse"](text)
        except WholeFault as fault:
            faults.append(str(fault))
        except NameUnwritable:
            faults.append(
                f"{name} is wrong: its host has letters of which no name can be made. Write the host as browsers "
                "show it when its address is copied: xn--… Example: https://xn--caf-dma.example"
            )
        except (ValueError, KeyError):
            faults.append(f"{name} is wrong: {rules['rule']}. Example: {rules['example']}")
    return values, faults


def _given(environ: Mapping[str, str], name: str, *, may_be_file: bool) -> str | None:
    """The text of a setting, from NAME or from the file that NAME_FILE names; None when neither is set."""
    text = environ.get(name) or None  # deployments pass what they leave unset as an empty text
    path = (environ.get(f"{name}_FILE") or None) if may_be_file else None
    if text is not None and path is not None:
        raise WholeFault(f"{name} and {name}_FILE are both set: keep one of them.")
    if path is None:
        return text
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise WholeFault(f"{name}_FILE names a file that cannot be read: {reason}.") from error


def _is_given(environ: Mapping[str, str], name: str | None) -> bool:
    return name is not None and any(environ.get(each) for each in (name, f"{name}_FILE"))


def misspelt(environ: Mapping[str, str], declaring: Iterable[type]) -> list[str]:
    """Faults for names that look like ours and are none: with a slip in its name a setting would keep its default."""
    declared = [each for one in declaring for each in fields(one)]
    known = {each.name.upper() for each in declared}
    known |= {f"{each.name.upper()}_FILE" for each in declared if each.metadata["may_be_file"]}
    faults = []
    for name in sorted(set(environ) - known):
        meant = _meant(name, known)
        if name.startswith(_OURS):
            faults.append(f"{name} is not a setting: {f'did you mean {meant}?' if meant else 'remove it.'}")
        elif meant and not (environ.get(meant) or environ.get(f"{meant}_FILE")):  # beside it, it is somebody else's
            faults.append(
                f"{name} is not a setting: did you mean {meant}? If it belongs to another program, set {meant} too."
            )
    return faults


def _meant(name: str, known: set[str]) -> str | None:
    """The setting whose name somebody has misspelt so, if there is one."""
    likeness = 0.6 if name.startswith(_OURS) else 0.875  # OTEL_SERVICE_NAME and STORE_NAME are other programs' own
    close = difflib.get_close_matches(name.upper(), known, 1, likeness)
    if not close or (not name.startswith(_OURS) and set(close[0].split("_")) < set(name.upper().split("_"))):
        return None  # OTEL_TRACES_SAMPLER_ARG says more than OTEL_TRACES_SAMPLER
    return close[0]


@dataclass(frozen=True)
class Given:
    """A setting as it may be shown.

    :ivar shown: its value; three stars in place of a secret
    :ivar source: where it comes from: ``environment``, ``file``, ``default``
    """

    name: str
    shown: str
    source: str


def given_settings(settings: Any, source: Mapping[str, str]) -> list[Given]:
    """Every setting of an instance, with where in an environment it comes from."""
    given = []
    for declared in fields(settings):
        name, value = declared.name.upper(), getattr(settings, declared.name)
        origin = "environment" if source.get(name) else "default"
        if declared.metadata["may_be_file"] and source.get(f"{name}_FILE"):
            origin = f"file that {name}_FILE names"
        given.append(Given(name, _shown(value), origin))
    return given


def _shown(value: object) -> str:
    match value:
        case None | ():
            return "none"
        case Secret() | (Secret(), *_):
            return "***"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case Limit():
            return f"{value.count}/{value.window_seconds} seconds"
        case (str(host), int(port)):
            return f"{host}:{port}"
        case tuple():
            return " ".join(map(str, value))
    return str(value)
