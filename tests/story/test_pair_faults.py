"""What goes wrong between two homes that pair ends with a sentence, and nobody is enrolled."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest
from story_person import Person

from lex7.bark.pairing import PairingError
from lex7.base.config import Config, resolve
from lex7.base.entropy import SeededEntropy
from lex7.runtime.home import HomeExistsError
from lex7.runtime.pair import SpentError, invite, join, reset_count
from lex7.transport.interface import EndpointError

PASSPHRASE = "a passphrase for tests\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def laptop(empty_home: Person, tmp_path: Path) -> Config:
    """A home that can invite."""
    return resolve({}, empty_home.copy(tmp_path / "laptop").environment())


@pytest.fixture
def phone(tmp_path: Path) -> Config:
    """A place where there is no home yet."""
    secret = tmp_path / "secret"
    secret.write_text(PASSPHRASE)
    home = str(tmp_path / "phone")
    return resolve({"home": home}, {"HOME": home, "LEX7_PASSPHRASE_FILE": str(secret)})


def joining(phone: Config, code: str, port: int, device: str = "phone") -> str:
    secret = (PASSPHRASE.strip(), device)
    return join(phone, code, f"tcp/127.0.0.1:{port}", secret, SeededEntropy(2))


def invited(
    laptop: Config, act: Callable[[str, int], None], seconds: float = 60.0, seed: int = 1
) -> object:
    """Invite, and act as the newcomer when the code is shown; return or raise what invite does."""
    threads: list[Thread] = []

    def show(code: str, port: int) -> None:
        threads.append(Thread(target=act, args=(code, port)))
        threads[0].start()

    try:
        return invite(laptop, free_port(), show, SeededEntropy(seed), seconds)
    finally:
        for thread in threads:
            thread.join()


def test_an_expired_code_is_good_no_more(laptop: Config, phone: Config) -> None:
    shown: list[tuple[str, int]] = []
    with pytest.raises(PairingError, match="nobody joined in time"):
        invited(laptop, lambda code, port: shown.append((code, port)), seconds=0.1)
    with pytest.raises(EndpointError, match="nobody listens there"):
        joining(phone, *shown[0])
    assert not phone.home.exists()


def test_a_code_enrols_one_home_and_no_second_one(laptop: Config, phone: Config) -> None:
    used: list[tuple[str, int]] = []

    def act(code: str, port: int) -> None:
        joining(phone, code, port)
        used.append((code, port))

    assert invited(laptop, act) == ("vit@phone", "wth@phone", "mon@phone")
    other = resolve({"home": f"{phone.home}-2"}, {"HOME": "/"})
    with pytest.raises(EndpointError, match="nobody listens there"):
        joining(other, *used[0])
    with pytest.raises(HomeExistsError):
        joining(phone, *used[0])
    # The code of the last invitation says nothing to the next one.
    refused: list[str] = []

    def again(code: str, port: int) -> None:
        for _ in range(3):
            with pytest.raises(PairingError, match="refused") as error:
                joining(other, used[0][0], port)
            refused.append(str(error.value))

    with pytest.raises(SpentError, match="3 wrong codes"):
        invited(laptop, again, seed=9)
    assert len(refused) == 3
    assert not other.home.exists()


def test_a_device_name_that_is_taken_is_said_to_both(laptop: Config, phone: Config) -> None:
    said: list[str] = []

    def act(code: str, port: int) -> None:
        with pytest.raises(PairingError, match="laptop") as error:
            joining(phone, code, port, device="laptop")
        said.append(str(error.value))

    with pytest.raises(Exception, match="laptop"):
        invited(laptop, act)
    assert said
    assert not phone.home.exists()


def test_a_port_that_is_taken_is_said_before_a_code_is_shown(laptop: Config) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = int(other.getsockname()[1])
        with pytest.raises(EndpointError, match="another program uses this port"):
            invite(laptop, port, lambda code, port: pytest.fail(code), SeededEntropy(1))


@pytest.mark.parametrize("endpoint", ["foo", "tcp/127.0.0.1", "tcp/:1", "udp/127.0.0.1:1"])
def test_an_endpoint_that_is_none_is_said(phone: Config, endpoint: str) -> None:
    with pytest.raises(EndpointError, match="expected something like"):
        join(phone, "12345678", endpoint, (PASSPHRASE, "phone"), SeededEntropy(2))


def test_wrong_codes_are_counted_over_the_life_of_a_home(laptop: Config, phone: Config) -> None:
    reset_count(laptop.home)
    counter = laptop.home / "pairing.json"
    counter.write_text("damaged")
    with pytest.raises(SpentError, match="--reset"):
        invited(laptop, lambda code, port: None)
    reset_count(laptop.home)
    with pytest.raises(PairingError, match="nobody joined"):
        invited(laptop, lambda code, port: None, seconds=0.1)
