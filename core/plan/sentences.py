"""Problems of a plan in plain words; each says what is wrong and what to write instead."""

from __future__ import annotations

from core.plan.problems import Problem, ProblemCode
from core.texts import Texts, t

_C = ProblemCode

_TEXT: dict[ProblemCode, str] = {
    _C.NOT_UTF8: t("Die Datei ist nicht in UTF-8 gespeichert. Speichern Sie sie neu als UTF-8."),
    _C.TOO_LARGE: t("Die Datei ist zu groß oder hat eine zu lange Zeile."),
    _C.SYNTAX: t("Hier ist die Schreibweise nicht in Ordnung ({detail})."),
    _C.TOO_NEW: t(
        "Dieser Plan hat die Fassung {version}; diese Fassung von Ladentresor kennt nur {known}. "
        "Installieren Sie die neueste."
    ),
}

_SYNTAX: dict[str, str] = {
    "backslash": t(
        "In doppelten Anführungszeichen hat „\\“ eine eigene Bedeutung. Setzen Sie Windows-Pfade "
        "in einfache: 'D:\\Daten'."
    ),
    "open_text": t("Hier fehlt ein Anführungszeichen am Ende."),
    "character": t("Hier steht ein Zeichen, das nicht erlaubt ist, vielleicht ein unsichtbares."),
    "twice": t("Dieser Schlüssel oder Abschnitt steht schon weiter oben."),
    "open_bracket": t("Hier fehlt eine schließende Klammer."),
    "no_equals": t("Hier fehlt ein Schlüssel oder sein „=“. Erwartet wird: name = wert"),
    "rest_of_line": t("Hinter dem Wert steht noch etwas. Jede Angabe braucht eine eigene Zeile."),
    "value": t('Hier fehlt ein Wert, oder ein Text steht nicht in Anführungszeichen: "…"'),
}

