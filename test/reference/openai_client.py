"""Calls of the official Python client of OpenAI's API to a server of neomesh.

    python openai_client.py URL NAME

Prints one line of JSON: the texts of the same request whole, streamed and asynchronous, and the errors.
"""

import asyncio
import json
import sys

from openai import AsyncOpenAI, BadRequestError, NotFoundError, OpenAI

url, name = sys.argv[1:]
client = OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
request = {"model": name, "prompt": "the state", "max_tokens": 24, "seed": 5, "temperature": 0.9, "logprobs": 3, "stop": [" zz"]}

whole = client.completions.create(**request)
chunks = list(client.completions.create(**request, stream=True, stream_options={"include_usage": True}))
extra = client.completions.create(**request, extra_body={"top_k": 1, "min_p": 0.0, "repetition_penalty": 1.0})
echo = client.completions.create(model=name, prompt=[[1, 2, 3], [4, 5]], max_tokens=1, logprobs=1, echo=True, temperature=0)
messages = [{"role": "user", "content": "the law"}]
chat = client.chat.completions.create(model=name, messages=messages, seed=1, max_tokens=8, logprobs=True, top_logprobs=2)
deltas = client.chat.completions.create(model=name, messages=messages, seed=1, max_tokens=8, stream=True)


async def asynchronous() -> list:
    remote = AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
    answers = await asyncio.gather(*(remote.completions.create(**request) for _ in range(8)))
    return [answer.choices[0].text for answer in answers]


errors = []
for kind, wrong in ((NotFoundError, {"model": "gpt-4"}), (BadRequestError, {"temperature": -1}), (BadRequestError, {"max_tokens": 10**6})):
    try:
        client.completions.create(**{**request, **wrong})
    except kind as error:
        errors.append([error.status_code, error.code, error.param])

print(
    json.dumps(
        {
            "models": [model.id for model in client.models.list()],
            "whole": whole.choices[0].text,
            "streamed": "".join(choice.text for chunk in chunks for choice in chunk.choices),
            "usage": [whole.usage.total_tokens, chunks[-1].usage.total_tokens],
            "asynchronous": asyncio.run(asynchronous()),
            "extra": len(extra.choices[0].logprobs.tokens),
            "echo": [len(choice.logprobs.token_logprobs) for choice in echo.choices],
            "greedy": [choice.logprobs.token_logprobs[-1] == max(choice.logprobs.top_logprobs[-1].values()) for choice in echo.choices],
            "chat": chat.choices[0].message.content,
            "chat_streamed": "".join(chunk.choices[0].delta.content or "" for chunk in deltas),
            "chat_tokens": len(chat.choices[0].logprobs.content),
            "errors": errors,
        }
    )
)
