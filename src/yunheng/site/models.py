"""Failed tries to sign in, so that guessing is slowed down on every web node alike."""

from django.db import models
from django.db.models.functions import Now


class FailedSignIn(models.Model):
    """One failed try. The login is kept as a digest only: people type their password there now and then."""

    login_digest = models.BinaryField()
    address = models.GenericIPAddressField(null=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "failed_sign_in"
        indexes = [
            models.Index(fields=["login_digest", "at"], name="failed_sign_in_login"),
            models.Index(fields=["address", "at"], name="failed_sign_in_address"),
        ]
