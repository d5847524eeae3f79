"""What staff keep of an order, as they write it."""

import pytest

from flows.keeping import EMAIL, read_email


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("asha@example.com", "asha@example.com"), ("  Asha.Rao+shop@Mail.Example.CO.IN. ", "Asha.Rao+shop@mail.example.co.in"),
        ("<asha@example.com>", "asha@example.com"), ("mailto:asha@example.com", "asha@example.com"),
        ("o'neil_x@ex-ample.org", "o'neil_x@ex-ample.org"), ("आशा@डाक.भारत", "आशा@डाक.भारत"),
        ("josé@münchen.de", "josé@münchen.de"),
    ],
)  # fmt: skip
def test_an_email_is_read_as_it_is_written_to(text: str, email: str) -> None:
    assert read_email(text) == email


@pytest.mark.parametrize(
    "text",
    [
        "", "asha", "asha@", "@example.com", "asha@example", "asha@example.c", "a@b@example.com", "asha rao@example.com",
        "asha@exam ple.com", ".asha@example.com", "asha.@example.com", "as..ha@example.com", "asha@-example.com",
        "asha@example-.com",
        "asha\u200b@example.com",
        "asha@example.com please", "asha@example.com\nbcc: x@example.com", "asha@10.0.0.1", f"{'a' * EMAIL}@example.com",
        "asha@example.com, rao@example.com", '"asha"@example.com',
    ],
)  # fmt: skip
def test_what_is_no_email_is_none(text: str) -> None:
    assert read_email(text) is None
