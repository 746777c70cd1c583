# Each subject has its own section, in the order of crates/lex7-py/src/*.rs.
from collections.abc import Iterable, Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

__version__: str

_Head = tuple[bytes, int, int, int, bytes]
_Entry = tuple[bytes, int, int, int, object, bytes, bytes | None]
_Seal = tuple[int, int, int, bytes, bytes, list[_Head]]

# --- kernels: which SIMD level this process uses
def kernel_level() -> str: ...

# --- bark: canonical CBOR, entries, seals and their verification
# `_Head` is writer, incarnation, sequence, lamport, hash.
def canon_decode(data: bytes, bytes_max: int, depth_max: int) -> object: ...
def canon_encode(value: object, bytes_max: int, depth_max: int) -> bytes: ...
def sha256_many(parts: list[bytes]) -> list[bytes]: ...
def key_public(seed: bytes) -> bytes: ...
def key_is_usable(public: bytes) -> bool: ...
def key_sign(seed: bytes, message: bytes) -> bytes: ...
def key_is_signed(public: bytes, message: bytes, signature: bytes) -> bool: ...
def message_sign(seed: bytes, purpose: str, lattice: bytes, payload: bytes) -> bytes: ...
def message_open(data: bytes, purpose: str, lattice: bytes) -> tuple[bytes, bytes, bool] | None: ...
def entry_genesis(lattice: bytes, writer: bytes) -> bytes: ...
def run_chain(
    before: _Head, items: list[tuple[int, bytes, bytes]]
) -> list[tuple[bytes, bytes]]: ...
def run_seal(
    seed: bytes,
    lattice: bytes,
    headers: list[bytes],
    bodies: list[tuple[bytes, bytes]],
    state: tuple[bytes, list[_Head]],
) -> tuple[bytes, bytes]: ...
def run_check(
    sealed: bytes,
    bodies: bytes | None,
    lattice: bytes,
    place: tuple[bytes, int],
    before: tuple[int, int, bytes] | None,
    kinds: tuple[object, ...],
) -> tuple[list[_Entry], _Seal | None, list[tuple[int, str, str, str]]]: ...
def aead_seal(key: bytes, nonce: bytes, associated: bytes, plain: bytes) -> bytes: ...
def aead_open(key: bytes, nonce: bytes, associated: bytes, sealed: bytes) -> bytes | None: ...

# --- apple: the Apple Health reader

@final
class AppleReader:
    def __new__(
        cls,
        name: str,
        rules: list[tuple[str, list[tuple[str, int, int]], list[tuple[str, int]], int, int]],
    ) -> AppleReader: ...
    def feed(self, chunk: bytes) -> None: ...
    def finish(self) -> None: ...
    def take(
        self, rule: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.uint16]]: ...
    def pending(self) -> int: ...
    def sources(self) -> list[str]: ...
    def findings(self) -> list[tuple[str, int, int, int, str]]: ...
    def counts(self) -> tuple[int, int, int, int, int, int, int]: ...

