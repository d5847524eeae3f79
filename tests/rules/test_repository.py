"""What is committed names no machine it was written on and no registry it was installed from."""

import re

from tests.rules.tree import ROOT, texts

FOREIGN = re.compile(r"/work[/]|pypi[.]org|pythonhosted[.]org|npmjs[.]org")
LOCKS = ("requirements.lock", "requirements-dev.lock")
PINNED = re.compile(r"[a-zA-Z0-9._\[\],-]+==\S+( ; .+)?")


def test_no_file_names_a_registry_or_the_place_it_was_written() -> None:
    assert [f"{name}: {match[0]}" for name, text in texts().items() for match in FOREIGN.finditer(text)] == []


def test_locks_are_pins_with_hashes_and_point_nowhere() -> None:
    for name in LOCKS:
        requirements = (ROOT / name).read_text().replace("\\\n", "").splitlines()
        assert requirements
        for requirement in requirements:
            pin, *hashes = re.split(r"\s+--hash=", requirement.strip())
            assert PINNED.fullmatch(pin.strip()), f"{name}: {requirement[:80]}"
            assert hashes, pin
            assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), pin
