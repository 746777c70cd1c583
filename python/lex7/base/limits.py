"""Every limit of LEX-7, each with its reason."""

from __future__ import annotations

MONEY_MINOR_MAX = 10**15
"""Ten trillion in a two-digit currency: above any person's amount, below 2^53, so floats hold it
exactly."""

OBSERVATIONS_PER_ENTRY_MAX = 4_096
"""One entry is one stream and one day; a heart-rate day at one sample every 30 s has 2,880."""

ENTRIES_PER_SEAL_MAX = 64
"""One signature over 64 chained entries verifies 8 times faster than 64 signatures; more gains
little."""

PAYLOAD_BYTES_MAX = 1 << 20
"""The largest message of the transport, so that every entry can be carried whole."""

RUN_PAYLOAD_BYTES_MAX = 8 << 20
"""The payloads of one run together; a run is read and checked whole, so this bounds memory."""

HEADS_PER_SEAL_MAX = 256
"""Members of one lattice: a person's devices and nodes, with room."""

CANON_DEPTH_MAX = 16
"""No structure of ours nests deeper than 6; 16 leaves room and keeps the decoder's stack small."""

TEXT_CHARACTERS_MAX = 400
"""A payee, memo or source name; longer ones are cut with a finding."""

FILE_BYTES_MAX = 16 << 30
"""A person's largest export is about 4 GB; four times that is a mistake or an attack."""

ZIP_RATIO_MAX = 200
"""Health exports compress about 20-fold; a zip bomb a thousand-fold."""

ZIP_MEMBERS_MAX = 100_000
"""An export with every workout route has some thousand members."""

XML_DEPTH_MAX = 64
"""Health exports nest 5 deep, OFX 12."""

FINDINGS_KEPT_MAX = 1_000
"""Findings past this are counted and not kept; nobody reads more."""

DIRECTIVES_MAX = 1_000
"""Rules of one owner: every one is forecast and judged each time somebody asks."""

DIRECTIVE_FILE_BYTES_MAX = 500_000
"""A signed file is one entry of the log, as text and as what is signed."""

RULE_CHARACTERS_MAX = 4_000
"""One rule, read by a person."""

RULE_DEPTH_MAX = 64
"""Parentheses and operators nested in one rule; the parser recurses no deeper."""

RULE_READS_MAX = 50_000
"""Days on which one rule looks at its quantities, nested windows multiplied: `always` over a year
of `eventually` over four months is the most; beyond that an answer takes seconds."""

LEVERS_MAX = 1_000
"""Columns of the correction problem."""

PROBLEM_CELLS_MAX = 8_000_000
"""Rows times columns of one correction; ten times the largest that is measured takes seconds."""

BRANCHES_MAX = 64
"""Disjunctions are enumerated up to this many combinations, each certified."""

HORIZON_DAYS_MAX = 1_830
"""Five years; no daily forecast means anything beyond."""

NIGHTS_TRUSTED_MIN = 14
"""A baseline is not shown before 14 valid nights (research: the point where its interval is
honest)."""

REQUEST_SECONDS_MAX = 30
"""A node that has not answered by then counts as unreachable."""

STATEMENT_BYTES_MAX = 64 << 20
"""An OFX or CSV statement: 64 MiB is some 200,000 transactions, a lifetime of them."""

PAIRING_SIDE_MAX = 64
"""Rows or columns of one exact pairing; its time grows with the cube."""

PAIRING_PRODUCT_MAX = 50_000
"""Possible pairs looked at in one group of equal amounts; a person's groups have dozens."""

CATEGORY_RULES_MAX = 5_000
"""Category rules of one owner; every transaction is held against them."""

HEADER_LINES_MAX = 64
"""Lines before the column names of a bank's CSV; the longest preamble seen has 14."""

QUOTED_LINES_MAX = 64
"""Lines that one quoted CSV cell may span; an unclosed quote must not swallow the file."""

PROFILES_MAX = 500
"""CSV profiles in the owner's folder; each is read at every CSV import."""

PROFILE_BYTES_MAX = 64 << 10
"""One CSV profile, written by a person."""

MODEL_LAYERS_MAX = 512
"""Layers of one model; the largest published Mamba-2 has 64."""

MODEL_WIDTH_MAX = 65_536
"""Width of a model's residual or inner stream; the largest published Mamba-2 has 8,192."""

MODEL_VOCABULARY_MAX = 1 << 20
"""Rows of an embedding; the largest vocabularies in use have some 262,000."""

MODEL_HEAD_SIZE_MAX = 64
"""Channels of one head, which the kernels hold in registers; every published Mamba-2 has 64."""

