"""What the tests of the readers against real programs share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.register_assert_rewrite("tests.client_peers.reading")


@pytest.fixture(autouse=True, scope="module")
def no_proxy() -> Iterator[None]:
    """Whatever this machine's environment says, the peer is asked itself."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("NO_PROXY", "*")
        yield
