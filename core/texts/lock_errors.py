"""The texts of what goes wrong with object locks and with reading a bucket as it was."""

from __future__ import annotations

from core.errors import Code
from core.texts.catalog import t

_UNLOCKED = t(
    "Gesichert wird trotzdem. Aber wer den Zugang zum Bucket stiehlt, kann die Kopien dort löschen."
)
_NOTHING = t("Es wurde nichts getan.")

LOCKS: dict[Code, tuple[str, str, str]] = {
    Code.LOCK_NO_BUCKET: (
        t("Der Bucket von „{destination}“ kann nichts gegen Löschen sperren."),
        _UNLOCKED,
        t(
            "Legen Sie beim Anbieter einen neuen Bucket mit Objektsperre an (Object Lock; das geht "
            "meist nur beim Anlegen), und nehmen Sie ihn als neues Ziel. Oder streichen Sie im "
            "Plan „lock“."
        ),
    ),
    Code.LOCK_NO_RIGHTS: (
        t("Der Zugang zu „{destination}“ darf dort nichts gegen Löschen sperren ({cause})."),
        _UNLOCKED,
        t(
            "Geben Sie dem Zugang beim Anbieter die Rechte s3:GetBucketObjectLockConfiguration, "
            "s3:ListBucketVersions, s3:GetObjectRetention und s3:PutObjectRetention, nicht aber "
            "s3:BypassGovernanceRetention."
        ),
    ),
    Code.LOCK_NOT_KEPT: (
        t(
            "„{destination}“ hat {count} von {of} Objekten nicht so lange gesperrt, wie im Plan "
            "steht."
        ),
        _UNLOCKED,
        t(
            "Sehen Sie beim Anbieter nach, ob die Objektsperre des Buckets eingeschaltet ist. Der "
            "nächste Lauf versucht es wieder."
        ),
    ),
    Code.PAST_NOT_KEPT: (
        t("„{destination}“ ist kein Bucket; wie es dort früher war, weiß niemand mehr."),
        _NOTHING,
        t("Lassen Sie „--as-of“ weg. Frühere Stände wählt „--at“."),
    ),
    Code.PAST_IS_PAST: (
        t("In einen Bucket, wie er früher war, kann niemand schreiben: {address}"),
        _NOTHING,
        t("Übernehmen Sie ohne „--take-over“, und holen Sie zurück, was Sie brauchen."),
    ),
}
