"""The settings: one TOML file, read once into frozen values, and where each value came from.

Later sources win: default, `config.toml` in the home, environment, command line. Secrets are
paths, never values. An unknown key is an error, because a misspelt setting that does nothing is
worse than a refusal.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lex7.base.errors import HomeError
from lex7.base.limits import HORIZON_DAYS_MAX

FORMAT = "lex7-config/1"


class ConfigError(HomeError):
    """A setting is unknown or out of bounds."""

    code = "home.config"

    def __init__(self, where: str, reason: str) -> None:
        self.where = where
        self.reason = reason
        super().__init__(f"{where}: {reason}")


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """One setting: its meaning, its default, and the environment variable that overrides it."""

    name: str
    meaning: str
    default: str
    environment: str = ""


SETTINGS = (
    SettingSpec("home", "folder that holds keys, logs and raw files", "~/.lex7", "LEX7_HOME"),
    SettingSpec(
        "passphrase_file",
        "file whose first line is the passphrase; empty: ask, or use the OS keyring",
        "",
        "LEX7_PASSPHRASE_FILE",
    ),
    SettingSpec("device", "name of this device in node names such as vit@laptop", "laptop"),
    SettingSpec(
        "keyring", "whether the OS keyring may hold the home's master key: yes or no", "no"
    ),
    SettingSpec("horizon_days", f"days forecast ahead, 31 to {HORIZON_DAYS_MAX}", "550"),
    SettingSpec(
        "address",
        "address the nodes listen on; 127.0.0.1 keeps them on this machine, 0.0.0.0 opens them",
        "127.0.0.1",
    ),
    SettingSpec("pairing_port", "port that `lex7 pair invite` listens on, 1024 to 65535", "7446"),
    SettingSpec("profiles", "folder with your own bank CSV profiles; empty: HOME/profiles", ""),
)
_BY_NAME = {spec.name: spec for spec in SETTINGS}


@dataclass(frozen=True, slots=True)
class Resolved:
    """One setting's value and the source it came from."""

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting, resolved."""

    values: Mapping[str, Resolved]

    def text(self, name: str) -> str:
        """Return a setting's value."""
        return self.values[name].value

    @property
    def home(self) -> Path:
        """The home folder."""
        return Path(self.text("home")).expanduser()

    @property
    def profiles(self) -> Path:
        """The folder with the owner's own bank profiles."""
        named = self.text("profiles")
        return Path(named).expanduser() if named else self.home / "profiles"

    @property
    def horizon_days(self) -> int:
        """Days forecast ahead."""
        return int(self.text("horizon_days"))


def resolve(flags: Mapping[str, str], environment: Mapping[str, str]) -> Config:
    """Resolve every setting from defaults, the home's file, environment and flags.

    Raises:
        ConfigError: the file cannot be read, or a setting is unknown or out of bounds.
    """
    values = {spec.name: Resolved(spec.name, spec.default, "default") for spec in SETTINGS}
    _overlay_environment(values, environment)
    for name, value in flags.items():
        values[name] = Resolved(name, value, "flag")
    path = Path(values["home"].value).expanduser() / "config.toml"
    for name, value in _from_file(path).items():
        if values[name].source == "default":
            values[name] = Resolved(name, value, f"file {path}")
    _check(values)
    return Config(values)


def starter_text() -> str:
    """Return a commented config.toml with every setting at its default."""
    lines = [f'format = "{FORMAT}"', ""]
    for spec in SETTINGS[1:]:
        lines += [f"# {spec.meaning}", f'# {spec.name} = "{spec.default}"', ""]
    return "\n".join(lines)


def _overlay_environment(values: dict[str, Resolved], environment: Mapping[str, str]) -> None:
    for spec in SETTINGS:
        given = environment.get(spec.environment, "") if spec.environment else ""
        if given:
            values[spec.name] = Resolved(spec.name, given, f"environment {spec.environment}")


def _from_file(path: Path) -> dict[str, str]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ConfigError(str(path), f"expected a TOML file, got {exc}") from exc
    if document.pop("format", None) != FORMAT:
        raise ConfigError(str(path), f'expected format = "{FORMAT}" in the first line')
    for name in document:
        if name not in _BY_NAME or name == "home":
            known = ", ".join(spec.name for spec in SETTINGS[1:])
            raise ConfigError(str(path), f"unknown setting {name!r}; known: {known}")
    return {name: str(value) for name, value in document.items()}


def _check(values: Mapping[str, Resolved]) -> None:
    horizon = values["horizon_days"]
    if not horizon.value.isascii() or not horizon.value.isdigit():
        raise ConfigError(horizon.source, f"horizon_days must be a number, got {horizon.value!r}")
    if not 31 <= int(horizon.value) <= HORIZON_DAYS_MAX:
        raise ConfigError(
            horizon.source, f"horizon_days must be 31 to {HORIZON_DAYS_MAX}, got {horizon.value}"
        )
    _check_links(values)
    if values["keyring"].value not in ("yes", "no"):
        raise ConfigError(values["keyring"].source, "keyring must be yes or no")
    device = values["device"].value
    if not device.isascii() or not device.isidentifier() or len(device) > 32:
        raise ConfigError(values["device"].source, "device must be a short word of letters")


def _check_links(values: Mapping[str, Resolved]) -> None:
    address, port = values["address"], values["pairing_port"]
    parts = address.value.split(".")
    if len(parts) != 4 or not all(
        one.isascii() and one.isdigit() and int(one) < 256 for one in parts
    ):
        raise ConfigError(address.source, f"address must be like 192.0.2.7, got {address.value!r}")
    is_number = port.value.isascii() and port.value.isdigit()
    if not is_number or not 1024 <= int(port.value) <= 65535:
        raise ConfigError(port.source, f"pairing_port must be 1024 to 65535, got {port.value!r}")