_KEY: dict[ProblemCode, str] = {
    _C.UNKNOWN_KEY: t("„{name}“ gibt es hier nicht. Möglich sind: {known}."),
    _C.MISSING_KEY: t("Hier fehlt „{name}“."),
    _C.WRONG_TYPE: t("Erwartet wird {expected}, hier steht {found}."),
    _C.WRONG_CHOICE: t("„{value}“ ist hier nicht möglich. Möglich sind: {allowed}."),
    _C.WRONG_RATE: t(
        "„{value}“ ist keine Geschwindigkeit. Schreiben Sie zum Beispiel 8 Mbit/s, 500 kB/s oder"
        " unlimited (ohne Grenze)."
    ),
    _C.WRONG_HOURS: t(
        "„{value}“ sind keine Stunden. Schreiben Sie zum Beispiel „mo-fr 08:00-18:30“ oder"
        " „sa 09:00-14:00“."
    ),
    _C.WRONG_DURATION: t(
        "„{value}“ ist keine Dauer. Schreiben Sie zum Beispiel 90m, 24h, 1d oder 2w "
        "(Minuten, Stunden, Tage, Wochen)."
    ),
    _C.WRONG_TIME: t("„{value}“ ist keine Uhrzeit. Schreiben Sie zum Beispiel 18:30 oder 07:00."),
    _C.WRONG_ADDRESS: t(
        "„{value}“ ist keine E-Mail-Adresse, wie sie jeder Mailserver annimmt. Schreiben Sie sie "
        "ohne Umlaute und ohne Namen davor, zum Beispiel anna@example.org."
    ),
    _C.WRONG_WEB_ADDRESS: t("„{value}“ ist keine Adresse, die mit https:// oder http:// beginnt."),
    _C.OUT_OF_RANGE: t("{value} ist nicht möglich. Erlaubt sind {lowest} bis {highest}."),
    _C.EMPTY_LIST: t("Diese Liste ist leer. Tragen Sie mindestens einen Eintrag ein."),
    _C.EMPTY_TEXT: t("Dieser Text ist leer."),
    _C.LONG_TEXT: t("Dieser Text ist zu lang. Erlaubt sind {longest} Zeichen."),
    _C.CONTROL_CHARACTER: t(
        "Hier steht ein Steuerzeichen: {value}. Setzen Sie Windows-Pfade in einfache "
        "Anführungszeichen: 'D:\\Daten'."
    ),
    _C.BAD_ID: t(
        "„{value}“ kann keine id sein. Erlaubt sind höchstens 41 Kleinbuchstaben ohne Umlaute, "
        "Ziffern und Bindestriche; vorn kein Bindestrich."
    ),
    _C.DEVICE_NAME: t(
        "„{value}“ kann keine id sein: Windows hält einen Ordner dieses Namens für ein Gerät."
    ),
    _C.RELATIVE_PATH: t("{value} ist kein vollständiger Pfad. Schreiben Sie ihn ganz aus."),
    _C.WINDOWS_PATH: t(
        "{value} ist ein Pfad von Windows. Tragen Sie ein, wo der Ordner auf diesem PC liegt."
    ),
    _C.POSIX_PATH: t(
        "{value} ist ein Pfad von Linux oder macOS. Tragen Sie ein, wo der Ordner auf diesem PC "
        "liegt, mit Laufwerk."
    ),
    _C.DOTTED_PATH: t("{value} enthält „..“. Schreiben Sie den Pfad ohne Umwege."),
    _C.BAD_ACCOUNT: t(
        "„{value}“ ist kein Name eines Kontos. Die Konten zeigt „account list“; neue legt „account "
        "add“ an."
    ),
    _C.BAD_HOST: t(
        "„{value}“ ist kein Name und keine Adresse eines Geräts. Beispiele: nas.fritz.box, "
        "192.168.178.20."
    ),
    _C.BAD_URL: t(
        "„{value}“ ist keine Adresse. Sie beginnt mit https:// und enthält weder Benutzernamen "
        "noch Kennwort. Beispiel: https://cloud.example.de/remote.php/dav/files/anna"
    ),
    _C.BAD_STORAGE_PATH: t(
        "„{value}“ ist kein Ordner am Ziel. Trennen Sie Ordner mit „/“; „..“ geht "
        "nicht, und „\\“ auch nicht."
    ),
    _C.BAD_SHARE: t(
        "„{value}“ ist kein Name einer Freigabe. Schreiben Sie nur den Namen; Ordner darin gehören "
        "unter path."
    ),
    _C.BAD_BUCKET: t(
        "„{value}“ ist kein Name eines Buckets: 3 bis 63 Kleinbuchstaben, Ziffern, Punkte und "
        "Bindestriche. Ordner darin gehören unter path."
    ),
    _C.BAD_ENDPOINT: t(
        "„{value}“ ist keine Adresse eines Dienstes. Beispiel: https://s3.example.de"
    ),
    _C.BAD_REGION: t(
        "„{value}“ ist keine Region. Sie besteht aus Kleinbuchstaben, Ziffern und Bindestrichen."
    ),
    _C.BAD_REMOTE: t(
        "„{value}“ ist kein Name eines Ziels in rclone. Schreiben Sie ihn ohne Doppelpunkt; Ordner "
        "darin gehören unter path."
    ),
    _C.KEEP_NOTHING: t(
        "So bliebe kein einziger Stand erhalten. Nennen Sie mindestens eine Anzahl, zum Beispiel "
        "daily = 14."
    ),
    _C.DUPLICATE_ID: t("Die id „{value}“ ist schon vergeben (Zeile {first_line})."),
    _C.UNKNOWN_SYSTEM: t("Ein System „{value}“ gibt es nicht. Es gibt: {known}."),
    _C.UNKNOWN_DESTINATION: t("Ein Ziel „{value}“ gibt es nicht. Es gibt: {known}."),
    _C.COPY_TWICE: t(
        "Die Kopie von „{system}“ auf „{destination}“ steht schon in Zeile {first_line}."
    ),
    _C.NO_SOURCES: t(
        "„{system}“ soll kopiert werden, hat aber keine Quellen. Tragen Sie unter "
        "[[systems.sources]] seine Ordner ein."
    ),
    _C.NEEDS_REGION: t(
        "Bei „{provider}“ entscheidet die Region, wohin gesichert wird. Tragen Sie region ein."
    ),
    _C.NEEDS_ENDPOINT: t(
        "Wo „{provider}“ antwortet, weiß nur, wer den Dienst betreibt. Tragen Sie endpoint ein."
    ),
    _C.LOCK_SPAN: t(
        "Eine Objektsperre dauert hier mindestens {least} und höchstens {most} Tage. Üblich sind "
        "14d bis 30d."
    ),
    _C.LOCK_TOO_SHORT: t(
        "Die Objektsperre endet, bevor die nächste Kopie von „{system}“ fällig ist. Nehmen Sie sie "
        "länger als „every“ dieser Kopie, am besten um ein Mehrfaches."
    ),
    _C.NOT_A_DISK: t(
        "Ein Ziel der Art „{kind}“ ist keine Platte dieses PCs. Schreiben Sie nas oder cloud."
    ),
    _C.SYNCED_NOT_ENCRYPTED: t(
        "Was in einem abgeglichenen Ordner liegt, liest der Anbieter mit. Dort geht nur "
        "encrypted = true."
    ),
    _C.SYNCED_NOT_BUNDLED: t(
        "Ein Abgleich kommt mit Zehntausenden einzelner Dateien nicht zurecht. Dort geht nur "
        'layout = "bundled".'
    ),
    _C.NO_OWNER: t(
        'Niemand ist verantwortlich. Geben Sie einer Person role = "owner"; sonst erfährt '
        "keiner zuerst, wenn etwas nicht stimmt."
    ),
    _C.QUIET_HALF: t(
        "Zu einer Ruhezeit gehören zwei verschiedene Uhrzeiten: quiet_from und quiet_until."
    ),
}

