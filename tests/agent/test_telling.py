"""Whoever is not looking hears of it: the agent finds a broken promise, and a mail arrives."""

from __future__ import annotations

from pathlib import Path

from tests.engine.stage import make_shop
from tests.engine.test_alerts import PEOPLE, keep
from tests.support import agent, keys
from tests.support.mail_sink import mail_sink


def test_a_copy_that_fails_by_itself_is_told_by_mail(tmp_path: Path) -> None:
    with mail_sink(tmp_path / "post") as sink:
        shop = make_shop(tmp_path / "laden")
        shop.write_plan(more=PEOPLE.format(port=sink.port))
        keep(shop)
        env = keys.ENV | {"SSL_CERT_FILE": str(sink.certificate)}
        with agent.running(shop.home, "--at-once", env=env):  # its source is empty
            agent.wait_for(lambda: sink.mails, what="a mail")
        assert sink.to == ["anna@example.org"]
        assert "fehlgeschlagen" in sink.mails[0]["Subject"]


def test_a_plan_that_cannot_be_used_any_more_is_told_by_mail(tmp_path: Path) -> None:
    """Nothing runs until somebody mends it; who is responsible can still be read in it."""
    with mail_sink(tmp_path / "post") as sink:
        shop = make_shop(tmp_path / "laden")
        (shop.source / "preise.csv").write_text("1")
        shop.write_plan(more=PEOPLE.format(port=sink.port))
        keep(shop)
        shop.day()
        env = keys.ENV | {"SSL_CERT_FILE": str(sink.certificate)}
        with agent.running(shop.home, "--at-once", env=env):
            plan = shop.home / "config" / "plan.toml"
            plan.write_text(plan.read_text() + '\n[[systems]]\nid = "laden"\nname = "Zwilling"\n')
            agent.wait_for(
                lambda: [mail for mail in sink.mails if "Sicherungsplan" in mail["Subject"]],
                what="a mail",
            )
