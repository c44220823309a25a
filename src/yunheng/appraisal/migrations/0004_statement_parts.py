"""Which signed statements an issued one of a longer period rests on."""

import django.db.models.deletion
from django.db import migrations, models

from yunheng.foundation.append_only import narrow_rights, refuse_changes


class Migration(migrations.Migration):
    dependencies = [("appraisal", "0003_backtest_run")]

    operations = [
        migrations.CreateModel(
            name="StatementPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "part",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="part_of",
                        to="appraisal.statement",
                    ),
                ),
                (
                    "statement",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="appraisal.statement",
                    ),
                ),
            ],
            options={
                "db_table": "statement_part",
                "constraints": [
                    models.UniqueConstraint(fields=("statement", "part"), name="statement_part_once")
                ],
            },
        ),
        # What was issued before says it in its frozen content.
        migrations.RunSQL(
            """
            INSERT INTO statement_part (statement_id, part_id)
            SELECT statement.id, part.id
            FROM statement
            CROSS JOIN LATERAL jsonb_array_elements(
                CASE WHEN statement.frozen IS NOT NULL AND jsonb_typeof(
                    convert_from(statement.frozen, 'UTF8')::jsonb -> 'rollup') = 'object'
                THEN convert_from(statement.frozen, 'UTF8')::jsonb -> 'rollup' -> 'of' ELSE '[]' END
            ) AS named
            JOIN statement AS part ON part.scope_id = statement.scope_id AND part.number = named ->> 'statement'
            WHERE statement.kind <> 'month'
            """,
            migrations.RunSQL.noop,
        ),
        refuse_changes("statement_part"),
        narrow_rights({"statement_part": "SELECT, INSERT"}),
    ]
