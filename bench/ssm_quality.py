"""What 8-bit and 4-bit weights cost: KL and top-1 agreement with f32 on a model with structure.

The model is vectors/ssm/tiny, the bytes vectors/ssm/held-out.txt, in windows of 1,024.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from report import Row, cost, finish, rate

from lex7.ssm import Model

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "ssm"
WINDOW = 1_024


def log_probabilities(quant: str, text: bytes) -> np.ndarray:
    model = Model.load(VECTORS / "tiny", quant=quant)
    windows = [text[start : start + WINDOW] for start in range(0, len(text), WINDOW)]
    logits = np.concatenate([model.session().feed_all(one) for one in windows]).astype(float)
    logits -= logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def cross_entropy(logs: np.ndarray, text: bytes) -> float:
    places = [place for place in range(len(text) - 1) if (place + 1) % WINDOW]
    return float(-np.mean([logs[place, text[place + 1]] for place in places]))


def rows() -> list[Row]:
    text = (VECTORS / "held-out.txt").read_bytes()
    exact = log_probabilities("f32", text)
    table = []
    for quant, kl_most, same_least in (("q8", 0.002, 0.97), ("q4", 0.08, 0.82)):
        logs = log_probabilities(quant, text)
        kl = (np.exp(exact) * (exact - logs)).sum(axis=1)
        same = float((logs.argmax(axis=1) == exact.argmax(axis=1)).mean())
        loss = cross_entropy(logs, text)
        before = cross_entropy(exact, text)
        high = float(np.quantile(kl, 0.99))
        table += [
            cost(f"{quant}: KL from f32, mean", float(kl.mean()), "nats", "limit", kl_most, 1),
            cost(f"{quant}: KL from f32, 99 %", high, "nats", "limit", 40 * kl_most, 1),
            rate(f"{quant}: same most probable byte", same, "share", "limit", same_least, 1),
            cost(f"{quant}: cross entropy", loss, "nats a byte", "f32", before, 0.95),
        ]
    return table


if __name__ == "__main__":
    finish(rows())
