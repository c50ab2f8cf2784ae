"""Mail from outside: whatever is broken in it, something can be said of it."""

import pytest

from tools.mail.composing import compose, message_id
from tools.mail.parsing import Unreadable, parse
from tools.mail.settings import MailSettings, endpoint
from tools.mail.values import Attachment, checked_address, one_line

PLAIN = b"From: A <a@example.com>\r\nTo: b@example.com\r\nSubject: Hi\r\n\r\nHello\r\n"


def with_headers(*lines: bytes, body: bytes = b"Hello") -> bytes:
    return b"\r\n".join([*lines, b"", body])


def test_a_plain_mail_is_read_whole():
    found = parse(PLAIN)

    assert (found.headers["from"], found.to, found.headers["subject"]) == (
        "A <a@example.com>",
        ["b@example.com"],
        "Hi",
    )
    assert (found.text, found.cut, found.files, found.date) == ("Hello", False, [], None)


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (b"=?utf-8?b?R3LDvMOfZQ==?=", "Grüße"),
        (b"=?iso-8859-1?q?Gr=FC=DFe?=", "Grüße"),
        (b"=?no-such-charset?q?abc?=", "=?no-such-charset?q?abc?="),
        (b"=?utf-8?b?!!!?=", ""),
        (b"=?utf-8?q?a=0D=0ABcc:_x@example.com?=", "a Bcc: x@example.com"),
        (b"a\r\n b", "a b"),
        (b"", ""),
    ],
)
def test_a_header_is_one_line_of_letters(raw, read):
    assert parse(with_headers(b"Subject: " + raw)).headers["subject"] == read


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (b"Wed, 25 Nov 2026 10:00:00 +0100", "2026-11-25T10:00:00+01:00"),
        (b"Wed, 25 Nov 2026 10:00:00 -0000", "2026-11-25T10:00:00+00:00"),
        (b"tomorrow", None),
        (b"Wed, 45 Nov 2026 99:00:00 +0100", None),
        (b"Wed, 25 Nov 99999999999 10:00:00 +0100", None),
    ],
)
def test_a_date_is_one_or_none(raw, read):
    assert parse(with_headers(b"Date: " + raw)).date == read


@pytest.mark.parametrize(
    ("kind", "body", "read"),
    [
        (b"text/plain; charset=iso-8859-1", b"Gr\xfc\xdfe", "Grüße"),
        (b"text/plain; charset=no-such", b"abc", "abc"),
        (b"text/plain; charset=utf-8", b"\xff\xfe", "\ufffd\ufffd"),
        (b"text/plain", b"a\0b", "a\ufffdb"),
        (b"text/html", b"<style>p{}</style><p>Pay <b>now</b><script>x()</script>", "Pay\nnow"),
        (b"text/html", b"<p>a<!-- hidden -->b", "ab"),
        (b"text/html", b"", ""),
        (b"text/html", b"<" * 5000, "<" * 5000),
    ],
)
def test_text_is_read_with_whatever_charset_and_layout(kind, body, read):
    found = parse(with_headers(b"Content-Type: " + kind, body=body)).text

    assert found.replace("\n\n", "\n") == read


def test_plain_text_goes_before_the_page_beside_it():
    mail = compose(
        sender="a@example.com",
        to=["b@example.com"],
        cc=[],
        subject="s",
        text="plain",
        id_="<1@x>",
        in_reply_to="",
        attachments=[],
    )
    mail.add_alternative("<p>page</p>", subtype="html")

    assert parse(mail.as_bytes()).text == "plain"


def test_a_mail_nested_without_end_is_refused():
    lines = [b"Content-Type: multipart/mixed; boundary=b0", b""]
    for level in range(1, 3000):
        lines += [
            b"--b%d" % (level - 1),
            b"Content-Type: multipart/mixed; boundary=b%d" % level,
            b"",
        ]

    with pytest.raises(Unreadable):
        parse(b"\r\n".join(lines))


def test_a_mail_of_very_many_parts_is_refused():
    part = b"--b\r\n\r\nx\r\n"

    with pytest.raises(Unreadable, match="more than 200 parts"):
        parse(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 500)


def test_long_text_is_cut_and_says_so():
    found = parse(with_headers(body=b"a" * 300_000))

    assert (len(found.text), found.cut) == (200_000, True)


def test_what_is_written_is_read_again():
    mail = compose(
        sender="a@example.com",
        to=["b@example.com"],
        cc=["c@example.com"],
        subject="Grüße",
        text="Zeile\nzwei",
        id_="<1@x>",
        in_reply_to="<0@x>",
        attachments=[Attachment(name="r.pdf", media_type="application/pdf", content_base64="JVBERg==")],
    )

    found = parse(mail.as_bytes())

    assert (found.to, found.headers["subject"], found.text) == (
        ["b@example.com", "c@example.com"],
        "Grüße",
        "Zeile\nzwei",
    )
    assert (found.headers["message-id"], found.headers["in-reply-to"]) == ("<1@x>", "<0@x>")
    assert [(file.name, file.media_type, file.content) for file in found.files] == [
        ("r.pdf", "application/pdf", b"%PDF")
    ]


@pytest.mark.parametrize(
    "text",
    ["", "a", "@b", "a@", "a b@c.d", "a@b c", "a\r\nBcc: x@y@c.d", "ä@b.c", "a@-", "a@..b", "a@[1.2.3.4]"],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match=r"address|domain|before @"):
        checked_address(text)


def test_a_domain_of_any_language_goes_as_the_wire_has_it():
    assert checked_address("anna@bücher.example") == "anna@xn--bcher-kva.example"


@pytest.mark.parametrize("text", ["a\nBcc: x@y.z", "a\rb", "a\0b", "a\u202eb"])
def test_a_line_holds_nothing_that_breaks_out_of_it(text):
    with pytest.raises(ValueError, match="line break"):
        one_line(text)


def test_an_id_is_the_same_for_every_try_and_for_no_other_mail():
    first = message_id(key="case/step/1", reference="", domain="example.com")

    assert first == message_id(key="case/step/1", reference="", domain="example.com")
    assert first != message_id(key="case/step/2", reference="", domain="example.com")
    assert message_id(key="k1", reference="r", domain="x") == message_id(key="k2", reference="r", domain="x")


@pytest.mark.parametrize(
    "url",
    [
        "http://x",
        "smtp://",
        "smtp://u:p@x",
        "smtp://mail.example.com?tls=off",
        "imap://mail.example.com",
        "smtp://x:y",
    ],
)
def test_an_address_that_is_none_or_not_private_is_refused(url):
    with pytest.raises(ValueError):  # noqa: PT011  each says something else
        endpoint(url, protocol="smtp")


@pytest.mark.parametrize(
    ("listed", "admitted"),
    [("", False), ("ben@example.com", True), ("@example.com", True), ("@ample.com", False), ("*", True)],
)
def test_only_listed_recipients_are_admitted(listed, admitted):
    assert MailSettings(recipients=listed).admits("Ben@Example.com") is admitted
