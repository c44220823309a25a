"""What is offered for many tickets at once."""

from tests.desk.ground import Ground

from yunheng.desk.steps import steps_for


def test_what_needs_a_choice_of_its_own_is_not_offered_for_many(ground: Ground) -> None:
    """Cancelling asks for one of several reasons, which one text for all cannot be."""
    offered = {step.key for step in steps_for(ground.viewer("service_manager"))}
    assert {"accept", "assign", "close", "wait_for_client"} <= offered
    assert not {"cancel", "resolve"} & offered
