"""Failed sign-ins are counted in django-axes' table from now on; what was counted until now need not be kept."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("site", "0001_initial"),
    ]

    operations = [
        migrations.DeleteModel(name="FailedSignIn"),
    ]
