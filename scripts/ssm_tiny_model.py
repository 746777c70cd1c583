"""Trains vectors/ssm/tiny: a byte-level Mamba-2 with structure, small enough to keep here.

Needs torch and transformers (`pip install 'lex7[torch]'`) and some minutes of one core. It reads
this repository's own documents and sources, so it makes bytes that look like them; every tenth file
is held out, and `bench/ssm_quality.py` measures on those what quantisation costs.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import time
from pathlib import Path

import torch
import transformers

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "vectors" / "ssm" / "tiny"
LENGTH = 256
BATCH = 8


def texts() -> tuple[bytes, bytes]:
    """All tracked documents and sources: (to train on, held out)."""
    listing = subprocess.run(
        ["git", "ls-files", "docs/*.md", "*.md", "python/*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    kept: list[bytes] = []
    held: list[bytes] = []
    for line in sorted(set(listing.stdout.splitlines())):
        is_held = hashlib.sha256(line.encode()).digest()[0] < 26
        (held if is_held else kept).append((ROOT / line).read_bytes())
    return b"\n".join(kept), b"\n".join(held)


def model() -> transformers.Mamba2ForCausalLM:
    """Four layers of width 64 over bytes, some 130,000 weights."""
    settings = transformers.Mamba2Config(
        hidden_size=64,
        num_heads=4,
        head_dim=32,
        state_size=32,
        n_groups=1,
        num_hidden_layers=4,
        chunk_size=64,
        vocab_size=256,
        tie_word_embeddings=True,
        pad_token_id=None,
        bos_token_id=None,
        eos_token_id=None,
    )
    torch.manual_seed(1)
    return transformers.Mamba2ForCausalLM(settings)


def windows(data: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    """Draw windows of LENGTH + 1 bytes."""
    starts = torch.randint(0, len(data) - LENGTH - 1, (count,), generator=generator)
    return torch.stack([data[start : start + LENGTH + 1] for start in starts])


def loss(made: transformers.Mamba2ForCausalLM, batch: torch.Tensor) -> torch.Tensor:
    """Cross entropy of the next byte, in nats."""
    out = made(batch[:, :-1], use_cache=False).logits
    return torch.nn.functional.cross_entropy(out.flatten(0, 1), batch[:, 1:].flatten())


def main() -> None:
    """Train, report, save in half precision."""
    parser = argparse.ArgumentParser(description="Trains the tiny model of the tests.")
    parser.add_argument("--steps", type=int, default=700)
    steps = parser.parse_args().steps
    torch.set_num_threads(1)
    kept, held = (torch.tensor(list(part)) for part in texts())
    made = model()
    draw = torch.Generator().manual_seed(1)
    optimiser = torch.optim.AdamW(made.parameters(), lr=6e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, total_steps=steps)
    started = time.monotonic()
    for step in range(steps):
        value = loss(made, windows(kept, BATCH, draw))
        optimiser.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(made.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 50 == 0 or step == steps - 1:
            spent = time.monotonic() - started
            print(f"step {step}: {value.item():.3f} nats a byte, {spent:.0f} s", flush=True)
    with torch.no_grad():
        value = loss(made, windows(held, 32, draw))
    print(f"held out: {value.item():.3f} nats a byte")
    shutil.rmtree(FOLDER, ignore_errors=True)
    made.half().save_pretrained(FOLDER)
    (FOLDER / "generation_config.json").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
