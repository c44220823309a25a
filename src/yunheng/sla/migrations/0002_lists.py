"""Indexes for lists by due: of the clocks that run, and of those that were missed and are not over."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sla", "0001_initial")]

    operations = [
        migrations.AddIndex(
            model_name="liveclock",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False), ("status", "running")),
                fields=["due_at", "subject_id"],
                include=("scope", "kind"),
                name="live_clock_running",
            ),
        ),
        migrations.AddIndex(
            model_name="liveclock",
            index=models.Index(
                condition=models.Q(("breached_at__isnull", False), ("status__in", ("running", "paused"))),
                fields=["breached_at"],
                include=("subject_id", "kind"),
                name="live_clock_late",
            ),
        ),
    ]
