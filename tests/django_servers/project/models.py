"""One table, which the tests make and name."""

from __future__ import annotations

import os

from django.db import models


class Row(models.Model):
    """Rows 1 to as many as there are."""

    name = models.TextField()

    class Meta:
        managed = False
        db_table = os.environ["TABLE"]

    def __str__(self) -> str:
        return str(self.name)
