"""The [notify] table: what it may say, one sentence for every mistake, and no password in a copy of the file."""

import pytest

from coldfinger.procedures.laboratory.station_file import StationFileError, check_station_text, read_station_file
from tests.procedures.notify.home import BUILT_IN, telling

PASSWORD = "hunter22secret"


def test_a_station_without_the_table_tells_nobody():
    assert read_station_file().sections["notify"] == {"to": (), "on": ("fault", "held", "end"), "command": ()}


def test_a_table_says_who_is_told_of_what():
    table = telling('to = ["env:HOME_URL", "json://host/path"]\non = ["end"]\ncommand = ["/bin/true", "-x"]')
    assert table.sections["notify"] == {
        "to": ("env:HOME_URL", "json://host/path"),
        "on": ("end",),
        "command": ("/bin/true", "-x"),
    }


MISTAKES = [
    ("", 'notify tells nobody; write to = ["mailto://..."] or command'),
    ('on = ["end"]', "notify tells nobody"),
    ('to = "json://host"', 'notify.to must be a list of addresses; write ["mailto://..."]'),
    ('to = ["json://host"]\non = []', "notify.on is empty, so nobody is ever told; write some of fault, held, end"),
    ('to = ["json://host"]\non = ["faults"]', "notify.on: 'faults' is not one of fault, held, end, retry, warning"),
    ('to = ["json://host"]\non = "end"', "notify.on = 'end' must be a list of texts; write [\"fault\"]"),
    (f'to = ["json://host", "{PASSWORD}"]', "notify.to, address 2, is no address; write one such as mailto://"),
    ('to = ["env:2nd"]', "notify.to, address 1, is no address"),
    ('to = ["json://a b"]', "notify.to, address 1, is no address"),
    ('command = ["", "x"]', "notify.command has no program; write for example command ="),
    ("command = 3", "notify.command = 3 must be a list of texts"),
    ('to = ["json://host"]\nwhen = "end"', "unknown key notify.when"),
    ('too = ["json://host"]', "unknown key notify.too; did you mean 'to'?"),
]


@pytest.mark.parametrize(("table", "sentence"), MISTAKES)
def test_a_mistake_is_one_sentence_with_file_key_and_remedy_and_without_the_password(table, sentence):
    with pytest.raises(StationFileError) as error:
        telling(table)
    assert sentence in str(error.value)
    assert str(error.value).startswith("my-fridge.toml: ")
    assert "\n" not in str(error.value)
    assert PASSWORD not in str(error.value)


@pytest.mark.parametrize("wrong", [f'to = "mailto://bob:{PASSWORD}@host"', f'to = ["mailto://bob:{PASSWORD}@host", 3]'])
def test_an_address_of_the_wrong_kind_is_not_shown_either(wrong):
    with pytest.raises(StationFileError) as error:
        telling(wrong)
    assert PASSWORD not in str(error.value)


def test_the_copy_of_a_file_in_runs_and_journals_holds_no_address_and_can_be_read():
    file = telling(f'to = ["mailto://bob:{PASSWORD}@host", "env:HOME_URL"] # me\non = ["end"]')
    assert file.sections["notify"]["to"][0].endswith(f":{PASSWORD}@host")
    assert PASSWORD not in file.text
    again = check_station_text(file.text, "copy.toml")
    assert again.sections["notify"]["to"] == ("mailto://hidden", "env:HOME_URL")
    assert {name: again.sections[name] for name in ("limits", "wiring")} == {
        name: file.sections[name] for name in ("limits", "wiring")
    }
    assert again.text == file.text


def test_an_address_in_an_included_file_is_left_out_of_the_copy_too(tmp_path):
    (tmp_path / "home.toml").write_text(f'[notify]\nto = ["json://bob:{PASSWORD}@host"]\n')
    (tmp_path / "lab.toml").write_text('include = ["home.toml"]\n' + BUILT_IN)
    file = read_station_file(tmp_path / "lab.toml")
    assert PASSWORD in file.sections["notify"]["to"][0]
    assert PASSWORD not in file.text
    check_station_text(file.text, "copy.toml")


def test_a_file_without_addresses_is_copied_as_it_is():
    assert telling('to = ["env:HOME_URL"]  # mine').text.endswith('[notify]\nto = ["env:HOME_URL"]  # mine\n')
    assert read_station_file().text == BUILT_IN
