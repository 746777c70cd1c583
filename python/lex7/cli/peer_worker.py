"""Runs another Mamba-2 program for `lex7 model bench --peers`, in the peers' own environment.

The interpreter that runs this file has llama-cpp-python, gguf, torch and transformers and not
lex7, so nothing here imports lex7. `gguf SPEC FILE` writes a model file for llama.cpp: random
weights of a shape, a few rows quantised and then repeated, for a product takes as long whatever it
multiplies. `llama FILE` and `transformers SPEC` load a model and answer lines of
JSON on standard input: {"work": "prefill" | "decode", "tokens": 512, "threads": 1} gives
{"wall": seconds, "cpu": seconds} of that one run.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

# What a foreign library returns has no types here.
Library = Any
ROWS_DRAWN = 256
CONTEXT_TOKENS = 1024
PROMPT_TOKENS = 512


def main(arguments: list[str]) -> None:
    """Do what the first argument says."""
    action = arguments[0]
    if action == "gguf":
        write_gguf(json.loads(arguments[1]), arguments[2])
    elif action == "llama":
        answer(Llama(arguments[1]).run)
    else:
        answer(Transformers(json.loads(arguments[1])).run)


def answer(run: Callable[[str, int, int], None]) -> None:
    """Say that the model is loaded, then time what each line asks for."""
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        wish = json.loads(line)
        wall, cpu = time.perf_counter(), time.process_time()
        run(wish["work"], wish["tokens"], wish["threads"])
        told = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        print(json.dumps(told), flush=True)


def write_gguf(spec: dict[str, Any], path: str) -> None:
    """Write a model file of llama.cpp: matrices Q8_0 or Q4_0, the rest f32."""
    numpy, gguf = importlib.import_module("numpy"), importlib.import_module("gguf")
    kind = getattr(gguf.GGMLQuantizationType, {"q8": "Q8_0", "q4": "Q4_0"}[spec["quant"]])
    out = gguf.GGUFWriter(path, "mamba2")
    facts = {
        "context_length": CONTEXT_TOKENS,
        "embedding_length": spec["model_size"],
        "feed_forward_length": 0,
        "attention.head_count": 0,
        "block_count": spec["layer_count"],
        "vocab_size": spec["vocab_size"],
        "ssm.conv_kernel": spec["conv_size"],
        "ssm.inner_size": spec["inner_size"],
        "ssm.state_size": spec["state_size"],
        "ssm.time_step_rank": spec["inner_size"] // spec["head_size"],
        "ssm.group_count": spec["group_count"],
    }
    for name, value in facts.items():
        out.add_uint32(f"mamba2.{name}", value)
    out.add_float32("mamba2.attention.layer_norm_rms_epsilon", 1e-5)
    out.add_string("tokenizer.ggml.model", "none")
    draw = numpy.random.default_rng(1)

    def matrix(rows: int, columns: int) -> Library:
        given = draw.standard_normal((min(rows, ROWS_DRAWN), columns), dtype=numpy.float32)
        packed = gguf.quants.quantize(given / numpy.float32(columns) ** 0.5, kind)
        repeats = -(-rows // len(packed))
        return numpy.ascontiguousarray(numpy.tile(packed, (repeats, 1))[:rows])

    for name, tensor in tensors(spec, matrix, numpy, draw):
        is_packed = tensor.dtype != numpy.float32
        out.add_tensor(name, tensor, raw_dtype=kind if is_packed else None)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def tensors(
    spec: dict[str, Any], matrix: Callable[[int, int], Library], numpy: Library, draw: Library
) -> list[tuple[str, Library]]:
    """Return names and values; the matrices of all layers share their memory."""
    width, inner, heads = (
        spec["model_size"],
        spec["inner_size"],
        spec["inner_size"] // spec["head_size"],
    )
    channels = inner + 2 * spec["group_count"] * spec["state_size"]
    groups = spec["group_count"]

    def ones(*shape: int) -> Library:
        return numpy.ones(shape, numpy.float32)

    layer = {
        "attn_norm.weight": ones(width),
        "ssm_in.weight": matrix(inner + channels + heads, width),
        "ssm_conv1d.weight": draw.uniform(-0.5, 0.5, (channels, spec["conv_size"])),
        "ssm_conv1d.bias": draw.uniform(-0.1, 0.1, channels),
        "ssm_dt.bias": draw.uniform(-6.9, -2.2, heads),
        "ssm_a": -draw.uniform(1.0, 16.0, (heads, 1)),
        "ssm_d": ones(heads, 1),
        "ssm_norm.weight": ones(groups, inner // groups),
        "ssm_out.weight": matrix(width, inner),
    }
    for name, value in layer.items():
        if value.dtype == numpy.float64:
            layer[name] = value.astype(numpy.float32)
    named = [("token_embd.weight", matrix(spec["vocab_size"], width))]
    named.append(("output_norm.weight", ones(width)))
    for index in range(spec["layer_count"]):
        named += [(f"blk.{index}.{name}", value) for name, value in layer.items()]
    return named


class Llama:
    """A model in llama.cpp, through the plain C interface."""

    def __init__(self, path: str) -> None:
        self.library: Library = importlib.import_module("llama_cpp")
        self.quiet = self.library.llama_log_callback(lambda *_: None)
        self.library.llama_log_set(self.quiet, ctypes.c_void_p(0))
        self.library.llama_backend_init()
        given = self.library.llama_model_default_params()
        given.n_gpu_layers = 0
        # With its own buffers for AMX, 0.3.36 crashes in the first batch of this architecture;
        # `make peers` builds it without them, and with repacked weights.
        given.use_extra_bufts = b"AMX_INT8 = 1" not in self.library.llama_print_system_info()
        model = self.library.llama_model_load_from_file(path.encode(), given)
        self.vocab = 0
        if model:
            self.vocab = self.library.llama_vocab_n_tokens(
                self.library.llama_model_get_vocab(model)
            )
        wishes = self.library.llama_context_default_params()
        wishes.n_ctx = CONTEXT_TOKENS
        wishes.n_batch = wishes.n_ubatch = PROMPT_TOKENS
        self.context = self.library.llama_init_from_model(model, wishes) if model else None
        if not self.context:
            sys.exit(f"llama.cpp cannot load {path}")

    def run(self, work: str, tokens: int, threads: int) -> None:
        """Prefill into an empty state, or go on token by token."""
        self.library.llama_set_n_threads(self.context, threads, threads)
        if work == "prefill":
            memory = self.library.llama_get_memory(self.context)
            self.library.llama_memory_clear(memory, 1)
            given = [index * 37 % self.vocab for index in range(tokens)]
            for at in range(0, tokens, PROMPT_TOKENS):
                self.feed(given[at : at + PROMPT_TOKENS])
        else:
            for index in range(tokens):
                self.feed([index])

    def feed(self, tokens: list[int]) -> None:
        """Decode one batch; logits of its last token."""
        held = (self.library.llama_token * len(tokens))(*tokens)
        batch = self.library.llama_batch_get_one(held, len(tokens))
        if self.library.llama_decode(self.context, batch) != 0:
            sys.exit("llama.cpp cannot decode")


class Transformers:
    """A model of random f32 weights in transformers."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.torch: Library = importlib.import_module("torch")
        transformers: Library = importlib.import_module("transformers")
        transformers.logging.set_verbosity_error()
        config = transformers.Mamba2Config(
            hidden_size=spec["model_size"],
            num_heads=spec["inner_size"] // spec["head_size"],
            head_dim=spec["head_size"],
            state_size=spec["state_size"],
            n_groups=spec["group_count"],
            num_hidden_layers=spec["layer_count"],
            vocab_size=spec["vocab_size"],
            tie_word_embeddings=True,
        )
        # Drawing 2.7 thousand million numbers with care takes minutes; any will do.
        with self.torch.device("meta"):
            model = transformers.Mamba2ForCausalLM(config)
        model = model.to_empty(device="cpu").eval()
        model.tie_weights()
        with self.torch.no_grad():
            for parameter in model.parameters():
                parameter.uniform_(-0.02, 0.02)
        self.model = model
        self.vocab = spec["vocab_size"]
        self.cache: Library = None

    def run(self, work: str, tokens: int, threads: int) -> None:
        """Prefill into an empty cache, or go on token by token."""
        self.torch.set_num_threads(threads)
        with self.torch.no_grad():
            if work == "prefill":
                self.cache = None
                self.feed([index * 37 % self.vocab for index in range(tokens)])
            else:
                for index in range(tokens):
                    self.feed([index])

    def feed(self, tokens: list[int]) -> None:
        """Run one batch; logits of its last token."""
        given = self.torch.tensor([tokens])
        out = self.model(given, cache_params=self.cache, use_cache=True, logits_to_keep=1)
        self.cache = out.cache_params


if __name__ == "__main__":
    main(sys.argv[1:])
