from __future__ import annotations

import io
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lex7.base.entropy import SeededEntropy
from lex7.storage.chunks import CHUNK_BYTES, ChunkWriter, read_chunks

KEY = b"k" * 32
PLACE = Path("memory")
SIZES = st.lists(
    st.one_of(
        st.integers(0, 100),
        st.sampled_from([CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES]),
    ),
    max_size=4,
)


def sealed(pieces: list[bytes]) -> bytes:
    file = io.BytesIO()
    writer = ChunkWriter(file, secret=KEY, context=b"law", entropy=SeededEntropy(1))
    for piece in pieces:
        writer.write(piece)
    writer.finish()
    return file.getvalue()


@settings(deadline=None, max_examples=30)
@given(SIZES)
def test_how_content_is_cut_into_writes_does_not_matter(sizes: list[int]) -> None:
    content = bytes(range(256)) * (sum(sizes) // 256 + 1)
    pieces, at = [], 0
    for size in sizes:
        pieces.append(content[at : at + size])
        at += size
    whole = b"".join(pieces)
    stream = sealed(pieces)
    assert stream == sealed([whole])
    chunks = list(read_chunks(io.BytesIO(stream), secret=KEY, context=b"law", place=PLACE))
    assert b"".join(chunks) == whole
    assert all(len(chunk) == CHUNK_BYTES for chunk in chunks[:-1])
