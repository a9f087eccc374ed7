"""Where a bucket answers: pure."""

from __future__ import annotations

from dataclasses import dataclass

from core.s3.signing import quoted


@dataclass(frozen=True, slots=True)
class BucketPlace:
    """Where a bucket answers.

    service: scheme and host, as in `https://fsn1.example.de`. by_path: the bucket stands in the
    path, not in the name of the host.
    """

    service: str
    bucket: str
    region: str
    by_path: bool = True

    @property
    def origin(self) -> str:
        """Scheme and host that are asked."""
        if self.by_path:
            return self.service
        scheme, _, host = self.service.partition("://")
        return f"{scheme}://{self.bucket}.{host}"

    def path(self, key: str) -> str:
        """The path of an object, quoted; '' is the bucket itself."""
        top = f"/{quoted(self.bucket)}" if self.by_path else ""
        return f"{top}/{quoted(key, safe='/')}"
