"""What the checks of openai_client_test.py share: the service through the official client and as plain HTTP."""

import http.client
import json
import urllib.parse

import openai

MESSAGES = [{"role": "user", "content": "Count from one to ten."}]


class Door:
    """What every check gets: the client, the model's card and plain HTTP."""

    def __init__(self, base_url, model):
        self.url = urllib.parse.urlsplit(base_url)
        self.client = openai.OpenAI(base_url=base_url, api_key="none", max_retries=0, timeout=300)
        self.model = model or self.client.models.list().data[0].id
        card = self.client.models.retrieve(self.model)
        self.context = card.max_model_len
        self.vocabulary = card.meta["vocabulary"]

    def chat(self, **fields):
        fields = {"model": self.model, "messages": MESSAGES, "max_tokens": 8, "temperature": 0, **fields}
        return self.client.chat.completions.create(**fields)

    def complete(self, **fields):
        fields = {"model": self.model, "prompt": "One two three", "max_tokens": 8, "temperature": 0,
                  **fields}
        return self.client.completions.create(**fields)

    def post(self, path, body, headers=None):
        """Status, headers and parsed body of a plain POST; `body` may be bytes."""
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=300)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request("POST", self.url.path + path, data,
                           {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, answer.headers, json.loads(text)

    def get(self, path):
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, text


def same(got, wanted, what):
    assert got == wanted, f"{what}: got {got!r}, wanted {wanted!r}"


def refused(door, path, body, param, status=400, code=None):
    got, _, answer = door.post(path, body)
    same(got, status, f"status for {str(body)[:100]}")
    error = answer["error"]
    same(sorted(error), ["code", "message", "param", "type"], "keys of the error")
    assert error["message"], "the error has a message"
    if param is not None:
        assert error["param"] and error["param"].startswith(param), f"param {error['param']!r}, wanted {param!r}"
    if code:
        same(error["code"], code, "code")
    return error
