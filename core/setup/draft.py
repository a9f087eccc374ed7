"""What has been chosen so far, kept in a file so that a crash loses nothing; and its plan."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from core import own_files
from core.paths import Home
from core.plan.model import Medium, Site, default_encrypted
from core.plan.write import Starter, example_plan

NAME = "einrichtung.json"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A place that copies may go to. folder: where they lie; the rest as in the plan."""

    folder: str
    name: str
    medium: Medium = Medium.DISK
    site: Site = Site.HERE
    removable: bool = False
    encrypted: bool = False

    @property
    def offline(self) -> bool:
        """What is carried away is only attached for its copy."""
        return self.site is Site.AWAY


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """All that was chosen."""

    shop: str = ""
    folders: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    step: str = "shop"

    @property
    def needs_sheet(self) -> bool:
        """Whether one of the places is encrypted."""
        return any(place.encrypted for place in self.places)


def with_folder(draft: Draft, folder: str) -> Draft:
    """One more folder, once."""
    if folder in draft.folders:
        return draft
    return msgspec.structs.replace(draft, folders=(*draft.folders, folder))


def without_folder(draft: Draft, folder: str) -> Draft:
    """One folder less."""
    return msgspec.structs.replace(draft, folders=tuple(f for f in draft.folders if f != folder))


def with_place(draft: Draft, place: Place) -> Draft:
    """The place instead of the one with the same folder, or one more."""
    if all(one.folder != place.folder for one in draft.places):
        return msgspec.structs.replace(draft, places=(*draft.places, place))
    places = tuple(place if one.folder == place.folder else one for one in draft.places)
    return msgspec.structs.replace(draft, places=places)


def without_place(draft: Draft, folder: str) -> Draft:
    """One place less."""
    places = tuple(one for one in draft.places if one.folder != folder)
    return msgspec.structs.replace(draft, places=places)


def carried_away(place: Place, *, away: bool) -> Place:
    """The place out of the house, or in the shop again; what leaves the shop is encrypted."""
    site = Site.AWAY if away else Site.HERE
    encrypted = default_encrypted(
        medium=place.medium, site=site, offline=away, removable=place.removable
    )
    return msgspec.structs.replace(place, site=site, encrypted=encrypted)


def plan_text(draft: Draft, system: str) -> str:
    """The plan that the draft means; `system` is what the shop's PC is called."""
    return example_plan(
        [Path(folder) for folder in draft.folders],
        [
            Starter(
                path=Path(place.folder),
                name=place.name,
                medium=place.medium,
                site=place.site,
                offline=place.offline,
                removable=place.removable,
                encrypted=place.encrypted,
            )
            for place in draft.places
        ],
        shop=draft.shop,
        system=system,
    )


def make_places(draft: Draft) -> None:
    """Make the folders that copies shall lie in; the disk below must be there. OSError as mkdir."""
    for place in draft.places:
        Path(place.folder).mkdir(exist_ok=True)


# -- kept -----------------------------------------------------------------------------------------


def read_draft(home: Home) -> Draft:
    """The draft of an unfinished set-up; a new one where there is none that can be read."""
    try:
        return msgspec.json.decode((home.state / NAME).read_bytes(), type=Draft)
    except (OSError, ValueError):
        return Draft()


def keep_draft(home: Home, draft: Draft) -> None:
    """Keep it; KnownError when the home cannot be used."""
    home.make()
    own_files.replace(home.state / NAME, msgspec.json.encode(draft))


def forget_draft(home: Home) -> None:
    """The set-up is done."""
    with contextlib.suppress(OSError):
        (home.state / NAME).unlink(missing_ok=True)
