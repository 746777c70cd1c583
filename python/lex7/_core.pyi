# Each subject has its own section, in the order of crates/lex7-py/src/*.rs.
import numpy as np
from numpy.typing import NDArray

__version__: str

# --- bark: canonical CBOR, entries, seals and their verification

# --- apple: the Apple Health reader

# --- filter: filters, smoothers and fits

# --- special: special functions and joint probabilities

# --- solve: the exact solver and its certificates

# --- scenario: counter-based scenarios
def philox4x32(
    key: tuple[int, int], counter: tuple[int, int, int, int]
) -> tuple[int, int, int, int]: ...
def cash_rows(
    law: NDArray[np.float64],
    calendar: NDArray[np.float64],
    key: tuple[int, int],
    rows: NDArray[np.int64],
    paths: tuple[int, int],
) -> NDArray[np.float64]: ...
def cash_passages(
    law: NDArray[np.float64],
    calendar: NDArray[np.float64],
    key: tuple[int, int],
    from_day: int,
    paths: tuple[int, int],
) -> NDArray[np.float64]: ...
