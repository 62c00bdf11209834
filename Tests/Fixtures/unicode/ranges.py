#!/usr/bin/env python3
"""Writes Sources/CJSON/normal_ranges.inc: the characters that a text in Normalization Form C need not be free of.

For each range first, last, and 1 where one of them alone makes a text suspect (NFC_Quick_Check is No or Maybe), 0 where
two of them in a row do (their combining class is not 0, so their order may be wrong). Source: Unicode Standard Annex 15,
with the tables of this Python's unicodedata.
"""
import pathlib
import unicodedata

CHARACTERS = [chr(code) for code in range(0x80, 0x110000) if not 0xD800 <= code < 0xE000]


def joining():
    """Characters that may join the one before them: the second of a composition, and the vowels and finals of Hangul."""
    joined = {chr(code) for code in [*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)]}
    for character in CHARACTERS:
        parts = unicodedata.decomposition(character).split()
        if len(parts) == 2 and parts[0][0] != "<" and unicodedata.normalize("NFC", character) == character:
            joined.add(chr(int(parts[1], 16)))
    return joined


def ranges():
    joined, found = joining(), []
    for character in CHARACTERS:
        suspect = character in joined or unicodedata.normalize("NFC", character) != character
        if not suspect and not unicodedata.combining(character):
            continue
        code = ord(character)
        if found and found[-1][1] == code - 1 and found[-1][2] == suspect:
            found[-1][1] = code
        else:
            found.append([code, code, suspect])
    return found


if __name__ == "__main__":
    entries = [f"{{0x{first:X}, 0x{last:X}, {int(suspect)}}}," for first, last, suspect in ranges()]
    lines = [f"// Unicode {unicodedata.unidata_version}, written by Tests/Fixtures/unicode/ranges.py"]
    lines += [" ".join(entries[index : index + 6]) for index in range(0, len(entries), 6)]
    root = pathlib.Path(__file__).resolve().parents[3]
    (root / "Sources/CJSON/normal_ranges.inc").write_text("\n".join(lines) + "\n")
