"""Every answer that a test of the API gets by support.http is compared with openapi.yaml."""
import pytest

from support import http, openapi


@pytest.fixture(autouse=True)
def described(monkeypatch):
    monkeypatch.setattr(http.Client, "described", staticmethod(openapi.answered))
