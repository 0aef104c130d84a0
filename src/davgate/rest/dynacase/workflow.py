"""The workflow of a document: its states, the steps between them, and taking one, which begins a revision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec

from davgate.core import revisions
from davgate.core.objects import Changes
from davgate.core.revisions import Shown
from davgate.http.errors import InvalidValue
from davgate.http.responses import Response
from davgate.model.errors import Forbidden, Held, Locked, Malformed
from davgate.model.errors_of_objects import Retained
from davgate.model.object_types import Transition, Workflow
from davgate.rest.dynacase import envelope, errors, validators
from davgate.rest.dynacase.addressing import Found, find, until_gone, uri
from davgate.rest.dynacase.errors import Refusal, Refused, answering
from davgate.rest.dynacase.properties import STATE, state_of
from davgate.rest.exchange import Exchange
from davgate.rest.operations import Answer, Handler, Json, Operation

_NO_WORKFLOW: Final = Refusal(HTTPStatus.NOT_FOUND, "CRUD0227", "The document has no workflow")
_NO_STATE: Final = Refusal(HTTPStatus.NOT_FOUND, "CRUD0228", "There is no such state")
_NO_TRANSITION: Final = Refusal(HTTPStatus.NOT_FOUND, "CRUD0229", "There is no such transition")
_NOT_FROM_HERE: Final = Refusal(HTTPStatus.NOT_FOUND, "CRUD0235", "There is no such transition from the current state")
_DENIED: Final = Refusal(HTTPStatus.FORBIDDEN, "CRUD0230", "The transition is refused")
_BAD_STEP: Final = replace(errors.NOT_JSON, text="The body is to be an object, with a text as its comment")


class Step(msgspec.Struct):
    """What is said of a step: a comment for the history, and parameters, which mean nothing here."""

    comment: str | None = None
    parameters: Any = None


class States(msgspec.Struct):
    """Which states are wanted: those that can be reached now, or with ``allStates`` every one."""

    all_states: Annotated[str | None, msgspec.Meta(description="1: every state.")] = msgspec.field(default=None, name="allStates")


# Telling


def list_states(exchange: Exchange) -> Response:
    """List the states that a document can be brought into now, or all of its workflow."""
    found, workflow = _find(exchange)
    wants_all = exchange.query(States).all_states in ("1", "true", "yes")
    reachable = {one.end for one in _steps_from(found, workflow)}
    states = [_state(exchange, found, workflow, one) for one in workflow.states if wants_all or one in reachable]
    return envelope.answer(exchange, {"uri": _uri(exchange, found, "states", ending="/"), "states": states})


def show_state(exchange: Exchange) -> Response:
    """Tell about one state."""
    found, workflow = _find(exchange)
    name = str(exchange.params["state"])
    if name not in workflow.states:
        raise Refused(_of(_NO_STATE, name))
    return envelope.answer(exchange, _state_data(exchange, found, workflow, name))


def list_transitions(exchange: Exchange) -> Response:
    """List the steps that a document can take now."""
    found, workflow = _find(exchange)
    steps = [{"uri": _uri(exchange, found, "transitions", one.id), **_step(one)} for one in _steps_from(found, workflow)]
    return envelope.answer(exchange, {"uri": _uri(exchange, found, "transitions", ending="/"), "transitions": steps})


def show_transition(exchange: Exchange) -> Response:
    """Tell about one step, whether it can be taken now or not."""
    found, workflow = _find(exchange)
    name = str(exchange.params["transition"])
    steps = [one for one in workflow.transitions if one.id == name]
    if not steps:
        raise Refused(_of(_NO_TRANSITION, name))
    now = state_of(found.shown, found.family)
    step = next((one for one in steps if one.begin == now), steps[0])
    data = {"uri": _uri(exchange, found, "transitions", name), "transition": _step(step)}
    return envelope.answer(exchange, data)


def _step(one: Transition) -> dict[str, Any]:
    return {
        "id": one.id,
        "beginState": one.begin,
        "endState": one.end,
        "label": one.label,
        "askComment": one.ask_comment,
        "askAttributes": [],
    }


def _state_data(exchange: Exchange, found: Found, workflow: Workflow, name: str) -> dict[str, Any]:
    state = _state(exchange, found, workflow, name)
    state["isCurrentState"] = name == state_of(found.shown, found.family)
    return {"uri": _uri(exchange, found, "states", name), "state": state}


def _state(exchange: Exchange, found: Found, workflow: Workflow, name: str) -> dict[str, Any]:
    said = workflow.states[name]
    step = next((one for one in _steps_from(found, workflow) if one.end == name), None)
    transition = None if step is None else {"uri": _uri(exchange, found, "transitions", step.id), "label": step.label}
    return {
        "id": name,
        "label": said.label,
        "activity": said.activity,
        "displayValue": said.activity or said.label,
        "color": said.color,
        "uri": _uri(exchange, found, "states", name),
        "transition": transition,
    }


def _steps_from(found: Found, workflow: Workflow) -> list[Transition]:
    now = state_of(found.shown, found.family)
    return [one for one in workflow.transitions if one.begin == now]


# Taking a step


def take(exchange: Exchange) -> Response:
    """Bring a document into another state by a step of its workflow."""
    wanted = str(exchange.params["transition"])
    return _take(exchange, wanted, lambda one: one.id == wanted)


def take_to(exchange: Exchange) -> Response:
    """Bring a document into a state by whatever step leads there."""
    wanted = str(exchange.params["state"])
    return _take(exchange, wanted, lambda one: one.end == wanted)


def _take(exchange: Exchange, wanted: str, is_it: Callable[[Transition], bool]) -> Response:
    found, workflow = _find(exchange)
    ctx = validators.admitted(exchange, found.ctx, found.shown)

    def step_from(shown: Shown) -> Transition:
        now = state_of(shown, found.family)
        step = next((one for one in workflow.transitions if one.begin == now and is_it(one)), None)
        if step is None:
            raise Refused(_of(_NOT_FROM_HERE, wanted))
        return step

    step_from(found.shown)
    with answering({Malformed: errors.NOT_JSON, InvalidValue: _BAD_STEP}):
        comment = exchange.json(Step).comment or ""

    def decide(shown: Shown) -> Changes:
        return Changes({STATE: step_from(shown).end}, comment=comment)

    with until_gone(exchange, found), answering({Forbidden: _DENIED, Locked: _DENIED, Held: _DENIED, Retained: _DENIED}):
        after = replace(found, shown=revisions.update(exchange.store, ctx, found.shown.initid, decide, revise=True))
    state = state_of(after.shown, found.family) or workflow.initial
    return envelope.answer(exchange, _state_data(exchange, after, workflow, state), status=HTTPStatus.CREATED)


def _find(exchange: Exchange) -> tuple[Found, Workflow]:
    found = find(exchange)
    if found.family.workflow is None:
        raise Refused(_NO_WORKFLOW)
    return found, found.family.workflow


def _of(row: Refusal, name: str) -> Refusal:
    return replace(row, detail=f'{row.text}: "{name}"')


def _uri(exchange: Exchange, found: Found, *segments: str, ending: str = "") -> str:
    return uri(exchange, "documents", found.shown.initid, "workflows", *segments, ending=ending)


_STATES: Final = "/documents/{id}/workflows/states"
_TRANSITIONS: Final = "/documents/{id}/workflows/transitions"


def _reading(template: str, handler: Handler, id: str, summary: str, query: type[msgspec.Struct] | None = None) -> Operation:
    return Operation(
        method="GET",
        template=template,
        handler=handler,
        id=id,
        summary=summary,
        reads=True,
        query=query,
        answers={200: Answer(envelope.Envelope)},
    )


def _taking(template: str, handler: Handler, id: str, summary: str) -> Operation:
    return Operation(
        method="POST",
        template=template,
        handler=handler,
        id=id,
        summary=summary,
        reads=False,
        body=Json(Step, may_be_empty=True, any_media_type=True),
        answers={201: Answer(envelope.Envelope)},
        headers=("If-Match",),
    )


OPERATIONS: Final = (
    _reading(_STATES, list_states, "list-states", "List the states that a document can be brought into.", States),
    _reading(_STATES + "/{state}", show_state, "read-state", "Tell about a state of the workflow."),
    _taking(_STATES + "/{state}", take_to, "take-state", "Bring a document into a state."),
    _reading(_TRANSITIONS, list_transitions, "list-transitions", "List the steps that a document can take."),
    _reading(_TRANSITIONS + "/{transition}", show_transition, "read-transition", "Tell about a step of the workflow."),
    _taking(_TRANSITIONS + "/{transition}", take, "take-transition", "Take a step of the workflow."),
)
