"""Asking a model until its answer is a valid command, within bounds."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from domain.errors import Unavailable, ValidationFailed, Violation
from domain.workflow import MAX_TOKENS, ModelExchange
from orchestration.producers.models.answers import Answer, AnswerFormat
from orchestration.producers.models.endpoint import Endpoint, Reply
from orchestration.producers.models.journal import Journal
from orchestration.producers.ports import ProducerFailed

_MAX_SENT: Final = 3
"""How often a request is sent where the endpoint can't take it."""
_MAX_ANSWERS: Final = 3
"""How many answers are read until one is right."""
_MAX_PAUSE: Final = 10.0
"""Whoever should wait for longer, in seconds, comes back later by itself."""
_MAX_VIOLATIONS: Final = 20
"""So many of an answer's mistakes are told."""
_AGAIN: Final = frozenset({408, 409, 425, 429})
_BYTES_A_TOKEN: Final = 2
"""For estimates, which are high rather than low: English has about four."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Bounds on what a model costs, in tokens of prompts and answers."""

    run_tokens: int = 200_000
    """Of all exchanges of a run."""
    answer_tokens: int = 8_000
    """Of one answer."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model that producers ask in the course of one run."""

    endpoint: Endpoint
    format: AnswerFormat
    journal: Journal
    bounds: Bounds
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep

    async def ask(
        self, answer: Answer, facts: Mapping[str, object], keys: Mapping[str, str]
    ) -> Any:
        """The command that the model answers with, given what it has to know.

        What it said is told to it with what is wrong about it, a few times. Raises Unavailable
        where it may be worth trying later, and ProducerFailed where it isn't: the model refuses,
        the run's bound is reached, its answers stay wrong, or the settings are.
        """
        schema = self.format.schema_of(answer)
        messages = [
            {"role": "system", "content": prompt_of(answer)},
            {"role": "user", "content": json.dumps(facts, ensure_ascii=False)},
        ]
        wrong = ""
        for _ in range(_MAX_ANSWERS):
            choice = _choice(await self._reply(answer, messages, schema))
            said = _said(choice)
            try:
                return self.format.command_of(answer, _parsed(choice, said), keys)
            except ValidationFailed as error:
                wrong = _told(error)
            messages += [
                {"role": "assistant", "content": said},
                {"role": "user", "content": f"This can't be used. Answer again, whole.\n{wrong}"},
            ]
        raise ProducerFailed(f"The model's answers stay wrong: {wrong}")

    async def _reply(
        self, answer: Answer, messages: list[dict[str, str]], schema: Mapping[str, object]
    ) -> Reply:
        """A response with a choice, however often it has to be asked for."""
        sent = 0
        while True:
            sent += 1
            reply, error = await self._sent(answer, messages, schema)
            if error is None:
                return reply
            if not _may_be_repeated(reply):
                raise ProducerFailed(f"The model can't be asked. {error}")
            pause = reply.retry_after if reply.retry_after is not None else 2.0**sent
            if sent == _MAX_SENT or pause > _MAX_PAUSE:
                raise Unavailable(error)
            await self.pause(pause)

    async def _sent(
        self, answer: Answer, messages: list[dict[str, str]], schema: Mapping[str, object]
    ) -> tuple[Reply, str | None]:
        """What came of one request, which is kept, and why it's no use."""
        asked = _estimate(json.dumps([messages, schema], ensure_ascii=False))
        left = self.bounds.run_tokens - await self.journal.tokens() - asked
        if left <= 0:
            most = self.bounds.run_tokens
            raise ProducerFailed(f"The run may take {most:,} tokens of the model, and has.")
        limit = min(left, self.bounds.answer_tokens)
        reply = await self.endpoint.complete(messages, answer.value, schema, limit)
        error = _error_of(reply)
        model = self.endpoint.settings.model
        await self.journal.add(_exchange(answer, model, reply, error, asked + limit))
        return reply, error


@cache
def prompt_of(answer: Answer) -> str:
    """The prompt, of a file beside this one."""
    return files(__package__).joinpath("prompts", f"{answer.value}.md").read_text("utf-8")


def _exchange(
    answer: Answer, model: str, reply: Reply, error: str | None, most: int
) -> ModelExchange:
    return ModelExchange(
        prompt=answer.value,
        model=model,
        request=reply.request,
        response=reply.body,
        status=reply.status,
        error=error,
        tokens=_tokens(reply, most),
        began_at=reply.began_at,
        duration_ms=reply.duration_ms,
    )


def _tokens(reply: Reply, most: int) -> int:
    """What a request has cost: what the endpoint says, nothing where it refused, or else the most
    that it may have been."""
    usage = reply.json.get("usage")
    total = usage.get("total_tokens") if isinstance(usage, dict) else None
    if isinstance(total, int) and not isinstance(total, bool) and total >= 0:
        return min(total, MAX_TOKENS)
    refused = reply.status is not None and reply.status >= 400
    return 0 if refused else most


def _error_of(reply: Reply) -> str | None:
    if reply.error is not None:
        return reply.error
    if reply.status != 200:
        return f"The endpoint answered {reply.status}."
    return None if _choice(reply) else "The response isn't a chat completion."


def _said(choice: Mapping[str, Any]) -> str:
    """What the model said. Raises ProducerFailed where it refuses, or mustn't."""
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    if isinstance(message.get("refusal"), str):
        raise ProducerFailed("The model refuses to answer.")
    if choice.get("finish_reason") == "content_filter":
        raise ProducerFailed("The endpoint's filter has withheld the answer.")
    said = message.get("content")
    # JSON may have halves of characters, which can neither be sent nor stored.
    return said.encode(errors="replace").decode() if isinstance(said, str) else ""


def _parsed(choice: Mapping[str, Any], said: str) -> object:
    """Raises ValidationFailed where it isn't JSON, or not all of it."""
    if choice.get("finish_reason") == "length":
        message = "was too long, and was cut off: be much shorter"
        raise ValidationFailed([Violation((), message)])
    try:
        found: object = json.loads(said)
    except (ValueError, RecursionError):
        raise ValidationFailed([Violation((), "is no JSON")]) from None
    return found


def _choice(reply: Reply) -> Mapping[str, Any]:
    choices = reply.json.get("choices")
    found = choices[0] if isinstance(choices, list) and choices else None
    return found if isinstance(found, dict) else {}


def _may_be_repeated(reply: Reply) -> bool:
    return (
        reply.error is not None
        or reply.status is None
        or reply.status == 200
        or reply.status >= 500
        or reply.status in _AGAIN
    )


def _estimate(text: str) -> int:
    return len(text.encode()) // _BYTES_A_TOKEN


def _told(error: ValidationFailed) -> str:
    return "\n".join(
        f"{'.'.join(map(str, it.path))}: {it.message}" if it.path else f"It {it.message}."
        for it in error.violations[:_MAX_VIOLATIONS]
    )
