"""Finding the profile of a table by its exact column names, and refusing well when none fits."""

from __future__ import annotations

from lex7.base.errors import IngestError
from lex7.ingest.csv_text import decode_lines, find_header, normal_names, seen_headers
from lex7.ingest.profile import Profile

PREVIEW_BYTES = 256 << 10
"""Column names stand within this, even after a long preamble."""

NEAREST_COUNT = 3


class ProfileNeededError(IngestError):
    """No profile, or more than one, fits the column names."""

    code = "csv.profile_needed"

    def __init__(
        self, name: str, header: tuple[str, ...], fitting: tuple[str, ...], nearest: tuple[str, ...]
    ) -> None:
        self.name = name
        self.header = header
        self.fitting = fitting
        self.nearest = nearest
        seen = ", ".join(header)[:400] or "none that look like column names"
        if fitting:
            why = f"more than one profile fits {name} ({', '.join(fitting)}); say which"
        else:
            why = f"no profile has exactly the columns of {name}"
        near = f"; the nearest are {', '.join(nearest)}" if nearest and not fitting else ""
        super().__init__(
            f"{why}: --profile NAME. Columns seen: {seen}{near}. A profile of your own is a file "
            'profiles/NAME.toml in the home: format = "lex7-profile/1", header = the columns '
            "seen, delimiter, decimal, date, currency, account, and [columns] day, payee, amount "
            "(docs/howto/import.md)"
        )


def choose_profile(data: bytes, name: str, profiles: tuple[Profile, ...]) -> Profile:
    """Return the one profile whose column names stand in the table.

    Raises:
        ProfileNeededError: none does, or more than one.
    """
    preview = data[:PREVIEW_BYTES]
    lines_by_encoding: dict[str, list[str]] = {}
    fitting = []
    for profile in profiles:
        if profile.encoding not in lines_by_encoding:
            lines_by_encoding[profile.encoding] = decode_lines(preview, profile.encoding, name)[0]
        lines = lines_by_encoding[profile.encoding]
        if not profile.is_named_only and find_header(
            lines, profile.header, profile.delimiter, profile.skip_lines
        ):
            fitting.append(profile)
    if len(fitting) == 1:
        return fitting[0]
    lines = decode_lines(preview, "utf-8", name)[0]
    header = max(
        (row.cells for row in seen_headers(lines)),
        key=lambda cells: max(_likeness(cells, profile) for profile in profiles),
        default=(),
    )
    names = tuple(profile.name for profile in fitting)
    raise ProfileNeededError(name, header, names, _nearest(header, profiles))


def _nearest(header: tuple[str, ...], profiles: tuple[Profile, ...]) -> tuple[str, ...]:
    ranked = sorted(profiles, key=lambda profile: (-_likeness(header, profile), profile.name))
    near = (profile.name for profile in ranked if _likeness(header, profile) > 0)
    return tuple(near)[:NEAREST_COUNT]


def _likeness(header: tuple[str, ...], profile: Profile) -> int:
    """Return the shared column names out of all, in thousandths (Jaccard)."""
    ours, theirs = set(normal_names(header)), set(normal_names(profile.header))
    return 1_000 * len(ours & theirs) // len(ours | theirs) if ours | theirs else 0
