"""What a person chose for their own reading. Personal state of the interface: it writes no entry."""

from .models import Person


def choose_language(*, person: Person, language: str) -> None:
    """Remember the language in which the person reads every page."""
    Person.objects.filter(pk=person.pk).update(language=language)
    person.language = language
