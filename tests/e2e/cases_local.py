"""sendmail(1), which comes to millgate through non_smtpd_milters."""

from message import compose, delivered
from runner import case
from cases_submission import signed_by_both


def sendmail(world, text, *args):
    done = world.postfix.command("sendmail", *args,
                                 stdin=text.replace("\r\n", "\n").encode())
    assert done.returncode == 0, done.stderr.decode()


@case
def a_message_of_sendmail_is_signed(w):
    text = compose("alice@example.net")
    sendmail(w, text, "-f", "alice@example.net", "r@elsewhere.example")
    signed_by_both(w, text)
    line = w.millgate.log_line(listener="local")
    assert line and "client=local" in line, line


@case
def an_author_without_key_is_delivered_unsigned(w):
    text = compose("root@other.example")
    sendmail(w, text, "-f", "root@other.example", "r@elsewhere.example")
    found = delivered(w, "elsewhere.example", text)
    assert not found.all("DKIM-Signature"), found.head


@case
def a_bounce_with_the_null_sender_passes(w):
    text = compose("alice@example.net")
    sendmail(w, text, "-f", "<>", "bob@example.net")
    signed_by_both(w, text, "example.net")
