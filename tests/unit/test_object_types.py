"""Object types that come with davgate, and those of further files: what they say, and what is wrong with them."""

import re
import tomllib
from pathlib import Path

import pytest

import davgate
from davgate.core.object_types import load, shipped
from davgate.model.object_types import KEPT_BY_DIALECTS, LORA_OBJECT, Kind, ObjectType, ObjectTypes
from davgate.model.type_files import read_types
from davgate.model.type_sections import UnusableTypes

SOURCE = Path(davgate.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "object-types.md"


def typed(*texts: str) -> ObjectTypes:
    """Return the types of files of these texts, a.toml, b.toml and so on."""
    return read_types((f"{chr(97 + at)}.toml", tomllib.loads(text)) for at, text in enumerate(texts))


def mistakes_of(*texts: str) -> tuple[str, ...]:
    """Return what is wrong with files of these texts."""
    with pytest.raises(UnusableTypes) as refused:
        typed(*texts)
    return refused.value.mistakes


def of(types: ObjectTypes, name: str) -> ObjectType:
    found = types.get(name)
    assert found is not None
    return found


MAIL = """
[yuuvis."m:mail"]
label = "Mail"
properties = [
    { name = "m:from", kind = "text", required = true },
    { name = "m:to", kind = "text", multiple = true },
]
"""


def test_email_is_shipped_as_yuuvis_specifies_it() -> None:
    email = of(shipped(), "yuuvis:appEmail:email")

    kinds = {one.name: (one.kind, one.is_multiple, one.is_required) for one in email.properties}
    assert kinds == {
        "appEmail:from": (Kind.TEXT, False, True),
        "appEmail:to": (Kind.TEXT, True, False),
        "appEmail:cc": (Kind.TEXT, True, False),
        "appEmail:subject": (Kind.TEXT, False, False),
        "appEmail:received": (Kind.DATETIME, False, False),
        "appEmail:size": (Kind.INTEGER, False, False),
        "appEmail:read": (Kind.BOOLEAN, False, False),
        "table": (Kind.TABLE, False, False),
    }
    table, subject = email.property("table"), email.property("appEmail:subject")
    assert table is not None and subject is not None
    assert [(column.name, column.kind) for column in table.columns] == [
        ("iColumn1", Kind.TEXT),
        ("iColumn2", Kind.TEXT),
        ("iColumn3", Kind.BOOLEAN),
    ]
    assert subject.max_length == 200
    assert (email.base, email.content, email.is_creatable, email.title) == ("document", "allowed", True, None)


def test_what_every_dialect_calls_a_title_is_stored_as_the_title() -> None:
    titles = {one.name: one.title.name for one in shipped() if one.title is not None}

    assert titles == {
        "yuuvis:document": "Name",
        "yuuvis:folder": "Name",
        "dynacase:MY_ARTICLE": "my_title",
        "dynacase:MY_COOKBOOK": "ba_title",
        "dynacase:MY_FILE": "fi_title",
    }


def test_retention_is_a_secondary_type_that_nothing_is_made_of() -> None:
    retention = of(shipped(), "yuuvis:system:rmDestructionRetention")

    assert (retention.base, retention.content, retention.is_creatable) == ("secondary", "none", False)
    assert [one.id for one in retention.properties] == [
        "yuuvis:system:rmExpirationDate",
        "yuuvis:system:rmStartOfRetention",
        "yuuvis:system:rmDestructionDate",
    ]


def test_families_are_shipped_as_dynacase_specifies_them() -> None:
    article, cookbook = of(shipped(), "dynacase:MY_ARTICLE"), of(shipped(), "dynacase:MY_COOKBOOK")

    color, secret, cost = article.property("my_color"), article.property("my_secret"), cookbook.property("ba_cost")
    assert color is not None and secret is not None and cost is not None
    assert list(color.choices.items()) == [("red", "Rouge"), ("green", "Vert"), ("blue", "Bleu")]
    assert secret.is_hidden
    assert cost.default == 0
    assert article.primary_stream == article.property("my_file")
    assert cookbook.workflow is not None
    assert cookbook.workflow.initial == "draft"
    assert [(step.id, step.begin, step.end) for step in cookbook.workflow.transitions] == [
        ("t_submit", "draft", "review"),
        ("t_publish", "review", "published"),
        ("t_reject", "review", "draft"),
    ]


def test_classes_of_oio_are_shipped_with_groups_states_and_relations() -> None:
    classes = {one.local: one for one in shipped().of_door("lora")}

    assert len(classes) == 15
    document, case = classes["dokument/dokument"].temporal, classes["sag/sag"].temporal
    assert document is not None and case is not None
    fields = {one.name: (one.kind, one.is_required) for one in document.groups["dokumentegenskaber"]}
    assert fields["brevdato"] == (Kind.DATE, True)
    assert fields["minor"] == (Kind.INTEGER, False)
    assert fields["offentlighedundtaget"] == (Kind.EXEMPTION, False)
    assert document.state_name("dokumentfremdrift") == "fremdrift"
    assert document.states["dokumentfremdrift"][0] == "Modtaget"
    assert "journalpost" in case.many
    assert case.is_indexed and not document.is_indexed
    assert {local for local, one in classes.items() if one.base == "document"} == {"dokument/dokument"}


def test_type_that_extends_another_has_its_properties_first() -> None:
    types = typed(
        MAIL,
        """
        [yuuvis."m:signed"]
        extends = "m:mail"
        content = "required"
        properties = [{ name = "m:signer", kind = "text" }]
        """,
    )

    signed = of(types, "yuuvis:m:signed")
    assert [one.name for one in signed.properties] == ["m:from", "m:to", "m:signer"]
    assert signed.content == "required"
    assert types.with_descendants("yuuvis:m:mail") == {"yuuvis:m:mail", "yuuvis:m:signed"}
    assert types.with_ancestors(signed) == ("yuuvis:m:signed", "yuuvis:m:mail")
    assert types.files["yuuvis:m:signed"] == ("b.toml",)


def test_family_has_the_workflow_and_the_title_of_the_one_that_it_extends(tmp_path: Path) -> None:
    (tmp_path / "more.toml").write_text('[dynacase.OWN_COOKBOOK]\nextends = "MY_COOKBOOK"\n', "utf-8")

    own = of(load([tmp_path]), "dynacase:OWN_COOKBOOK")

    assert own.workflow == of(shipped(), "dynacase:MY_COOKBOOK").workflow
    assert own.title is not None and own.title.name == "ba_title"


def test_further_folder_gives_a_class_of_oio_another_group_and_relation(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        """
        [lora.organisation.organisationfunktion]
        amends = true
        attributes.organisationfunktionudvidelser = "primær:boolean fraktion:int udvidelse_1 udvidelse_2"
        many = ["leder"]
        """,
        "utf-8",
    )

    types = load([tmp_path])
    own = of(types, "lora:organisation/organisationfunktion").temporal

    assert own is not None
    assert [(one.name, one.kind) for one in own.groups["organisationfunktionudvidelser"]] == [
        ("primær", Kind.BOOLEAN),
        ("fraktion", Kind.INTEGER),
        ("udvidelse_1", Kind.TEXT),
        ("udvidelse_2", Kind.TEXT),
    ]
    assert own.is_optional("organisationfunktionudvidelser")
    assert not own.is_optional("organisationfunktionegenskaber")
    assert own.many[-1] == "leder"
    assert types.files["lora:organisation/organisationfunktion"] == ("davgate/types/lora.toml", str(tmp_path / "own.toml"))


def test_example_of_the_documentation_is_understood(tmp_path: Path) -> None:
    (example,) = re.findall(r"\n```toml\n(\[yuuvis.*?)```", PAGE.read_text("utf-8"), re.S)
    (tmp_path / "own.toml").write_text(example, "utf-8")

    types = load([tmp_path])

    lease = of(types, "yuuvis:contract:lease")
    assert [one.name for one in lease.properties] == [
        "Name",
        "amount",
        "keywords",
        "contract:tenants",
        "contract:rent",
        "contract:rooms",
    ]
    assert lease.secondary == ("system:rmDestructionRetention",)
    assert of(types, "dynacase:OWN_ORDER").title is not None


def test_amended_type_has_more_properties_and_those_that_extend_it_too() -> None:
    types = typed(
        MAIL,
        '[yuuvis."m:signed"]\nextends = "m:mail"',
        '[yuuvis."m:mail"]\namends = true\nproperties = [{ name = "m:size", kind = "integer" }]',
    )

    assert [one.name for one in of(types, "yuuvis:m:mail").properties] == ["m:from", "m:to", "m:size"]
    assert [one.name for one in of(types, "yuuvis:m:signed").properties] == ["m:from", "m:to", "m:size"]


def test_what_dialects_keep_of_themselves_is_no_property_of_a_type() -> None:
    types = shipped()
    named = {
        id
        for file in SOURCE.rglob("*.py")
        for id in re.findall(r'"((?:yuuvis|dynacase|lora):[A-Za-z][\w:/]*)"', file.read_text("utf-8"))
    }

    assert KEPT_BY_DIALECTS <= named
    assert {id for id in named - KEPT_BY_DIALECTS if types.get(id) is None and types.property_by_id(id) is None} == set()
    assert {id for id in KEPT_BY_DIALECTS - {LORA_OBJECT.id} if types.property_by_id(id) is not None} == set()


MISTAKES = {
    "unknown-door": ("[yuvis.x]", "a.toml: unknown key yuvis; did you mean yuuvis?"),
    "no-table": ("yuuvis = 1", "a.toml: yuuvis must be a table"),
    "unknown-key": ("[yuuvis.x]\nlable = 'X'", "a.toml: yuuvis: x: unknown key lable; did you mean label?"),
    "unknown-key-of-a-property": (
        "[yuuvis.x]\nproperties = [{ name = 'a', kind = 'text', requierd = true }]",
        "a.toml: yuuvis: x: property a: unknown key requierd; did you mean required?",
    ),
    "unknown-kind": (
        "[yuuvis.x]\nproperties = [{ name = 'a', kind = 'intger' }]",
        "a.toml: yuuvis: x: property a: kind is 'intger', and must be one of text, integer, decimal, boolean, datetime, id,"
        " table, structured; did you mean integer?",
    ),
    "kind-of-another-door": (
        "[dynacase.X]\nproperties = [{ name = 'a', kind = 'table' }]",
        "a.toml: dynacase: X: property a: kind is 'table', and must be one of text, longtext, integer, decimal, boolean, date,"
        " datetime, id, enum, file",
    ),
    "kind-missing": (
        "[yuuvis.x]\nproperties = [{ name = 'a' }]",
        "a.toml: yuuvis: x: property a: kind is missing, one of text, integer, decimal, boolean, datetime, id, table, structured",
    ),
    "name-missing": (
        "[yuuvis.x]\nproperties = [{ kind = 'text' }]",
        "a.toml: yuuvis: x: property 1: name is missing",
    ),
    "name-malformed": (
        "[dynacase.X]\nproperties = [{ name = 'My_x', kind = 'text' }]",
        "a.toml: dynacase: X: property My_x: name must be of small letters, digits and _, and is 'My_x'",
    ),
    "type-name-malformed": (
        "[yuuvis.'a b']",
        "a.toml: yuuvis: a b: a type must have a name of letters, digits and _, in parts joined by colons",
    ),
    "value-of-another-type": (
        "[yuuvis.x]\nproperties = [{ name = 'a', kind = 'text', required = 1 }]",
        "a.toml: yuuvis: x: property a: required must be true or false",
    ),
    "length-negative": (
        "[yuuvis.x]\nproperties = [{ name = 'a', kind = 'text', max_length = -1 }]",
        "a.toml: yuuvis: x: property a: max_length must be 0 or more",
    ),
    "lengths-crossed": (
        "[yuuvis.x]\nproperties = [{ name = 'a', kind = 'text', max_length = 1, min_length = 2 }]",
        "a.toml: yuuvis: x: property a: min_length is above max_length",
    ),
    "length-of-a-number": (
        "[yuuvis.x]\nproperties = [{ name = 'a', kind = 'integer', max_length = 1 }]",
        "a.toml: yuuvis: x: property a: max_length goes with texts alone",
    ),
    "property-twice": (
        "[yuuvis.x]\nproperties = [{ name = 'a', kind = 'text' }, { name = 'a', kind = 'text' }]",
        "a.toml: yuuvis: x: property a: the type has a property of this name already",
    ),
    "stored-twice": (
        "[yuuvis.x]\nproperties = [{ name = 'a', kind = 'text', stored_as = 'title' },"
        " { name = 'b', kind = 'text', stored_as = 'title' }]",
        "a.toml: yuuvis: x: property b: the type has another property that is stored as title",
    ),
    "stored-elsewhere": (
        "[yuuvis.x]\nproperties = [{ name = 'a', kind = 'text', stored_as = 'titel' }]",
        "a.toml: yuuvis: x: property a: stored_as must be one of title, description, keywords, or begin with yuuvis:;"
        " did you mean title?",
    ),
    "stored-as-what-a-dialect-keeps": (
        "[yuuvis.x]\nproperties = [{ name = 'trace', kind = 'text' }]",
        "a.toml: yuuvis: x: property trace: yuuvis:trace is what the dialect keeps of itself; name another with stored_as",
    ),
    "title-of-another-kind": (
        "[yuuvis.x]\nproperties = [{ name = 'a', kind = 'integer', stored_as = 'title' }]",
        "a.toml: yuuvis: x: property a: title is of the kind integer, and not text as every type has it",
    ),
    "one-id-of-two-kinds": (
        "[yuuvis.x]\nproperties = [{ name = 'a', kind = 'text' }]\n"
        "[yuuvis.y]\nproperties = [{ name = 'a', kind = 'text', multiple = true }]",
        "a.toml: yuuvis: y: property a: yuuvis:a is of the kind multiple text, and not text as yuuvis:x has it",
    ),
    "one-id-hidden-and-shown": (
        "[yuuvis.x]\nproperties = [{ name = 'a', kind = 'text' }]\n"
        "[yuuvis.y]\nproperties = [{ name = 'a', kind = 'text', hidden = true }]",
        "a.toml: yuuvis: y: property a: yuuvis:a is hidden in one type and shown in another, as in yuuvis:x",
    ),
    "one-id-of-two-tables": (
        "[yuuvis.x]\nproperties = [{ name = 'a', kind = 'table', columns = [{ name = 'c', kind = 'text' }] }]\n"
        "[yuuvis.y]\nproperties = [{ name = 'a', kind = 'table', columns = [{ name = 'd', kind = 'text' }] }]",
        "a.toml: yuuvis: y: property a: yuuvis:a is of the kind table, and not table with other columns than in yuuvis:x",
    ),
    "default-of-another-kind": (
        "[yuuvis.x]\nproperties = [{ name = 'a', kind = 'integer', default = 'one' }]",
        "a.toml: yuuvis: x: property a: default must be a whole number",
    ),
    "default-out-of-its-choices": (
        "[dynacase.X]\nproperties = [{ name = 'a', kind = 'enum', default = 'c', choices = { b = 'B' } }]",
        "a.toml: dynacase: X: property a: default must be one of b",
    ),
    "choices-missing": (
        "[dynacase.X]\nproperties = [{ name = 'a', kind = 'enum' }]",
        "a.toml: dynacase: X: property a: choices is missing",
    ),
    "choices-of-a-text": (
        "[dynacase.X]\nproperties = [{ name = 'a', kind = 'text', choices = { b = 'B' } }]",
        "a.toml: dynacase: X: property a: choices goes with the kind enum alone",
    ),
    "columns-missing": (
        "[yuuvis.x]\nproperties = [{ name = 'a', kind = 'table' }]",
        "a.toml: yuuvis: x: property a: columns is missing",
    ),
    "column-twice": (
        "[yuuvis.x]\nproperties = [{ name = 'a', kind = 'table',"
        " columns = [{ name = 'c', kind = 'text' }, { name = 'c', kind = 'text' }] }]",
        "a.toml: yuuvis: x: property a: column c: the table has a column of this name already",
    ),
    "table-multiple": (
        "[yuuvis.x]\nproperties = [{ name = 'a', kind = 'structured', multiple = true }]",
        "a.toml: yuuvis: x: property a: a property of the kind structured cannot be multiple",
    ),
    "pattern-malformed": (
        "[yuuvis.x]\nproperties = [{ name = 'a', kind = 'text', pattern = '(' }]",
        "a.toml: yuuvis: x: property a: pattern is no regular expression: missing ), unterminated subpattern at position 0",
    ),
    "extends-nothing": (
        "[yuuvis.mail]\n[yuuvis.x]\nextends = 'mial'",
        "a.toml: yuuvis: x: extends mial, which there is not; did you mean mail?",
    ),
    "extends-itself": ("[yuuvis.x]\nextends = 'x'", "a.toml: yuuvis: x: extends itself, by x"),
    "extends-in-a-circle": (
        "[yuuvis.x]\nextends = 'y'\n[yuuvis.y]\nextends = 'x'",
        "a.toml: yuuvis: y: extends itself, by x and y",
    ),
    "inherited-property-again": (
        MAIL + "[yuuvis.x]\nextends = 'm:mail'\nproperties = [{ name = 'm:from', kind = 'text' }]",
        "a.toml: yuuvis: x: property m:from: m:mail has m:from already, stored as yuuvis:m:from",
    ),
    "inherited-base-otherwise": (
        "[yuuvis.x]\nbase = 'folder'\n[yuuvis.y]\nextends = 'x'\nbase = 'document'",
        "a.toml: yuuvis: y: base is document, and that of x is folder",
    ),
    "base-unknown": (
        "[yuuvis.x]\nbase = 'file'",
        "a.toml: yuuvis: x: base is 'file', and must be one of document, folder, secondary; did you mean folder?",
    ),
    "folder-with-content": (
        "[yuuvis.x]\nbase = 'folder'\ncontent = 'allowed'",
        "a.toml: yuuvis: x: content is allowed, and a folder has none",
    ),
    "secondary-that-is-none": (
        "[yuuvis.y]\n[yuuvis.x]\nsecondary = ['y']",
        "a.toml: yuuvis: x: secondary names y, which is no type with the base secondary",
    ),
    "workflow-begins-nowhere": (
        "[dynacase.X.workflow]\ninitial = 'drafd'\nstates.draft = { label = 'D' }",
        "a.toml: dynacase: X: workflow: initial is 'drafd', which is no state; did you mean draft?",
    ),
    "workflow-leads-nowhere": (
        "[dynacase.X.workflow]\ninitial = 'a'\nstates.a = { label = 'D' }\ntransitions = [{ id = 't', begin = 'a', end = 'b' }]",
        "a.toml: dynacase: X: workflow: transition t: end is 'b', which is no state",
    ),
    "workflow-leads-two-ways": (
        "[dynacase.X.workflow]\ninitial = 'a'\nstates.a = {}\n"
        "transitions = [{ id = 't', begin = 'a', end = 'a' }, { id = 't', begin = 'a', end = 'a' }]",
        "a.toml: dynacase: X: workflow: two transitions t begin at a",
    ),
    "field-malformed": (
        "[lora.sag.sag]\nattributes.sagegenskaber = 'titel? note'",
        "a.toml: lora: sag.sag: sagegenskaber: 'titel?' must be the name of a field in small letters, with ! and : and a kind"
        " behind it",
    ),
    "field-of-unknown-kind": (
        "[lora.sag.sag]\nattributes.sagegenskaber = 'note afleveret:bool'",
        "a.toml: lora: sag.sag: sagegenskaber: afleveret is of the kind 'bool', not one of text, int, boolean, date, timestamp,"
        " interval, textlist, exemption, keywords; did you mean boolean?",
    ),
    "field-twice": (
        "[lora.sag.sag]\nattributes.sagegenskaber = 'note note!'",
        "a.toml: lora: sag.sag: sagegenskaber names note twice",
    ),
    "group-of-another-class": (
        "[lora.sag.sag]\nattributes.egenskaber = 'note'",
        "a.toml: lora: sag.sag: the list egenskaber must begin with the name of its class, sag",
    ),
    "class-without-groups": (
        "[lora.sag.sag]\none = ['ejer']",
        "a.toml: lora: sag.sag: attributes is missing: a class has at least one group",
    ),
    "relation-twice": (
        "[lora.sag.sag]\nattributes.sagegenskaber = 'note'\none = ['ejer']\nmany = ['ejer']",
        "a.toml: lora: sag.sag: the class has a relation ejer already",
    ),
    "state-without-codes": (
        "[lora.sag.sag]\nattributes.sagegenskaber = 'note'\nstates.sagfremdrift = []",
        "a.toml: lora: sag.sag: states: sagfremdrift names no codes",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistake_is_told_with_its_place(case: str) -> None:
    text, sentence = MISTAKES[case]

    assert sentence in mistakes_of(text)


def test_every_mistake_is_told_at_once() -> None:
    assert len(mistakes_of("[yuuvis.x]\na = 1\nb = 2", "[dynacase.'1']")) == 3


def test_type_that_is_there_already_is_not_replaced() -> None:
    assert mistakes_of(MAIL, '[yuuvis."m:mail"]\nlabel = "Mine"') == (
        "b.toml: yuuvis: m:mail: a.toml has this type already; to give it more properties say amends = true",
    )


def test_family_that_differs_in_capitals_alone_is_refused() -> None:
    assert mistakes_of("[dynacase.MY_X]", "[dynacase.my_x]") == ("b.toml: dynacase: my_x: there is a type MY_X already",)


def test_amendment_changes_nothing_that_is_there() -> None:
    assert mistakes_of(
        MAIL,
        '[yuuvis."m:mail"]\namends = true\nlabel = "Mine"\nproperties = [{ name = "m:to", kind = "text" }]',
    ) == (
        "b.toml: yuuvis: m:mail: property m:to: the type has a property of this name already",
        "b.toml: yuuvis: m:mail: unknown key label",
    )


def test_amendment_of_a_class_does_not_replace_a_list() -> None:
    sag = "[lora.sag.sag]\nattributes.sagegenskaber = 'note'\nstates.sagfremdrift = ['A']\none = ['ejer']"
    again = "[lora.sag.sag]\namends = true\nattributes.sagegenskaber = 'mere'\nstates.sagfremdrift = ['B']\nmany = ['ejer']"

    assert mistakes_of(sag, again) == (
        "b.toml: lora: sag.sag: the class has a list sagegenskaber already",
        "b.toml: lora: sag.sag: the class has a list sagfremdrift already",
        "b.toml: lora: sag.sag: the class has a relation ejer already",
    )


def test_amendment_of_nothing_is_refused() -> None:
    assert mistakes_of(MAIL, '[yuuvis."m:mial"]\namends = true') == (
        "b.toml: yuuvis: m:mial: amends a type that there is not; did you mean m:mail?",
    )


def test_file_that_cannot_be_decoded_and_folder_that_is_not_there_are_named(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text("[yuuvis", "utf-8")
    (tmp_path / "c.toml").write_bytes(b'x = "\xff"')

    with pytest.raises(UnusableTypes) as refused:
        load([tmp_path, tmp_path / "none"])

    decoding, encoding, folder = refused.value.mistakes
    assert decoding.startswith(f"{tmp_path / 'b.toml'}: Expected ']'")
    assert encoding.startswith(f"{tmp_path / 'c.toml'}: 'utf-8' codec")
    assert folder == f"{tmp_path / 'none'}: No such file or directory"
