"""`account add | list | login | forget`: cloud accounts that one signs in to with a browser."""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser

from core.cli.context import Context
from core.cli.secret import ends_at_once, read_value
from core.clock import stamp
from core.errors import Code, Exit, KnownError
from core.rclone.accounts import Account
from core.rclone.login import DRIVE, AccountKind, Question, Talk, Wish
from core.texts import t
from core.texts.formats import date_time, moment_of, visible

_KINDS = {
    AccountKind.ONEDRIVE: "OneDrive",
    AccountKind.SHAREPOINT: "SharePoint",
    AccountKind.DRIVE: "Google Drive",
}
_QUESTIONS = {
    DRIVE: t("Welches Laufwerk soll es sein?"),
    "config_site_url": t("Adresse der SharePoint-Website: "),
}


def account(context: Context, options: argparse.Namespace) -> Exit:
    """account add | list | login | forget"""
    doing = {"add": _add, "list": _list, "login": _login, "forget": _forget}
    return doing[options.account_verb](context, options)


def _add(context: Context, options: argparse.Namespace) -> Exit:
    accounts, person = context.accounts(), _Person(context, options)
    context.secrets()  # without a place for its key there is no use in signing in
    made = accounts.add(
        options.name,
        Wish(
            AccountKind(options.kind),
            client_id=options.client_id,
            client_secret=person.client_secret(),
            site=options.site,
        ),
        person.talk(),
        since=stamp(context.clock.now()),
    )
    _tell(context, made, "added")
    return Exit.OK


def _login(context: Context, options: argparse.Namespace) -> Exit:
    accounts, person = context.accounts(), _Person(context, options)
    accounts.get(options.name)
    made = accounts.sign_in_again(
        options.name,
        person.talk(),
        client_id=options.client_id,
        client_secret=person.client_secret(),
        since=stamp(context.clock.now()),
    )
    _tell(context, made, "signed_in")
    return Exit.OK


def _tell(context: Context, made: Account, done: str) -> None:
    out = context.output
    out.record(
        "account",
        account=made.name,
        done=done,
        kind=str(made.kind),
        drive=made.drive,
        label=made.label,
    )
    kind = _KINDS[made.kind]
    if made.label:
        label = visible(made.label)
        out.say("Angemeldet: {name} ({kind}, {label})", name=made.name, kind=kind, label=label)
    else:
        out.say("Angemeldet: {name} ({kind})", name=made.name, kind=kind)


def _list(context: Context, options: argparse.Namespace) -> Exit:
    known = context.accounts().all()
    for one in known:
        moment = moment_of(one.since)
        since = "" if moment is None else date_time(moment, context.texts.lang)
        fields: dict[str, object] = {
            "account": one.name,
            "kind": str(one.kind),
            "drive": one.drive,
            "label": one.label,
            "signed_in_at": one.since,
        }
        text = f"{one.name:<20} {_KINDS[one.kind]:<13} {since:<28} {visible(one.label)}"
        context.output.item(fields, text.rstrip())
    if not known:
        context.output.say("Es ist kein Konto angemeldet.")
    return Exit.OK


def _forget(context: Context, options: argparse.Namespace) -> Exit:
    context.accounts().forget(options.name)
    context.output.record("account", account=options.name, done="forgotten")
    context.output.say(
        "Die Anmeldung von „{name}“ ist auf diesem PC gelöscht. In der Cloud bleibt alles; dort"
        " können Sie unter „verbundene Apps“ auch die Zustimmung zurücknehmen.",
        name=options.name,
    )
    return Exit.OK


class _Person:
    """Whoever sits at the terminal, if anybody."""

    def __init__(self, context: Context, options: argparse.Namespace) -> None:
        self._context = context
        self._options = options

    def talk(self) -> Talk:
        """How they are talked to."""
        return Talk(
            ask=self.ask,
            show=self.show,
            cancelled=self._context.cancelled,
            patience=self._options.wait * 60,
        )

    def client_secret(self) -> str:
        """The secret that belongs to `--client-id`, typed unseen or from stdin."""
        if not self._options.client_id:
            return ""
        with ends_at_once():
            return read_value(self._context, self._options.client_id)

    def show(self, link: str) -> None:
        out = self._context.output
        out.record("sign_in", account=self._options.name, link=link)
        out.say("Melden Sie sich im Browser dieses PCs an. Diese Adresse führt dorthin:")
        out.line(f"  {link}")
        out.say("Ich warte, bis Sie dort zugestimmt haben. Strg-C bricht ab.")
        if not (self._options.no_browser or out.as_json) and _has_screen():
            webbrowser.open(link)

    def ask(self, question: Question) -> str:
        """The answer to a question of the service; KnownError LOGIN_QUESTION without anybody."""
        wanted = getattr(self._options, "drive", "")
        if question.name == DRIVE and wanted:
            for choice in question.choices:
                if wanted in (choice.value, choice.text, choice.text.rpartition(" (")[0]):
                    return choice.value
        elif sys.stdin is not None and sys.stdin.isatty() and not self._context.output.as_json:
            return self._typed(question)
        raise KnownError(
            Code.LOGIN_QUESTION,
            account=self._options.name,
            question=question.name,
            choices=", ".join(f"{one.value} = {one.text}" for one in question.choices) or "…",
        )

    def _typed(self, question: Question) -> str:
        texts = self._context.texts
        asked = _QUESTIONS.get(question.name)
        print(texts.t(asked) if asked else question.name, file=sys.stderr)
        for number, choice in enumerate(question.choices, start=1):
            print(f"  {number}  {visible(choice.text)}", file=sys.stderr)
        with ends_at_once():
            try:
                word = input("> ").strip()
            except EOFError:
                word = ""
        if word.isascii() and word.isdigit() and 0 < int(word) <= len(question.choices):
            return question.choices[int(word) - 1].value
        return word or question.default


def _has_screen() -> bool:
    """Whether a browser can show itself: on a bare terminal one would take the terminal over."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