_WORLD: dict[ProblemCode, str] = {
    _C.DESTINATION_IS_SOURCE: t(
        "{path} ist zugleich Quelle von „{system}“ und Ziel „{destination}“. Eine Kopie gehört an "
        "einen anderen Ort als das Original."
    ),
    _C.DESTINATION_IN_SOURCE: t(
        "Das Ziel „{destination}“ ({path}) liegt in einer Quelle von „{system}“ ({source}). Die "
        "Kopie würde sich selbst kopieren. Legen Sie das Ziel woandershin."
    ),
    _C.SOURCE_IN_DESTINATION: t(
        "Die Quelle {source} von „{system}“ liegt im Ziel „{destination}“ ({path}). Geben Sie dem "
        "Ziel einen eigenen Ordner."
    ),
    _C.SAME_FOLDER: t(
        "„{destination}“ und „{other}“ sind derselbe Ordner: {path}. Zwei Kopien an einem Ort "
        "sind nur eine."
    ),
    _C.SAME_FOLDER_IN_TURN: t(
        "„{destination}“ und „{other}“ sind derselbe Ordner: {path}. Platten, die sich abwechseln, "
        "brauchen jede einen Ordner mit eigenem Namen; der Laufwerksbuchstabe darf derselbe sein."
    ),
    _C.DESTINATION_IN_COPY: t(
        "Das Ziel „{destination}“ ({path}) liegt in einer Kopie auf „{other}“ ({folder}). Legen "
        "Sie es daneben."
    ),
    _C.COPIES_SHARE: t(
        "Zwei Kopien würden in denselben Ordner schreiben: {path} führt nach {other}. Entfernen "
        "Sie die Verknüpfung."
    ),
    _C.SOURCES_OVERLAP: t(
        "Die Quelle {path} von „{system}“ liegt in einer anderen Quelle: {other}. Streichen Sie "
        "eine von beiden."
    ),
    _C.SOURCE_TWICE: t(
        "„{system}“ nennt denselben Ordner zweimal: {path} und {other}. Streichen Sie einen davon."
    ),
    _C.HOME_IN_DESTINATION: t(
        "Der eigene Ordner von Ladentresor ({home}) liegt im Ziel „{destination}“ ({path}). Geben "
        "Sie dem Ziel einen anderen Ordner."
    ),
    _C.DESTINATION_IN_HOME: t(
        "Das Ziel „{destination}“ ({path}) liegt im eigenen Ordner von Ladentresor ({home}). "
        "Geben Sie dem Ziel einen anderen Ordner."
    ),
    _C.HOME_SYNCED: t(
        "Der eigene Ordner von Ladentresor ({home}) wird von {service} abgeglichen. Das beschädigt "
        "ihn früher oder später. Nennen Sie mit „--home“ einen Ordner, der nur auf diesem PC liegt."
    ),
    _C.HOME_ON_NETWORK: t(
        "Der eigene Ordner von Ladentresor ({home}) liegt im Netz ({type}). Das beschädigt ihn "
        "früher oder später. Nennen Sie mit „--home“ einen Ordner auf einer Platte dieses PCs."
    ),
    _C.SECRET_MISSING: t(
        "Für das verschlüsselte Ziel „{destination}“ ist kein Schlüssel hinterlegt ({secret}). "
        "Legen Sie einen an: „{program} key create“."
    ),
    _C.PASSWORD_MISSING: t(
        "Für das Ziel „{destination}“ ist kein Kennwort hinterlegt. Tun Sie es mit „{program} "
        "secret set {secret}“."
    ),
    _C.NOT_YET: t("Das kann diese Fassung von Ladentresor noch nicht."),
}

