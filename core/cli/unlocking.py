"""`agent unlock`: hand the running agent the passphrase that nobody could type at logon."""

from __future__ import annotations

import argparse

from core.agent import calling
from core.cli.context import Context
from core.cli.secret import ends_at_once, read_value
from core.errors import Code, Exit, KnownError
from core.secrets import lies_in_file
from core.secrets.sealed_file import SealedFileStore


def unlock(context: Context, options: argparse.Namespace) -> Exit:
    """The passphrase comes from the keyboard or stdin, and is tried before the agent gets it.

    KnownError AGENT_ABSENT, SECRET_WRONG_PASSPHRASE, SECRET_STORE_DAMAGED, SECRET_EMPTY.
    """
    if not lies_in_file(context.home):
        context.output.say("Hier liegt kein Geheimnis in einer verschlüsselten Datei.")
        context.output.record("agent", state="nothing_to_unlock")
        return Exit.NOTHING_DONE
    if calling.ask(context.home, {"do": "status"}) is None:
        raise KnownError(Code.AGENT_ABSENT)
    asked = context.texts.t("Passphrase (unsichtbar): ")
    with ends_at_once():
        passphrase = read_value(context, "passphrase", asked=asked)
    if not passphrase:
        raise KnownError(Code.SECRET_EMPTY, name="passphrase")
    SealedFileStore(context.home, passphrase).names()
    if not calling.unlock(context.home, passphrase):
        raise KnownError(Code.AGENT_ABSENT)
    context.output.say(
        "Der Hintergrunddienst kann die Geheimnisse jetzt öffnen, bis er endet. Geschrieben wird"
        " die Passphrase nirgends."
    )
    context.output.record("agent", state="unlocked")
    return Exit.OK
