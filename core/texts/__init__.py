"""Words, numbers and dates for people, German and English (DESIGN §7, STYLE §4.2).

`Texts` translates; German texts are the msgids themselves. `errors` says what a `KnownError` means,
`names` names things that core only knows by a code, `formats` writes numbers and times.
After adding or changing a text run `python -m resources.locale.update` and translate what it lists.
"""

from core.texts.catalog import PROGRAM, Texts, pick_language, t
from core.texts.formats import Lang

__all__ = ["PROGRAM", "Lang", "Texts", "pick_language", "t"]
