# Each subject has its own section, in the order of crates/lex7-py/src/*.rs.
__version__: str

# --- bark: canonical CBOR, entries, seals and their verification

# --- apple: the Apple Health reader

# --- filter: filters, smoothers and fits

# --- special: special functions and joint probabilities

# --- solve: the exact solver and its certificates

# --- scenario: counter-based scenarios
