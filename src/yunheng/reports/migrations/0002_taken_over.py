"""Reports that were issued elsewhere are read with those that were issued here."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """The index of the few entries that tell whether reports came in time."""

    dependencies: ClassVar = [("reports", "0001_initial")]
    operations: ClassVar = [
        migrations.RunSQL(
            """
            DROP INDEX entry_report;
            CREATE INDEX entry_report ON entry (scope_id, id)
                WHERE type IN ('report.issued', 'report.returned', 'report.observed');
            """,
            """
            DROP INDEX entry_report;
            CREATE INDEX entry_report ON entry (scope_id, id) WHERE type IN ('report.issued', 'report.returned');
            """,
        )
    ]