# --- elementary: logarithms and log-normal moments
def elementary_log(values: NDArray[np.float64]) -> NDArray[np.float64]: ...
def elementary_log_normal(
    mean: NDArray[np.float64], cov: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...

# --- filter: filters, smoothers and fits
def filter_run(
    model: bytes,
    times_ns: NDArray[np.int64],
    values: NDArray[np.float64],
    observation_sd: NDArray[np.float64] | None,
    inputs: NDArray[np.float64],
    belief: bytes | None,
    keep_all: bool,
) -> tuple[
    bytes,
    float,
    tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    tuple[NDArray[np.float64], NDArray[np.float64]] | None,
]: ...
def filter_forecast(
    model: bytes,
    belief: bytes,
    times_ns: NDArray[np.int64],
    inputs: NDArray[np.float64],
    chosen: Sequence[bool] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]: ...
def filter_combine(
    coefficients: NDArray[np.float64], mean: NDArray[np.float64], cov: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def filter_fit(
    model: bytes,
    times_ns: NDArray[np.int64],
    values: NDArray[np.float64],
    observation_sd: NDArray[np.float64] | None,
    inputs: NDArray[np.float64],
    free: Sequence[tuple[int, float, float, float, float]],
    starts: Sequence[Sequence[float]],
) -> tuple[list[float], tuple[float, float], list[float], list[bool], tuple[bool, int]]: ...
def filter_scale(values: NDArray[np.float64]) -> tuple[float, float]: ...
def filter_model_check(model: bytes) -> tuple[int, int]: ...
def filter_belief_encode(
    time_ns: int,
    mean: NDArray[np.float64],
    cov: NDArray[np.float64],
    diffuse: NDArray[np.float64],
    factor: NDArray[np.float64],
    is_pinned: bool,
) -> bytes: ...
def filter_belief_decode(
    belief: bytes,
) -> tuple[
    int,
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    bool,
]: ...
def filter_run_batch(
    models: Sequence[bytes],
    columns: tuple[
        NDArray[np.int64], NDArray[np.float64], NDArray[np.float64] | None, NDArray[np.float64]
    ],
    keep_all: bool,
    threads: int,
) -> tuple[
    list[bytes],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    tuple[
        NDArray[np.float64],
        NDArray[np.float64],
        NDArray[np.float64],
        NDArray[np.float64],
        NDArray[np.float64],
    ]
    | None,
]: ...
def filter_begin(model: bytes, time_ns: int) -> bytes: ...
def filter_belief_pinned(belief: bytes) -> bytes: ...
def filter_state_hash(state: bytes) -> bytes: ...
def filter_noise_var(model: bytes) -> float: ...
def filter_box_plus(
    codes: bytes, state: NDArray[np.float64], delta: NDArray[np.float64]
) -> NDArray[np.float64]: ...
def filter_box_minus(
    codes: bytes, value: NDArray[np.float64], state: NDArray[np.float64]
) -> NDArray[np.float64]: ...
def filter_smooth(
    model: bytes,
    columns: tuple[
        NDArray[np.int64], NDArray[np.float64], NDArray[np.float64] | None, NDArray[np.float64]
    ],
    belief: bytes | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def filter_smooth_signal(
    model: bytes,
    columns: tuple[
        NDArray[np.int64], NDArray[np.float64], NDArray[np.float64] | None, NDArray[np.float64]
    ],
    belief: bytes | None,
    rows: Sequence[int],
    chosen: Sequence[bool] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...

@final
class FilterBank:
    def __new__(
        cls,
        models: Sequence[bytes],
        forgetting: float,
        saved: tuple[Sequence[float], Sequence[bytes]] | None,
    ) -> FilterBank: ...
    def update(
        self, time_ns: int, value: float, inputs: Sequence[float] | None = None
    ) -> tuple[float, float, float]: ...
    def weights(self) -> NDArray[np.float64]: ...
    def belief(self) -> bytes | None: ...
    def parts(self) -> tuple[list[float], list[bytes]] | None: ...

@final
class FilterStream:
    def __new__(cls, model: bytes, belief: bytes | None) -> FilterStream: ...
    def update(
        self,
        time_ns: int,
        value: float,
        observation_sd: float | None = None,
        inputs: Sequence[float] | None = None,
    ) -> tuple[float, float, float]: ...
    def belief(self) -> bytes | None: ...

# --- filters: estimation beside the filter itself

_Floats = NDArray[np.float64]
_Columns = tuple[NDArray[np.int64], _Floats, _Floats | None, _Floats]

def filter_disturbances(
    model: bytes, columns: _Columns, belief: bytes | None
) -> tuple[tuple[_Floats, _Floats, _Floats], tuple[_Floats, _Floats, _Floats]]: ...
def filter_scores(model: bytes, columns: _Columns) -> tuple[list[float], list[float]]: ...
def filter_simulate_states(
    model: bytes, columns: _Columns, belief: bytes | None, lane: tuple[int, int, int]
) -> _Floats: ...

_LinearGiven = tuple[tuple[_Floats, ...], tuple[_Floats, _Floats], bytes]
_LinearColumns = tuple[_Floats, _Floats, _Floats, _Floats, _Floats]
_VectorGiven = tuple[bytes, _Floats, _Floats, bytes | None]
_VectorColumns = tuple[NDArray[np.int64], _Floats, _LinearColumns]
_Filtered = tuple[bytes, _Floats, tuple[_Floats, _Floats], tuple[_Floats, _Floats] | None]
_Told = tuple[tuple[_Floats, _Floats, _Floats], tuple[_Floats, _Floats, _Floats]]

def filter_run_linear(model: _LinearGiven, columns: _LinearColumns, smooths: bool) -> _Filtered: ...
def filter_linear_signal(
    model: _LinearGiven, columns: _LinearColumns, chosen: Sequence[int]
) -> tuple[_Floats, _Floats]: ...
def filter_linear_disturbances(model: _LinearGiven, columns: _LinearColumns) -> _Told: ...
def filter_linear_draws(
    model: _LinearGiven, columns: _LinearColumns, lane: tuple[int, int, int]
) -> _Floats: ...
def filter_linear_round(
    model: _LinearGiven, columns: _LinearColumns, free: tuple[bool, int, bool, int]
) -> tuple[float, tuple[_Floats, _Floats, _Floats, _Floats]]: ...
def filter_run_vector(model: _VectorGiven, columns: _VectorColumns, smooths: bool) -> _Filtered: ...
def filter_vector_signal(
    model: _VectorGiven, columns: _VectorColumns, chosen: Sequence[int]
) -> tuple[_Floats, _Floats]: ...
def filter_vector_disturbances(model: _VectorGiven, columns: _VectorColumns) -> _Told: ...
def filter_vector_draws(
    model: _VectorGiven, columns: _VectorColumns, lane: tuple[int, int, int]
) -> _Floats: ...
def filter_through(matrix: _Floats, inputs: _Floats) -> _Floats: ...
def chi_square_tail(x: float, freedom: float) -> float: ...
def gamma_tail(shape: float, x: float) -> float: ...
def student_tail(t: float, freedom: float) -> float: ...

@final
class FilterFixedLag:
    def __new__(cls, model: bytes, lag: int, belief: bytes | None) -> FilterFixedLag: ...
    def update(
        self,
        time_ns: int,
        value: float,
        observation_sd: float | None = None,
        inputs: Sequence[float] | None = None,
    ) -> bytes | None: ...
    def belief(self) -> bytes | None: ...

@final
class FilterGuard:
    def __new__(
        cls, model: bytes, nis_max: float, rejects_max: int, resumed: tuple[bytes, int] | None
    ) -> FilterGuard: ...
    def update(
        self,
        time_ns: int,
        value: float,
        observation_sd: float | None = None,
        inputs: Sequence[float] | None = None,
    ) -> tuple[int, float, float, float]: ...
    def belief(self) -> bytes | None: ...
    def rejected(self) -> int: ...

@final
class FilterAdaptive:
    def __new__(
        cls,
        model: bytes,
        forgetting: float,
        strength: float,
        resumed: tuple[bytes, float, float] | None,
    ) -> FilterAdaptive: ...
    def update(
        self, time_ns: int, value: float, inputs: Sequence[float] | None = None
    ) -> tuple[float, float, float]: ...
    def belief(self) -> bytes | None: ...
    def law(self) -> tuple[float, float]: ...
    def observation_sd(self) -> float: ...

@final
class FilterTimeline:
    def __new__(cls, model: bytes, rows_max: int, saved: bytes | None) -> FilterTimeline: ...
    def insert(
        self,
        time_ns: int,
        value: float,
        observation_sd: float | None = None,
        inputs: Sequence[float] | None = None,
    ) -> tuple[int, float, float, float]: ...
    def retract(self, number: int) -> int: ...
    def belief(self) -> bytes | None: ...
    def window(self) -> tuple[int, int | None]: ...
    def encode(self) -> bytes: ...

@final
class FilterSurprise:
    def __new__(
        cls, settings: tuple[float, float, float, float, float], saved: bytes | None
    ) -> FilterSurprise: ...
    def update(self, innovation: float, variance: float) -> tuple[float, float, float, float]: ...
    def encode(self) -> bytes: ...

def filter_error_steps(
    jacobians: tuple[NDArray[np.float64], NDArray[np.float64]],
    noises: tuple[NDArray[np.float64], NDArray[np.float64]],
    covs: NDArray[np.float64],
    innovations: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]: ...

@final
class FilterDetector:
    def __new__(cls, saved: bytes | None) -> FilterDetector: ...
    def update(self, time_ns: int, value: float) -> float: ...
    def update_all(
        self, times_ns: NDArray[np.int64], values: NDArray[np.float64]
    ) -> NDArray[np.float64]: ...
    def to_bytes(self) -> bytes: ...

# --- special: special functions and joint probabilities

def normal_cdf(x: NDArray[np.float64]) -> NDArray[np.float64]: ...
def normal_quantile(p: float) -> float: ...
def bivariate_normal_cdf(h: float, k: float, rho: float) -> float: ...
def joint_bounds(
    z: NDArray[np.float64], cov: NDArray[np.float64], confidence: float | None = None
) -> tuple[float, float]: ...
def joint_common_z(cov: NDArray[np.float64], confidence: float, is_band: bool) -> float: ...
def joint_reallocate(
    z_now: NDArray[np.float64], cov: NDArray[np.float64], confidence: float, share: float
) -> NDArray[np.float64]: ...
def band_probability(
    mean: NDArray[np.float64], sd: NDArray[np.float64], half: float
) -> NDArray[np.float64]: ...
def band_reach(sd: NDArray[np.float64], half: float, confidence: float) -> NDArray[np.float64]: ...

# --- solve: the exact solver and its certificates
_Integers = NDArray[np.int64]
_Problem = tuple[_Integers, _Integers, _Integers, _Integers, _Integers, _Integers]
_Multipliers = list[tuple[int, int]]
_Fractions = list[tuple[int, int]]

def solve_exact(
    arrays: _Problem, active: list[int] | None
) -> tuple[bool, _Multipliers, int, _Fractions]: ...
def solve_grid(arrays: _Problem) -> tuple[bool, _Multipliers, int, list[int] | None]: ...
def solve_conflict(
    arrays: _Problem, groups: list[int]
) -> tuple[list[int], _Multipliers, list[_Fractions]] | None: ...
def solve_propose(arrays: _Problem) -> list[int]: ...
def solve_idle(arrays: _Problem, groups: list[int]) -> list[int]: ...
def solve_check(
    arrays: _Problem, multipliers: _Multipliers, denominator: int, steps: list[int]
) -> tuple[int, list[tuple[int, int]]] | None: ...
def spell_rows(values: _Integers) -> str: ...

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
def flow_filter(
    blocks: NDArray[np.float64], phi: float, ratio: float
) -> tuple[float, float, float, float, float, float, float]: ...
def flow_weigh(
    blocks: NDArray[np.float64],
    phi: float,
    ratios: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> tuple[float, float]: ...

# --- ssm: Mamba-2 models and sessions (files and bytes: docs/spec/model-file.md)
# Errors are those of lex7.ssm.errors.

@final
class SsmSpec:
    def __new__(
        cls,
        *,
        d_model: int,
        n_layer: int,
        vocab: int,
        vocab_padded: int,
        d_inner: int,
        d_state: int = 128,
        head_dim: int = 64,
        n_groups: int = 1,
        d_conv: int = 4,
        tied: bool = True,
        norm_eps: float = 1e-5,
        dt_limit: tuple[float, float] = ...,
        head_outputs: int = 0,
    ) -> SsmSpec: ...
    @property
    def d_model(self) -> int: ...
    @property
    def n_layer(self) -> int: ...
    @property
    def vocab(self) -> int: ...
    @property
    def vocab_padded(self) -> int: ...
    @property
    def d_inner(self) -> int: ...
    @property
    def d_state(self) -> int: ...
    @property
    def head_dim(self) -> int: ...
    @property
    def n_groups(self) -> int: ...
    @property
    def d_conv(self) -> int: ...
    @property
    def tied(self) -> bool: ...
    @property
    def norm_eps(self) -> float: ...
    @property
    def dt_limit(self) -> tuple[float, float]: ...
    @property
    def head_outputs(self) -> int: ...
    # Names (those of state-spaces checkpoints, and head.weight, head.bias) and shapes.
    def tensors(self) -> list[tuple[str, tuple[int, ...]]]: ...
    def parameters(self) -> int: ...
    def state_bytes(self) -> int: ...

# Streams tensor by tensor, in any order; every tensor of the spec once. Returns the weights hash.
def ssm_write(
    path: str,
    spec: SsmSpec,
    quant: str,
    meta: bytes,
    tensors: Iterable[tuple[str, NDArray[np.float32]]],
) -> bytes: ...

# Random weights that belong to (spec, seed); meta as in ssm_write.
def ssm_random(path: str, spec: SsmSpec, quant: str, meta: bytes, seed: int) -> bytes: ...

# weight + scale * (b @ a), in a fixed order; a is (rank, columns), b is (rows, rank).
def ssm_merge(
    weight: NDArray[np.float32],
    a: NDArray[np.float32],
    b: NDArray[np.float32],
    scale: float,
) -> NDArray[np.float32]: ...

@final
class SsmModel:
    # Maps the file, or reads it into memory of its own with copied=True. verify=True reads all of
    # it and checks every hash and every number.
    @staticmethod
    def open(
        path: str, *, verify: bool = False, copied: bool = False, threads: int = 1
    ) -> SsmModel: ...
    # The same weights with adapters (name of a projection, a, b, scale) applied as it runs.
    def with_adapters(
        self,
        adapters: list[tuple[str, NDArray[np.float32], NDArray[np.float32], float]],
    ) -> SsmModel: ...
    # The same weights with another number of threads (the bits do not change).
    def with_threads(self, threads: int) -> SsmModel: ...
    @property
    def spec(self) -> SsmSpec: ...
    @property
    def quant(self) -> str: ...
    @property
    def threads(self) -> int: ...
    @property
    def meta(self) -> bytes: ...
    @property
    def file_bytes(self) -> int: ...
    # Of the weights and the adapters in force; a snapshot carries it.
    @property
    def hash(self) -> bytes: ...
    # One tensor as the runtime sees it (dequantised), in the shape of the spec.
    def tensor(self, name: str) -> NDArray[np.float32]: ...

@final
class SsmMark: ...

@final
class SsmSession:
    def __new__(cls, model: SsmModel) -> SsmSession: ...
    @staticmethod
    def restore(model: SsmModel, snapshot: bytes) -> SsmSession: ...
    @property
    def model(self) -> SsmModel: ...
    @property
    def position(self) -> int: ...
    # Logits have `vocab` columns; hidden rows are those after the last norm (`d_model` columns).
    def feed(self, tokens: Sequence[int]) -> NDArray[np.float32]: ...
    def feed_all(self, tokens: Sequence[int]) -> NDArray[np.float32]: ...
    def feed_hidden(self, tokens: Sequence[int]) -> NDArray[np.float32]: ...
    # The error-state head over every token: (tokens, head_outputs).
    def feed_head(self, tokens: Sequence[int]) -> NDArray[np.float32]: ...
    def fork(self) -> SsmSession: ...
    def mark(self) -> SsmMark: ...
    def rollback(self, mark: SsmMark) -> None: ...
    def snapshot(self) -> bytes: ...
    def hash(self) -> bytes: ...

# One token for each session of one model, in one batch; the bits are those of feeding each alone.
def ssm_step_many(sessions: list[SsmSession], tokens: Sequence[int]) -> NDArray[np.float32]: ...
def ssm_read(sessions: list[SsmSession]) -> int: ...

# --- sampling: the choice of a token
def sampling_choose(
    logits: NDArray[np.float32],
    token_count: int,
    mask: NDArray[np.uint32] | None,
    settings: tuple[float, float, int],
    counter: tuple[int, int],
) -> tuple[int, float]: ...
