"""Indexes for lists across contracts, and the words of the tickets that are there already."""

from django.db import migrations, models

BATCH = 500


def fill_words(apps, schema_editor):
    """Make the words of every ticket from its row and entries, some hundred at a time."""
    from yunheng.desk.searching import rebuild

    ticket = apps.get_model("desk", "Ticket")
    last = 0
    while True:
        ids = list(ticket.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not ids:
            return
        rebuild(ids)
        last = ids[-1]


class Migration(migrations.Migration):
    dependencies = [("desk", "0002_console")]

    operations = [
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(fields=["-opened_at", "-id"], name="ticket_newest"),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                fields=["priority", "-opened_at", "-id"],
                name="ticket_pressing",
                condition=models.Q(closed_at=None),
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(fields=["service", "-opened_at", "-id"], name="ticket_service"),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(fields=["channel", "-opened_at", "-id"], name="ticket_channel"),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                fields=["-opened_at", "-id"], name="ticket_open", condition=models.Q(closed_at=None)
            ),
        ),
        migrations.RunPython(fill_words, migrations.RunPython.noop, elidable=True),
    ]
