"""Tables of fields: what is usable is kept, and all that is not is told, each where it stands."""

from app.messages.document import parse
from app.messages.problems import Invalid
from app.messages.reader import MOST_PROBLEMS, Node, choice, switch, table, text

FIELDS = {"name": text(10), "open": switch, "look": table({"corners": choice("soft", "round")}, on_top={"open"})}


def root(content):
    return Node.root(parse("a.toml", content.encode()))


def told(node):
    return [(problem.line, problem.description, problem.suggestion) for problem in node.problems.all()]


def test_a_mistake_costs_the_value_that_has_it_and_all_are_told_with_their_lines():
    node = root('name = 5\nopen = true\nnmae = "x"\n[look]\ncorners = "oval"\nopen = false\n')
    assert node.read(FIELDS) == {"open": True, "look": {}}
    assert told(node) == [
        (1, "This is no text.", 'Put quotation marks around it: name = "…"'),
        (3, '"nmae" means nothing here.', 'Did you mean "name"?'),
        (5, '"corners" can only be one of soft, round.', 'Write: corners = "soft"'),
        (6, '"open" means nothing here, below a heading.', "Move it above the first line in [ ]."),
    ]


def test_what_has_no_name_close_to_it_is_told_with_all_names():
    node = root('zzz = "x"')
    assert node.read(FIELDS) == {}
    assert told(node)[0][2] == "Only these can stand here: name, open, look."


def test_a_value_in_the_place_of_a_heading_is_told():
    node = root('look = "red"')
    assert node.read(FIELDS) == {}
    assert told(node) == [(1, '"look" is a heading.', "Write it on a line of its own: [look]")]


def test_a_reader_may_tell_of_a_part_and_go_on():
    def read(node):
        node.report("One of them is odd.", "Mend it.")
        return "the others"

    node = root("\nlist = [1]")
    assert node.read({"list": read}) == {"list": "the others"}
    assert told(node) == [(2, "One of them is odd.", "Mend it.")]


def test_beyond_what_somebody_reads_problems_are_counted():
    def refuse(node):
        raise Invalid("No.", "Delete it.")

    node = root("\n".join(f"a{number} = 1" for number in range(MOST_PROBLEMS + 7)))
    assert node.read({}, unknown=refuse) == {}
    assert len(told(node)) == MOST_PROBLEMS + 1
    assert told(node)[-1][1] == "There are 7 more faults in this file."