_NOT_YET: dict[str, str] = {
    "source_kind": t(
        "Quellen der Art „{value}“ kann diese Fassung von Ladentresor noch nicht sichern. Möglich "
        "ist: folders."
    ),
    "location_kind": t(
        "Ziele der Art „{value}“ kann diese Fassung von Ladentresor noch nicht benutzen. Möglich "
        "sind: local, synced-folder, smb, sftp, webdav, s3, rclone."
    ),
}

_TYPES: dict[str, str] = {
    "text": t('ein Text in Anführungszeichen ("…")'),
    "duration": t('eine Dauer in Anführungszeichen ("24h")'),
    "flag": t("true oder false"),
    "whole": t("eine ganze Zahl"),
    "number": t("eine Zahl mit Komma"),
    "list": t('eine Liste (["…"])'),
    "table": t("ein Abschnitt mit eigenen Schlüsseln"),
    "tables": t("eine Liste von Abschnitten, jeder mit [[…]] in doppelten Klammern"),
    "date": t("ein Datum oder eine Uhrzeit"),
}

_HINTS = ("suggestion", "belongs")

TEXT_OF = {**_TEXT, **_KEY, **_WORLD}
"""The main sentence of every code."""


def describe_problem(texts: Texts, problem: Problem) -> str:
    """What is wrong and what to write instead. Never fails; a missing parameter shows as `…`."""
    params = {name: value or "–" for name, value in problem.params.items() if name not in _HINTS}
    if problem.code is ProblemCode.WRONG_TYPE:
        for name in ("expected", "found"):
            known = _TYPES.get(params.get(name, ""))
            params[name] = "…" if known is None else texts.t(known)
    sentence = texts.t(_sentence(problem), **params)
    hint = _hint(texts, problem.params)
    return f"{sentence} {hint}" if hint else sentence


def problem_line(texts: Texts, problem: Problem, *, source: str) -> str:
    """One line for a terminal: `plan.toml, Zeile 12, destinations.platte.medium: …`."""
    place = [] if problem.key == "home" else [source]
    if problem.line is not None:
        place.append(texts.t("Zeile {line}", line=problem.line))
    if problem.key:
        place.append(problem.key)
    sentence = describe_problem(texts, problem)
    return f"{', '.join(place)}: {sentence}" if place else sentence


def _sentence(problem: Problem) -> str:
    params = problem.params
    if problem.code is ProblemCode.SYNTAX:
        return _SYNTAX.get(params.get("reason", ""), TEXT_OF[problem.code])
    if problem.code is ProblemCode.NOT_YET:
        return _NOT_YET.get(params.get("what", ""), TEXT_OF[problem.code])
    return TEXT_OF[problem.code]


def _hint(texts: Texts, params: dict[str, str]) -> str:
    if params.get("belongs"):
        return texts.t("Gehört es zu „{belongs}“?", belongs=params["belongs"])
    if params.get("suggestion"):
        return texts.t("Meinten Sie „{suggestion}“?", suggestion=params["suggestion"])
    return ""
