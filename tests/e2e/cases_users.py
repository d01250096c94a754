"""Users from a file and from a database, and groups."""

import os
import sqlite3
import time

import services
from cases_submission import ALICE, signed_by_both
from message import compose
from runner import case, settings
from services import wait_until
from steps import expect, log_line, submit

# these have no user section
CAROL, HEIDI, LEO = ("%s@example.net" % n for n in ("carol", "heidi", "leo"))
PETER = "peter@example.net"
SALES = "sales@shop.example.net"


def path_of(w, name):
    return os.path.join(w.millgate.directory, name)


@case
def a_group_limits_its_members_together(w):
    group = 'group pair { users = {"%s", "%s"}  recipients-per-hour = 2 }\n' % (
        HEIDI, CAROL)
    with settings(w, top=group):
        reply = submit(w, compose(HEIDI), HEIDI)
        expect(reply, "250")
        assert " groups=pair:1/2" in log_line(w, reply)
        expect(submit(w, compose(CAROL), CAROL), "250")
        reply = submit(w, compose(CAROL), CAROL)
        expect(reply, "451 4.7.1 ")
        assert "group pair allows 2 recipients an hour" in reply.text, reply
        # other logins are not affected
        expect(submit(w, compose(LEO), LEO), "250")
        shown = w.ctl("quota", "show", "group pair", "--json")
        assert [row["recipients"] for row in shown] == [2], shown


@case
def users_are_read_from_a_database_and_never_guessed(w):
    path = path_of(w, "users.db")
    base = sqlite3.connect(path)
    base.executescript(
        "CREATE TABLE u (login, senders, blocked);"
        "INSERT INTO u VALUES ('%s', '%s', 0), ('%s', '*', 1)" % (
            LEO, SALES, HEIDI))
    base.close()
    os.chmod(path, 0o644)
    query = ('users-database = "%s"\nusers-query = "SELECT senders, blocked '
             'FROM u WHERE login = ?1"\n' % path)
    with settings(w, top=query):
        expect(submit(w, compose(SALES), LEO, sender=SALES), "250")
        expect(submit(w, compose(LEO), LEO), "550 5.7.1 ")
        reply = submit(w, compose(HEIDI), HEIDI)
        expect(reply, "550 5.7.1 ")
        assert HEIDI + " is blocked" in reply.text, reply
        os.rename(path, path + ".away")
        expect(submit(w, compose(CAROL), CAROL), "451 4.3.0 ")
        line = w.millgate.log_line(login=CAROL, rule="users-unknown")
        assert "unable to open" in line, line
        os.rename(path + ".away", path)
        # millgate queries it again after a second, without a reload
        wait_until("the database is read again", lambda: submit(
            w, compose(CAROL), CAROL).code == 250)
    os.unlink(path)


@case
def the_users_file_is_read_again(w):
    path = path_of(w, "users")

    def refused(line):
        services.write(path, "# one user a line\n%s\n" % line)
        w.millgate.reload()
        return submit(w, compose(LEO), LEO).code == 550
    services.write(path, "")
    with settings(w, top='users-file = "%s"\n' % path):
        assert refused(LEO + " block=yes")
        assert not refused("Leo@Example.NET plan=standard block=no")
        assert refused(LEO + " senders=%s" % SALES)


@case
def a_login_without_a_domain_is_an_address_with_login_domain(w):
    def send():
        text = compose(PETER)
        return text, submit(w, text, "peter", sender=PETER)
    reply = send()[1]
    expect(reply, "550 5.7.1 ")
    assert "for peter, which is not an address" in reply.text, reply
    w.millgate.log_line(login="peter", rule="sender")
    with settings(w, top='login-domain = "example.net"'):
        text, reply = send()
        expect(reply, "250")
        signed_by_both(w, text)
        line = log_line(w, reply)
        assert " login=%s " % PETER in line and " quota=1/" in line, line
        for name in ("peter", PETER):
            shown = w.ctl("quota", "show", name, "--json")
            assert [(row["login"], row["recipients"]) for row in shown] == [
                (PETER, 1)], shown
        expect(submit(w, compose(ALICE), "peter", sender=PETER), "550 5.7.1 ")
