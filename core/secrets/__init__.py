"""Secrets: in the keyring of this PC, else in a file sealed with a passphrase; never in plain.

`choose_store` is the one way in. Nothing heavy is imported before a secret is really asked for.
"""

from __future__ import annotations

from core.paths import Home
from core.secrets.keyring_store import KeyringStore, noted_names
from core.secrets.port import LONGEST, SecretStore, check_name, check_value
from core.secrets.sealed_file import SealedFileStore

__all__ = [
    "LONGEST", "SecretStore", "check_name", "check_value", "choose_store", "lies_in_file",
]  # fmt: skip


def choose_store(home: Home, passphrase: str) -> SecretStore:
    """The store of this home: the sealed file when there is a passphrase, else the keyring.

    KnownError SECRET_STORE_MISSING (`cause` says why) when there is neither: a passphrase has to be
    asked for, nothing falls back on its own. The passphrase is proved by the first use of the file.
    """
    if passphrase:
        return SealedFileStore(home, passphrase)
    store = KeyringStore(home)
    store.self_test()
    return store


def lies_in_file(home: Home) -> bool:
    """Whether the secrets of this home lie in the sealed file, which opens with a passphrase only.

    KnownError HOME_UNUSABLE.
    """
    return SealedFileStore(home, "").path.exists() and not noted_names(home)