MODEL_STATE_SIZE_MAX = 4_096
"""Numbers of state beside each channel; published models have 128."""

MODEL_GROUPS_MAX = 256
"""Groups that share B and C; published models have 1 or 8."""

MODEL_TAPS_MAX = 8
"""Taps of the convolution, at least 2; published models have 4."""

MODEL_TENSORS_MAX = 100_000
"""Tensors of one checkpoint; 512 layers of nine tensors are 4,608."""

CHECKPOINT_JSON_BYTES_MAX = 64 << 20
"""A config, index or header of a checkpoint; a tokenizer of 262,000 tokens has some 30 MB."""

PICKLE_BYTES_MAX = 16 << 20
"""The names and shapes in a checkpoint's pickle; 4,608 tensors take under 1 MiB."""

PROMPT_TOKENS_MAX = 1 << 24
"""Tokens of one feed; a book has some 200,000."""

STOP_BYTES_MAX = 4_096
"""One stop sequence; the text that may still become one is held back."""

SESSION_STATE_BYTES_MAX = 1 << 30
"""State of one session, six times that of the 2.7b model; a hostile file cannot ask for more."""

SESSION_SNAPSHOT_BYTES_MAX = SESSION_STATE_BYTES_MAX + 4_096
"""One snapshot: a state and its head."""

SESSION_NAMES_MAX = 1_000
"""Sessions kept in one home."""

CHECKPOINT_RING_MAX = 64
"""Checkpoints that one session keeps for going back."""

ADAPTER_RANK_MAX = 4_096
"""Rank of a LoRA adapter; those in use have 8 to 256."""

LATTICE_CHECKPOINT_ENTRIES = 256
"""Control entries between two checkpoints of the lattice fold; a late entry folds at most as many
again as lie after the checkpoint before it."""

LAMPORT_LEAP_MAX = 1 << 32
"""A run whose Lamport number is this far above all known ones is refused: honest clocks count."""

RANGE_BYTES_MAX = 4 << 20
"""The runs of one range answer together; a larger range is asked for again from where it ended."""

SNAPSHOT_BYTES_MAX = 32 << 20
"""Control entries of a lattice with a verdict an hour for ten years; beyond, logs are pulled."""

SNAPSHOT_GAP_MIN = 512
"""Entries that a newcomer must lack before it asks for a snapshot; fewer come in one answer."""

RANGE_RUNS_MAX = 4_096
"""Runs in one range answer."""

HEARTBEAT_NS = 1_000_000_000
"""One heartbeat a second: whoever is behind knows within a second."""

MISSED_BEATS_MAX = 3
"""A member whose heartbeats stay away for so many periods counts as away."""

CLOCK_DRIFT_NS_MAX = 300 * 1_000_000_000
"""Five minutes: a member's clock that differs more is a finding, and decides nothing."""

LOUD_MEMBERS_MAX = 9
"""Up to so many members all hear each other's heartbeats; beyond, log n of them hear each one."""

ROUTING_AGE_MS_MAX = 12_000
"""A member that nobody heard for longer is passed on no more: the eight steps in which a lattice of
256 hears of everybody, and the periods after which a member counts as away."""

CAPABILITIES_MAX = 32
"""What one node says it can do; node kinds have a handful."""

MEMBERS_MAX = 256
"""Nodes of one lattice; heads of all of them fit every heartbeat and seal."""

QUEUE_MAX = 1_024
"""Messages waiting at one node; what does not fit is dropped, and pulled later."""

REPLICA_BYTES_MAX = 8 << 30
"""What one node keeps of other members' logs; past it, it refuses further runs with a sentence."""

PAIRING_SECONDS = 180
"""A code is good for three minutes."""

PAIRING_ATTEMPTS_MAX = 3
"""Wrong codes before an invitation ends."""

PAIRING_FAILURES_MAX = 100
"""Wrong codes over the life of a home before invitations need `--reset`."""

TRANSPORT_BYTES_MAX = 2 << 20
"""The largest message a link takes in: 1 MiB of payload with what carries it; Zenoh's own default
is 1 GiB."""

LEASE_MS = 2_000
"""A link that was silent this long is closed; the default of ten seconds hides a dead peer."""

COMMAND_BYTES_MAX = 64 << 20
"""One command to a running node, or its answer; a certificate has some hundred kilobytes."""

COMMAND_SECONDS_MAX = 90.0
"""A command that a running node has not answered by then is given up."""

COMMANDS_AT_ONCE_MAX = 16
"""Commands that one node answers at the same time; the next is refused."""

RESTARTS_PER_MINUTE_MAX = 5
"""A node that ends more often stays down, and `lex7 nodes` says so."""
