"""Postfix's own tables whose server is silent, away, or asked odd questions."""

import time

import directories
from cases_tables import OnlyTables, tables
from runner import case

ALICE, INFO = "alice@acme.example", "info@acme.example"
SALES = "sales@acme.example"	# alice owns it by the aliases
HOLDER = "holder@example.net"
ENTRY = 'user %s { senders = {"%s"} }\n' % (HOLDER, SALES)


def short(only):
    """With a time-out of half a second, which is then what is tested."""
    text = only.w.millgate.text
    only.w.millgate.text = text.replace("users-timeout = 5000",
                                        "users-timeout = 500")
    assert only.w.millgate.text != text
    return only


@case
def a_silent_server_of_a_table_holds_only_mail_that_needs_it(w):
    made = tables(w)
    for source in ("pgsql", "mysql", "ldap"):
        database = getattr(w, source)
        with short(OnlyTables(w, made.maps(source), ENTRY)):
            directories.accepted(w, ALICE, SALES)
            database.freeze()
            try:
                answer = directories.ask(w, ALICE, INFO)
                assert answer.starts("451 4.3.0 "), (source, answer)
                # twice the time-out is the most; the rest is the machine's
                assert answer.seconds < 1.0 + directories.SLACK, answer
                # from the cache, and by an entry
                start = time.monotonic()
                directories.accepted(w, ALICE, SALES)
                directories.accepted(w, HOLDER, SALES)
                assert time.monotonic() - start < directories.SLACK
            finally:
                database.thaw()
            directories.recovers(w, ALICE, SALES)
            directories.refused(w, ALICE, INFO)


@case
def a_reload_without_the_server_keeps_what_a_table_said(w):
    made = tables(w)
    for source in ("pgsql", "mysql", "ldap"):
        database = getattr(w, source)
        with OnlyTables(w, made.maps(source)):
            directories.accepted(w, ALICE, SALES)
            database.stop()
            try:
                w.millgate.reload()
                directories.accepted(w, ALICE, SALES)
                answer = directories.ask(w, ALICE, INFO)
                assert answer.starts("451 4.3.0 "), (source, answer)
            finally:
                database.start()
            directories.recovers(w, ALICE, SALES)
