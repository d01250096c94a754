/*
 * conf: every error has its line, says what is wrong and what to do.
 */
#include "test.h"

#include "conf/conf.h"

static const struct {
	const char	*name, *text;
	const char	*want;		/* each line begins with "t:" */
} rows[] = {
	{ "unknown option",
	    "mode = enforce\nsokcet = x\n",
	    "t:2: unknown option \"sokcet\"; did you mean \"socket\"?" },
	{ "unknown option in a section",
	    "listener mx {\n daemon-ports = 25\n requre-auth = yes\n}",
	    "t:3: unknown option \"requre-auth\" in section listener; did "
	    "you mean \"require-auth\"?" },
	{ "unknown option, none is near",
	    "frobnicate = yes",
	    "t:1: unknown option \"frobnicate\"; see millgate.conf(5)" },
	{ "an option of another section",
	    "require-auth = yes",
	    "t:1: unknown option \"require-auth\"; it belongs in a section "
	    "listener { }" },
	{ "an option that stands outside",
	    "listener mx { authserv-id = mx.example.net }",
	    "t:1: unknown option \"authserv-id\" in section listener; it "
	    "belongs outside of sections" },
	{ "unknown section",
	    "lisener mx { }",
	    "t:1: unknown option \"lisener\"; did you mean \"listener\"?" },
	{ "not a number",
	    "resolver { timeout = soon }",
	    "t:1: resolver: timeout = \"soon\" is not a number; write one "
	    "between 1 and 240" },
	{ "hexadecimal",
	    "resolver { timeout = 0x10 }",
	    "t:1: resolver: timeout = \"0x10\" is not a number; write one "
	    "between 1 and 240" },
	{ "negative",
	    "resolver { timeout = -1 }",
	    "t:1: resolver: timeout = \"-1\" is not a number; write one "
	    "between 1 and 240" },
	{ "too small",
	    "resolver {\n timeout = 0 }",
	    "t:2: resolver: timeout = \"0\" must be between 1 and 240" },
	{ "too large",
	    "resolver { timeout = 241 }",
	    "t:1: resolver: timeout = \"241\" must be between 1 and 240" },
	{ "beyond any integer",
	    "resolver { timeout = 99999999999999999999999999 }",
	    "t:1: resolver: timeout = \"99999999999999999999999999\" must be "
	    "between 1 and 240" },
	{ "empty number",
	    "resolver { timeout = \"\" }",
	    "t:1: resolver: timeout = \"\" is not a number; write one "
	    "between 1 and 240" },
	{ "max-queries",
	    "resolver { max-queries = 5 }",
	    "t:1: resolver: max-queries = \"5\" must be between 800 and "
	    "10000" },
	{ "not yes or no",
	    "listener a { local = maybe }",
	    "t:1: listener a: local = \"maybe\" must be yes or no" },
	{ "unknown word",
	    "quota { action = drop }",
	    "t:1: quota: action = \"drop\" must be one of: hold, defer, "
	    "reject" },
	{ "a word of another option",
	    "quota { on-store-failure = reject }",
	    "t:1: quota: on-store-failure = \"reject\" must be one of: "
	    "accept, defer" },
	{ "mode",
	    "mode = off",
	    "t:1: mode = \"off\" must be one of: enforce, monitor" },
	{ "direction",
	    "listener a { daemon-ports = 25 direction = outbound }",
	    "t:1: listener a: direction = \"outbound\" must be one of: "
	    "inbound, submission" },
	{ "second factor",
	    "listener a { daemon-ports = 25 direction = submission "
	    "second-factor = yes }",
	    "t:1: listener a: second-factor = \"yes\" must be one of: none, "
	    "token-or-certificate" },
	{ "min-tls",
	    "listener a { daemon-ports = 587 direction = submission min-tls "
	    "= \"TLSv2\" }",
	    "t:1: listener a: min-tls = \"TLSv2\" must be one of: TLSv1, "
	    "TLSv1.1, TLSv1.2, TLSv1.3" },
	{ "min-tls-bits",
	    "listener a { daemon-ports = 587 direction = submission "
	    "min-tls-bits = 4096 }",
	    "t:1: listener a: min-tls-bits = \"4096\" must be between 0 and "
	    "512" },
	{ "mechanism",
	    "listener a { daemon-ports = 587 direction = submission "
	    "mechanisms = {\"PLAIN LOGIN\"} }",
	    "t:1: listener a: mechanisms = \"PLAIN LOGIN\" is not a SASL "
	    "mechanism; write its name, for example PLAIN" },
	{ "port",
	    "listener a { daemon-ports = {25, 70000, smtp} }",
	    "t:1: listener a: daemon-ports = \"70000\" is not a port; write "
	    "a number between 1 and 65535\nt:1: listener a: daemon-ports = "
	    "\"smtp\" is not a port; write a number between 1 and 65535" },
	{ "daemon address",
	    "listener a { daemon-addrs = {\"mx\"} }",
	    "t:1: listener a: daemon-addrs = \"mx\" is not an IP address; "
	    "write for example 192.0.2.1 or 2001:db8::1" },
	{ "two plans of one name",
	    "plan a { }\nplan a { }",
	    "t:2: found duplicate title 'a'; merge the two sections" },
	{ "two plans that differ in case",
	    "plan Trial { }\nplan trial { }",
	    "t:2: plan trial: a plan of this name exists already (case does "
	    "not matter); remove one of the two" },
	{ "two listeners of one name",
	    "listener a { daemon-ports = 1 }\n\nlistener a { daemon-ports = "
	    "2 }",
	    "t:3: found duplicate title 'a'; merge the two sections" },
	{ "a database without a query",
	    "\nusers-database = /var/lib/mail/users.db",
	    "t:2: users-database has no effect without users-query; set "
	    "users-query" },
	{ "a query without a database",
	    "users-query = \"SELECT 1\"",
	    "t:1: users-query has no effect without users-database; set "
	    "users-database" },
	{ "local domains without tables",
	    "\nlocal-domains = {\"example.org\"}",
	    "t:2: local-domains has no effect without sender-login-maps; "
	    "remove it or set sender-login-maps" },
	{ "a table of an indexed type",
	    "\nsender-login-maps = {\"hash:/etc/x\"}",
	    "t:2: sender-login-maps: hash:/etc/x is an indexed file, which is "
	    "not supported; run \"postmap -s hash:/etc/x >/etc/x.texthash\" "
	    "and write texthash:/etc/x.texthash" },
	{ "a table with a wrong text",
	    "\nsender-login-maps = {\"inline:{a=b}\", \"inline:{a}\"}",
	    "t:2: sender-login-maps: inline:{a} has no \"=\"; write "
	    "inline:{ADDRESS=LOGIN, {ADDRESS = LOGIN, LOGIN}}" },
	{ "two groups that differ in case",
	    "group a { domains = a.example }\ngroup A { users = bob }",
	    "t:2: group A: a group of this name exists already (case does "
	    "not matter); remove one of the two" },
	{ "a group's name",
	    "group \"a b\" { domains = a.example }",
	    "t:1: group a b: the name is not valid; use letters, digits and "
	    "hyphens" },
	{ "a group of nobody",
	    "\ngroup a { plan = trial }",
	    "t:2: group a: has no members; set domains or users" },
	{ "a group's members and plan",
	    "group a { domains = {\"a@b\"}\nusers = {\"a b\"}\n"
	    "plan = gold\nmessages-per-hour = -1 }",
	    "t:1: group a: domains = \"a@b\" is not a domain; write "
	    "example.org, or .example.org for its subdomains\nt:2: group a: "
	    "users = \"a b\" is not a valid login; write it without blanks, "
	    "at most 255 characters long\nt:3: group a: plan = \"gold\" is "
	    "not a plan; write a plan section of that name\nt:4: group a: "
	    "messages-per-hour = \"-1\" is not a number; write one between 0 "
	    "and 1000000000, or unlimited" },
	{ "a login in too many groups",
	    "group a { domains = x.example }\n"
	    "group b { domains = .example }\n"
	    "group c { users = {\"bob\", \"Al@x.example\"} }\n"
	    "group d { users = {\"al@X.example\"} }",
	    "t:4: group d: al@x.example would be in more than 3 groups: c, "
	    "d, a and b; remove it from one of them" },
	{ "a domain in too many groups",
	    "group a { domains = {x.example, .x.example} }\n"
	    "group b { domains = .example }\n"
	    "group c { domains = {x.example, .x.example} }\n"
	    "group d { domains = {.x.example} }",
	    "t:4: group d: a login of x.x.example would be in more than 3 "
	    "groups: a, c, d and b; remove it from one of them" },
	{ "two users that differ in case",
	    "user bob { }\nuser BOB { }",
	    "t:2: user BOB: the login has an entry already (case does not "
	    "matter); remove one of the two" },
	{ "two users, one without login-domain",
	    "user bob { }\nuser BOB@example.org { }\n"
	    "login-domain = example.org\nuser Al@example.org { }\n"
	    "user al { }",
	    "t:2: user BOB@example.org: the login has an entry already (case "
	    "does not matter); remove one of the two\n"
	    "t:5: user al: the login is al@example.org by login-domain, which "
	    "has an entry already; remove one of the two" },
	{ "an address as login-domain",
	    "login-domain = \"a@example.org\"",
	    "t:1: login-domain = \"a@example.org\" is not a domain; write "
	    "example.org" },
	{ "a pattern as login-domain",
	    "login-domain = \".example.org\"",
	    "t:1: login-domain = \".example.org\" is not a domain; write "
	    "example.org" },
	{ "two users",
	    "user bob { }\nuser bob { }",
	    "t:2: found duplicate title 'bob'; merge the two sections" },
	{ "set twice",
	    "mode = enforce\nmode = monitor",
	    "t:2: mode is set twice; remove one of the two" },
	{ "default plan",
	    "default-plan = gold",
	    "t:1: default-plan = \"gold\" is not a plan; write a plan "
	    "section of that name" },
	{ "a user's plan",
	    "user bob {\n plan = gold\n}",
	    "t:2: user bob: plan = \"gold\" is not a plan; write a plan "
	    "section of that name" },
	{ "a listener's plan",
	    "listener a {\n local = yes direction = submission\n"
	    " plan = gold\n}",
	    "t:3: listener a: plan = \"gold\" is not a plan; write a plan "
	    "section of that name" },
	{ "a plan of inbound mail",
	    "listener a {\n daemon-ports = {25}\n plan = trial\n}",
	    "t:3: listener a: plan has no effect on an inbound listener; "
	    "write direction = submission" },
	{ "a plan's limit",
	    "plan a { recipients-per-hour = many }",
	    "t:1: plan a: recipients-per-hour = \"many\" is not a number; "
	    "write one between 0 and 1000000000, or unlimited" },
	{ "a limit of bytes",
	    "plan a { bytes-per-day = \"2T\"\nbytes-per-message = 25MB }",
	    "t:1: plan a: bytes-per-day = \"2T\" is not a size; write a "
	    "number of bytes, or one with K, M or G after it, between 0 and "
	    "1048576G, or unlimited\nt:2: plan a: bytes-per-message = "
	    "\"25MB\" is not a size; write a number of bytes, or one with "
	    "K, M or G after it, between 0 and 1048576G, or unlimited" },
	{ "a limit that is too high",
	    "group g { users = {\"a\"} bytes-per-hour = 1048577G }",
	    "t:1: group g: bytes-per-hour = \"1048577G\" must be between 0 "
	    "and 1048576G, or unlimited" },
	{ "a window that does not exist",
	    "plan a { recipients-per-days = 1 }",
	    "t:1: unknown option \"recipients-per-days\" in section plan; "
	    "did you mean \"recipients-per-day\"?" },
	{ "the bytes of a recipient",
	    "quota { bytes-count = recipient }",
	    "t:1: quota: bytes-count = \"recipient\" must be one of: message, "
	    "delivered" },
	{ "a plan's name",
	    "plan \"a b\" { }",
	    "t:1: plan a b: the name is not valid; use letters, digits and "
	    "hyphens" },
	{ "a user's name",
	    "user \"a b\" { }",
	    "t:1: user a b: the login is not valid; write it without "
	    "blanks, at most 255 characters long" },
	{ "an empty user",
	    "\nuser \"\" { }",
	    "t:2: user : the login is not valid; write it without blanks, "
	    "at most 255 characters long" },
	{ "sender",
	    "user bob { senders = {\"example.org\", \"@\", \"a b@x.org"
	    "\", \"@*.x.org\"} }",
	    "t:1: user bob: senders = \"example.org\" is not a sender; write "
	    "user@domain, @domain, @.domain (its subdomains) or *\nt:1: user "
	    "bob: senders = \"@\" is not a sender; write user@domain, "
	    "@domain, @.domain (its subdomains) or *\nt:1: user bob: senders "
	    "= \"a b@x.org\" is not a sender; write user@domain, @domain, "
	    "@.domain (its subdomains) or *\nt:1: user bob: senders = "
	    "\"@*.x.org\" is not a sender; write user@domain, @domain, "
	    "@.domain (its subdomains) or *" },
	{ "networks",
	    "user bob { networks = {\"192.0.2.0/33\", \"example.org\"} }",
	    "t:1: user bob: networks = \"192.0.2.0/33\" is not a network; "
	    "write 192.0.2.0/24, 2001:db8::/32 or an address\nt:1: user bob: "
	    "networks = \"example.org\" is not a network; write "
	    "192.0.2.0/24, 2001:db8::/32 or an address" },
	{ "socket",
	    "socket = 8899",
	    "t:1: socket = \"8899\" is not a socket; write unix:PATH, "
	    "inet:PORT@HOST or inet6:PORT@HOST" },
	{ "socket without port",
	    "socket = \"inet:@127.0.0.1\"",
	    "t:1: socket = \"inet:@127.0.0.1\" must have a port between 1 "
	    "and 65535; write inet:PORT@HOST" },
	{ "socket port",
	    "socket = \"inet:66000@127.0.0.1\"",
	    "t:1: socket = \"inet:66000@127.0.0.1\" must have a port between "
	    "1 and 65535; write inet:PORT@HOST" },
	{ "a port alone would listen on all addresses",
	    "socket = \"inet:8899\"",
	    "t:1: socket = \"inet:8899\" has no host, so every host could "
	    "connect; write inet:8899@127.0.0.1" },
	{ "an IPv6 port alone",
	    "socket = inet6:8899",
	    "t:1: socket = \"inet6:8899\" has no host, so every host could "
	    "connect; write inet6:8899@::1" },
	{ "socket without host",
	    "socket = \"inet:8899@\"",
	    "t:1: socket = \"inet:8899@\" must have a host after @; write "
	    "inet:PORT@HOST" },
	{ "relative unix socket",
	    "socket = unix:run/m.sock",
	    "t:1: socket = \"unix:run/m.sock\" is not an absolute path; "
	    "write for example unix:/run/millgate/millgate.sock" },
	{ "long unix socket",
	    "socket = \"unix:/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxx\"",
	    "t:1: socket = "
	    "\"unix:/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.."
	    ".\" is too long for a socket; choose a shorter path" },
	{ "empty socket",
	    "socket = \"\"",
	    "t:1: socket = \"\" is not a socket; write unix:PATH, "
	    "inet:PORT@HOST or inet6:PORT@HOST" },
	{ "socket-mode on an inet socket",
	    "socket = inet:1@::1 socket-mode = \"0660\"",
	    "t:1: socket-mode has no effect on an inet socket; remove it or "
	    "use unix:PATH" },
	{ "socket-owner on an inet socket",
	    "socket = inet:1@::1\nsocket-owner = \"a:b\"",
	    "t:2: socket-owner has no effect on an inet socket; remove it or "
	    "use unix:PATH" },
	{ "socket-group on an inet socket",
	    "socket = inet:1@::1\nsocket-group = mta",
	    "t:2: socket-group has no effect on an inet socket; remove it or "
	    "use unix:PATH" },
	{ "socket-group beside socket-owner",
	    "socket-owner = \"a:b\"\nsocket-group = mta",
	    "t:2: socket-group has no effect with socket-owner, which also "
	    "names a group; remove one of the two" },
	{ "socket-group without its permission",
	    "socket-mode = \"0600\"\nsocket-group = mta",
	    "t:2: socket-group has no effect with socket-mode = 0600; write "
	    "socket-mode = \"0660\"" },
	{ "socket-group",
	    "socket-group = \"a:b\"",
	    "t:1: socket-group = \"a:b\" is not a group name; write the "
	    "name of a system group" },
	{ "socket-mode",
	    "socket = unix:/s socket-mode = 9660",
	    "t:1: socket-mode = \"9660\" is not a file mode; write it like "
	    "\"0660\"" },
	{ "socket-owner",
	    "socket = unix:/s socket-owner = postfix",
	    "t:1: socket-owner = \"postfix\" is not an owner; write "
	    "user:group" },
	{ "authserv-id",
	    "authserv-id = \"mx\"",
	    "t:1: authserv-id = \"mx\" is not a domain; write the host name "
	    "of this service, for example mx.example.net" },
	{ "authserv-id with blanks",
	    "authserv-id = \"mx example.net\"",
	    "t:1: authserv-id = \"mx example.net\" is not a domain; write "
	    "the host name of this service, for example mx.example.net" },
	{ "a password in the URL of the state",
	    "state = \"redis://:secret@host/0\"",
	    "t:1: state = \"redis://:...@host/0\" contains a password; "
	    "write it into a file and set state-password-file" },
	{ "a password with characters that end the part of a URL",
	    "users-database = \"pgsql://u:p@/?ss@h/d\"\nusers-query = \"$1\"",
	    "t:1: users-database = \"pgsql://u:...@h/d\" has an unknown "
	    "option; the only one is ?tls=no" },
	{ "a password in a URL with an unknown name",
	    "users-database = \"mariadb://u:secret@h/d\"\n"
	    "users-query = \"$1\"",
	    "t:1: users-database = \"mariadb://u:...@h/d\" begins with "
	    "mariadb://, which is not known; write mysql:// for MariaDB" },
	{ "a password as an option of a URL",
	    "users-database = \"pgsql://u@h/d?password=secret\"\n"
	    "users-query = \"$1\"",
	    "t:1: users-database = \"pgsql://u@h/d?password=...\" has an "
	    "unknown option; the only one is ?tls=no" },
	{ "a password for a state file",
	    "state-password-file = \"/x\"",
	    "t:1: state-password-file has no effect on a state file; remove "
	    "it or write state = \"redis://HOST:PORT/0\"" },
	{ "authorities without TLS",
	    "state = \"redis://host\"\nstate-ca-file = \"/x\"",
	    "t:2: state-ca-file has no effect without TLS; remove it or "
	    "write state = \"rediss://HOST:PORT/0\"" },
	{ "outcomes on a server",
	    "state = \"redis://host\"\ndmarc {\n record-outcomes = yes }",
	    "t:3: dmarc: record-outcomes needs a state file; remove it or "
	    "write state = \"/path/to/state.db\"" },
	{ "relative state",
	    "state = state.db",
	    "t:1: state = \"state.db\" is not an absolute path; write "
	    "/path/to/state.db or redis://HOST:PORT/NUMBER" },
	{ "user",
	    "user = \"a b\"",
	    "t:1: user = \"a b\" is not a user name; write the name of a "
	    "system user" },
	{ "pid file",
	    "pid-file = millgate.pid",
	    "t:1: pid-file = \"millgate.pid\" is not an absolute path; begin "
	    "it with /" },
	{ "delimiter",
	    "recipient-delimiter = \"+-\"",
	    "t:1: recipient-delimiter = \"+-\" is not a delimiter; write one "
	    "character, for example + or -, or an empty string" },
	{ "header fields",
	    "max-header-fields = 1",
	    "t:1: max-header-fields = \"1\" must be between 100 and 100000" },
	{ "header bytes",
	    "max-header-bytes = 17M",
	    "t:1: max-header-bytes = \"17M\" must be between 16K and 16M" },
	{ "a size that overflows",
	    "max-memory = 99999999999999999999G",
	    "t:1: max-memory = \"99999999999999999999G\" must be between 64M "
	    "and 1024G, or unlimited" },
	{ "not a size",
	    "max-memory = 1.5G",
	    "t:1: max-memory = \"1.5G\" is not a size; write a number of "
	    "bytes, or one with K, M or G after it, between 64M and 1024G, "
	    "or unlimited" },
	{ "too many sessions",
	    "max-sessions = 0",
	    "t:1: max-sessions = \"0\" must be between 1 and 1000000" },
	{ "name server",
	    "resolver { servers = {\"ns.example.net\", \"192.0.2.1@0\"} }",
	    "t:1: resolver: servers = \"ns.example.net\" is not a name "
	    "server; write ADDRESS or ADDRESS@PORT\nt:1: resolver: servers = "
	    "\"192.0.2.1@0\" must have a port between 1 and 65535 after @" },
	{ "trust anchor",
	    "resolver { trust-anchor = root.key }",
	    "t:1: resolver: trust-anchor = \"root.key\" is not an absolute "
	    "path; begin it with /" },
	{ "warn-at: no percentages",
	    "quota { warn-at = {0, 101, most} }",
	    "t:1: quota: warn-at = \"0\" must be between 1 and 100\nt:1: "
	    "quota: warn-at = \"101\" must be between 1 and 100\nt:1: quota: "
	    "warn-at = \"most\" is not a number; write one between 1 and 100" },
	{ "warn-at: one for each percent",
	    "quota { warn-at = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, "
	    "15, 16, 17} }",
	    "t:1: quota: warn-at = \"17\" is one too many; at most 16 are "
	    "allowed" },
	{ "notify-command: a name that would be looked up",
	    "quota { notify-command = \"mail root\" }",
	    "t:1: quota: notify-command = \"mail root\" is not an absolute "
	    "path; write /path/to/program, followed by its arguments" },
	{ "notify-command: what only a shell knows",
	    "quota { notify-command = \"/bin/mail 'a b' \" }",
	    "t:1: quota: notify-command = \"/bin/mail 'a b' \" has quotes or "
	    "variables, but no shell runs it; write a script and name it "
	    "here" },
	{ "users-file",
	    "users-file = /etc/millgate/users",
	    "t:1: users-file is not allowed here; write user sections" },
	{ "include",
	    "include(\"other.conf\")",
	    "t:1: include() is not allowed here; write the options "
	    "themselves" },
	{ "include of nothing",
	    "include()",
	    "t:1: parentheses are only allowed in include(\"/path/to/file\")" },
	{ "include of two files",
	    "\ninclude(\"a\", \"b\")",
	    "t:2: parentheses are only allowed in include(\"/path/to/file\")" },
	{ "include without quotes",
	    "include(/etc/a.conf)",
	    "t:1: parentheses are only allowed in include(\"/path/to/file\")" },
	{ "unfinished include",
	    "include(\"a\"",
	    "t:1: parentheses are only allowed in include(\"/path/to/file\")" },
	{ "stray parenthesis",
	    "mode = enforce )",
	    "t:1: unexpected token ')'; look for a missing comma, quote or "
	    "brace before it" },
	{ "a string for an include",
	    "include \"a\"",
	    "t:1: missing parenthesis for function 'include'; write "
	    "include(\"/path/to/file\")" },
	{ "signing table without key table",
	    "signing {\n signing-table = \"refile:/t\" }",
	    "t:2: signing: signing-table has no effect without key-table; "
	    "set key-table" },
	{ "key table without signing table",
	    "signing { key-table = /t }",
	    "t:1: signing: key-table has no effect without signing-table; "
	    "set signing-table" },
	{ "all matches of no table",
	    "signing { all-matches = yes key-directory = /k }",
	    "t:1: signing: all-matches has no effect without signing-table; "
	    "remove it or set signing-table" },
	{ "a table that is not a regular file",
	    "signing { key-table = \"ldap:x\" signing-table = /t }",
	    "t:1: signing: key-table = \"ldap:x\" is not a table; write "
	    "/path, file:/path or refile:/path" },
	{ "key directory",
	    "signing { key-directory = keys }",
	    "t:1: signing: key-directory = \"keys\" is not an absolute path; "
	    "begin it with /" },
	{ "canonicalization",
	    "signing { canonicalization = relaxed }",
	    "t:1: signing: canonicalization = \"relaxed\" is not a "
	    "canonicalization; use relaxed/relaxed, relaxed/simple, "
	    "simple/relaxed or simple/simple" },
	{ "oversign",
	    "signing { oversign = {\"From:\"} }",
	    "t:1: signing: oversign = \"From:\" is not a header field name; "
	    "write it without a colon" },
	{ "skip-fields",
	    "signing { skip-fields = {\"To\", \"from\"} }",
	    "t:1: signing: skip-fields = \"from\" must be signed (RFC 6376 "
	    "5.4); remove it" },
	{ "ttl",
	    "signing { ttl = 1d }",
	    "t:1: signing: ttl = \"1d\" is not a number; write one between 0 "
	    "and 31536000" },
	{ "weak keys",
	    "dkim { min-key-bits = 512 }",
	    "t:1: dkim: min-key-bits = \"512\" must be between 1024 and 8192" },
	{ "replaces",
	    "override a { networks = {192.0.2.1} replaces = dkim }",
	    "t:1: override a: replaces = \"dkim\" must be one of: dmarc, "
	    "spf, both" },
	{ "dmarc",
	    "dmarc { on-reject = bounce }",
	    "t:1: dmarc: on-reject = \"bounce\" must be one of: accept, tag, "
	    "hold, defer, reject" },
	{ "a listener that matches nothing",
	    "\nlistener a { direction = submission }",
	    "t:2: listener a: matches no connection; set daemon-ports, "
	    "daemon-names, daemon-addrs, client-networks or local" },
	{ "client-networks that are covered",
	    "listener a { client-networks = {192.0.2.0/24} }\n"
	    "listener b { daemon-ports = 25 client-networks = "
	    "{192.0.2.0/25} }",
	    "t:2: listener b: never matches: listener a matches all its "
	    "connections first; change one of the two" },
	{ "local with ports",
	    "listener a { local = yes\n daemon-ports = 587 }",
	    "t:2: listener a: daemon-ports has no effect on a local "
	    "listener: mail of sendmail(1) has no connection and no login; "
	    "remove it" },
	{ "local with a login",
	    "listener a { local = yes direction = submission\n require-auth "
	    "= yes }",
	    "t:2: listener a: require-auth has no effect on a local "
	    "listener: mail of sendmail(1) has no connection and no login; "
	    "remove it" },
	{ "local without the null sender",
	    "listener a { local = yes direction = submission\n null-sender "
	    "= no }",
	    "t:2: listener a: null-sender = no has no effect on a local "
	    "listener: mail of sendmail(1) may have any sender; remove it" },
	{ "inbound without the null sender",
	    "listener a { daemon-ports = 25\n null-sender = no }",
	    "t:2: listener a: null-sender = no has no effect on an inbound "
	    "listener, where bounces arrive; remove it" },
	{ "local with TLS",
	    "listener a { local = yes direction = submission require-tls = "
	    "yes }",
	    "t:1: listener a: require-tls has no effect on a local listener: "
	    "mail of sendmail(1) has no connection and no login; remove it" },
	{ "inbound with a login",
	    "listener a { daemon-ports = 587\n require-auth = yes }",
	    "t:2: listener a: require-auth has no effect on an inbound "
	    "listener; write direction = submission" },
	{ "inbound with mechanisms",
	    "listener a { daemon-ports = 587 mechanisms = PLAIN }",
	    "t:1: listener a: mechanisms has no effect on an inbound "
	    "listener; write direction = submission" },
	{ "TLS version without TLS",
	    "listener a { daemon-ports = 587 direction = submission "
	    "require-tls = no min-tls = \"TLSv1.3\" }",
	    "t:1: listener a: min-tls has no effect on a listener without "
	    "require-tls; write require-tls = yes" },
	{ "plaintext beyond loopback",
	    "listener a { daemon-ports = 587 direction = submission "
	    "require-tls = no\n allow-plaintext = {\"127.0.0.1\",\n "
	    "\"192.0.2.1\", \"127.0.0.0/7\", \"::/127\", "
	    "\"::ffff:127.0.0.0/103\", \"::ffff:127.0.0.0/104\"} }",
	    "t:3: listener a: allow-plaintext = \"192.0.2.1\" is not limited "
	    "to loopback; write 127.0.0.0/8, ::1 or a part of them\nt:3: "
	    "listener a: allow-plaintext = \"127.0.0.0/7\" is not limited to "
	    "loopback; write 127.0.0.0/8, ::1 or a part of them\nt:3: "
	    "listener a: allow-plaintext = \"::/127\" is not limited to "
	    "loopback; write 127.0.0.0/8, ::1 or a part of them\nt:3: "
	    "listener a: allow-plaintext = \"::ffff:127.0.0.0/103\" is not "
	    "limited to loopback; write 127.0.0.0/8, ::1 or a part of them" },
	{ "plaintext beside TLS",
	    "listener a { daemon-ports = 587 direction = submission\n "
	    "allow-plaintext = {\"127.0.0.1\"} }",
	    "t:2: listener a: allow-plaintext has no effect on a listener "
	    "that requires TLS; write require-tls = no" },
	{ "a relay that is not there",
	    "relay office { networks = {\"192.0.2.0/24\"} senders = "
	    "{\"@example.org\"} }\nlistener a { daemon-ports = 587 "
	    "direction = submission\n relay-for = {\"office\", \"ofice\"} }",
	    "t:3: listener a: relay-for = \"ofice\" is not a relay; write a "
	    "relay section of that name" },
	{ "a relay of nothing",
	    "\nrelay office { plan = premium }",
	    "t:2: relay office: networks is required\nt:2: relay office: "
	    "senders is required" },
	{ "a relay's name",
	    "relay \"my office\" { networks = {\"192.0.2.0/24\"} senders = "
	    "{\"@example.org\"} }",
	    "t:1: relay my office: the name is not valid; use letters, "
	    "digits and hyphens" },
	{ "a relay of inbound mail",
	    "relay office { networks = {\"192.0.2.0/24\"} senders = "
	    "{\"@example.org\"} }\nlistener a { daemon-ports = 25 "
	    "relay-for = {\"office\"} }",
	    "t:2: listener a: relay-for has no effect on an inbound "
	    "listener; write direction = submission" },
	{ "certificates",
	    "user bob { certificates = {\"Bob\", \"CN=Bob,O=X\", \"/O=X\", "
	    "\"/Bob\"}\n certificate-issuer = \"O=X\" }",
	    "t:1: user bob: certificates = \"CN=Bob,O=X\" is not the name of "
	    "a certificate; write the common name, or the whole subject, for "
	    "example /O=Example/CN=alice\nt:1: user bob: certificates = "
	    "\"/O=X\" has no /CN=; write a subject with a common name\nt:1: "
	    "user bob: certificates = \"/Bob\" has no /CN=; write a subject "
	    "with a common name\nt:2: user bob: certificate-issuer = \"O=X\" "
	    "is not the name of a certificate; write the common name, or the "
	    "whole subject, for example /O=Example/CN=alice" },
	{ "certificates of inbound mail",
	    "listener a { daemon-ports = 25\n certificate-issuers = "
	    "{\"CA\"} }",
	    "t:2: listener a: certificate-issuers has no effect on an inbound "
	    "listener; write direction = submission" },
	{ "a tier's name",
	    "tier \"a b\" { }",
	    "t:1: tier a b: the name is not valid; use letters, digits and "
	    "hyphens" },
	{ "what a tier is about",
	    "tier a { mechanisms = {\"pass word\"}\n senders = {\"own\"}\n"
	    "min-tls = \"1.3\" plan = gold }",
	    "t:1: tier a: mechanisms = \"pass word\" is not a SASL "
	    "mechanism; write its name, for example PLAIN\nt:3: tier a: "
	    "min-tls = \"1.3\" must be one of: TLSv1, TLSv1.1, TLSv1.2, "
	    "TLSv1.3\nt:3: tier a: plan = \"gold\" is not a plan; write a "
	    "plan section of that name\nt:2: tier a: senders = \"own\" is "
	    "not a sender; write user@domain, @domain, @.domain (its "
	    "subdomains) or *" },
	{ "a tier behind one for all",
	    "tier rest { }\ntier token { mechanisms = {\"token\"} }",
	    "t:2: tier token: is never reached: tier rest matches all its "
	    "sessions first; move this section before that one" },
	{ "a tier behind one that asks for less",
	    "tier weak { mechanisms = {\"SCRAM\", \"LOGIN\", \"XOAUTH2\"} "
	    "min-tls = \"TLSv1.2\" }\ntier a { mechanisms = "
	    "{\"scram-sha-1\"} min-tls = \"TLSv1.2\" }\ntier b { "
	    "mechanisms = {\"login\", \"scram\"} min-tls = \"TLSv1.3\" "
	    "certificate = yes }\ntier c { mechanisms = {\"token\"} min-tls "
	    "= \"TLSv1.3\" }\ntier d { mechanisms = {\"scram\"} }",
	    "t:2: tier a: is never reached: tier weak matches all its "
	    "sessions first; move this section before that one\nt:3: tier b: "
	    "is never reached: tier weak matches all its sessions first; "
	    "move this section before that one" },
	{ "local with networks",
	    "listener a { local = yes networks = {\"127.0.0.1\"} }",
	    "t:1: listener a: networks has no effect on a local listener: "
	    "mail of sendmail(1) has no connection and no login; remove it" },
	{ "a listener hidden by another",
	    "listener a { daemon-ports = {25, 587} }\nlistener b { "
	    "daemon-ports = 25 daemon-names = x }",
	    "t:2: listener b: never matches: listener a matches all its "
	    "connections first; change one of the two" },
	{ "two listeners share a port",
	    "listener a { daemon-ports = {25, 587} }\nlistener b { "
	    "daemon-ports = {465, 587} }",
	    "t:2: listener b: shares port 587 with listener a; give the port "
	    "to one of the two" },
	{ "two local listeners",
	    "listener a { local = yes }\nlistener b { local = yes }",
	    "t:2: listener b: never matches: listener a matches all its "
	    "connections first; change one of the two" },
	{ "missing equal sign",
	    "mode enforce",
	    "t:1: missing equal sign after option 'mode'; write option = "
	    "value" },
	{ "missing brace",
	    "spf on-fail = tag",
	    "t:1: missing opening brace for section 'spf'; write { after the "
	    "name; quote a name with blanks" },
	{ "missing title",
	    "user { }",
	    "t:1: missing title for section 'user'; write a name before "
	    "the {" },
	{ "unclosed section",
	    "mode = enforce\nspf {\n on-fail = tag\n",
	    "t:2: the { on this line is not closed; write the missing }" },
	{ "closing brace",
	    "mode = enforce }",
	    "t:1: unexpected closing brace; remove it, or write the "
	    "missing {" },
	{ "missing comma",
	    "resolver { servers = {192.0.2.1 192.0.2.2} }",
	    "t:1: unexpected token '192.0.2.2'; look for a missing comma, "
	    "quote or brace before it" },
	{ "a list for one value",
	    "mode = {enforce}",
	    "t:1: unexpected token '{'; look for a missing comma, quote or "
	    "brace before it" },
	{ "appending to one value",
	    "mode += enforce",
	    "t:1: attempt to append to non-list option 'mode'; write = "
	    "instead of +=" },
	{ "nothing behind =",
	    "mode =",
	    "t:2: premature end of file; the last option is not complete" },
	{ "unfinished string",
	    "authserv-id = \"mx.example.net\nmode = enforce\n",
	    "t:1: this string is not closed; write the quote at its end, on "
	    "the same line" },
	{ "unfinished comment",
	    "mode = enforce\n/* mode\n",
	    "t:2: this comment is not closed; write */ at its end" },
	{ "escape",
	    "authserv-id = \"mx\\x41\"",
	    "t:1: unknown escape in a string; only \\\" and \\\\ are "
	    "allowed, in double quotes" },
	{ "escape in single quotes",
	    "authserv-id = 'mx\\''",
	    "t:1: unknown escape in a string; only \\\" and \\\\ are "
	    "allowed, in double quotes" },
	{ "variable",
	    "\nauthserv-id = ${HOSTNAME}",
	    "t:2: variables are not supported; write the value itself" },
	{ "bare star",
	    "user bob { senders = {*} }",
	    "t:1: * and + are only allowed in strings; write quotes around "
	    "the value" },
	{ "bare plus",
	    "recipient-delimiter = +",
	    "t:1: * and + are only allowed in strings; write quotes around "
	    "the value" },
	{ "control character",
	    "mode = \001enforce",
	    "t:1: control character; remove it" },
	{ "control character in a string",
	    "authserv-id = \"mx\002\"",
	    "t:1: control character in the value of authserv-id; remove "
	    "it\nt:1: authserv-id = \"mx\\x02\" is not a domain; write the "
	    "host name of this service, for example mx.example.net" },
	{ "the mark of libconfuse's user option",
	    "user\001 = root",
	    "t:1: control character; remove it" },
	{ "hidden option",
	    "user bob { \"(begin)\" = x }",
	    "t:1: unknown option \"(begin)\" in section user; see "
	    "millgate.conf(5)" },
	{ "nested names",
	    "\"user=x|plan\" = premium",
	    "t:1: no sub-section 'x' in 'user'; see millgate.conf(5)" },
	{ "C comments count their lines",
	    "/* one */ /* two\n*/\nmoode = x",
	    "t:3: unknown option \"moode\"; did you mean \"mode\"?" },
	{ "typing errors, values and contradictions at once",
	    "moode = enforce\nmode = off\nlistener a {\n"
	    "daemon-port = {\"25\", \"26\"} }\nmoode = monitor\n"
	    "user bob { plann = x }\nlistener b { local = yes\n"
	    "daemon-ports = 25 }",
	    "t:1: unknown option \"moode\"; did you mean \"mode\"?\n"
	    "t:4: unknown option \"daemon-port\" in section listener; did you "
	    "mean \"daemon-ports\"?\n"
	    "t:5: unknown option \"moode\"; did you mean \"mode\"?\n"
	    "t:6: unknown option \"plann\" in section user; did you mean "
	    "\"plan\"?\n"
	    "t:2: mode = \"off\" must be one of: enforce, monitor\n"
	    "t:8: listener b: daemon-ports has no effect on a local listener: "
	    "mail of sendmail(1) has no connection and no login; remove it" },
	{ "a section that does not exist, after a typing error",
	    "moode = enforce\nlisener mx { }",
	    "t:1: unknown option \"moode\"; did you mean \"mode\"?\n"
	    "t:2: unknown option \"lisener\"; did you mean \"listener\"?" },
	{ "a syntax error after a typing error",
	    "moode = enforce\nmode = {enforce}",
	    "t:1: unknown option \"moode\"; did you mean \"mode\"?\n"
	    "t:2: unexpected token '{'; look for a missing comma, quote or "
	    "brace before it" },
	{ "values and contradictions at once",
	    "mode = off\nsocket-mode = \"0600\" socket = "
	    "\"inet:8899@127.0.0.1\"\nlistener a { local = yes\n"
	    "daemon-ports = 25 }\nspf { on-fail = x }\ngroup g { }",
	    "t:1: mode = \"off\" must be one of: enforce, monitor\n"
	    "t:5: spf: on-fail = \"x\" must be one of: accept, tag, hold, "
	    "defer, reject\n"
	    "t:2: socket-mode has no effect on an inet socket; remove it or "
	    "use unix:PATH\n"
	    "t:4: listener a: daemon-ports has no effect on a local "
	    "listener: mail of sendmail(1) has no connection and no login; "
	    "remove it\n"
	    "t:6: group g: has no members; set domains or users" },
	{ "no guesses about a section whose values are wrong",
	    "listener a { daemon-ports = smtp }\nlistener b { daemon-ports = "
	    "25 }\ntier x { min-tls = y }\ntier z { min-tls = \"TLSv1.2\" }",
	    "t:1: listener a: daemon-ports = \"smtp\" is not a port; write "
	    "a number between 1 and 65535\n"
	    "t:3: tier x: min-tls = \"y\" must be one of: TLSv1, TLSv1.1, "
	    "TLSv1.2, TLSv1.3" },
	{ "all that is wrong at once",
	    "mode = off\nresolver { timeout = 0 }\nspf { on-fail = x }",
	    "t:1: mode = \"off\" must be one of: enforce, monitor\nt:2: "
	    "resolver: timeout = \"0\" must be between 1 and 240\nt:3: spf: "
	    "on-fail = \"x\" must be one of: accept, tag, hold, defer, "
	    "reject" },
};

static void
mistakes(void **state)
{
	struct conf	*c;
	char		*why;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		why = NULL;
		c = conf_load_text("t", rows[i].text, &why);
		if (c != NULL || why == NULL || strcmp(why, rows[i].want) != 0)
			row_fail(rows[i].name, "got %s\nwant %s",
			    why != NULL ? why : "none", rows[i].want);
		free(why);
	}
}

#define EVERY_HOST "every host that reaches this address can act as the " \
    "MTA, with any login; write socket = "				\
    "\"unix:/run/millgate/millgate.sock\" and socket-group = "		\
    "\"millgate-mta\" (see THE SOCKET in millgate(8)), or let a "	\
    "firewall admit the MTA alone"

static void
oddities(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} odd[] = {
		{ "root", "\nuser = root", "t:2: user = root keeps all "
		    "privileges; a separate user is safer" },
		{ "anybody", "\nunlisted-users = any", "t:2: unlisted-users "
		    "= any lets every login without an entry send as any "
		    "address; own-address is safer" },
		{ "a relay that nobody serves", "\nrelay a { networks = "
		    "{\"192.0.2.1\"} senders = {\"@x.org\"} }", "t:2: relay "
		    "a: no listener names it in relay-for, so its clients "
		    "need a login" },
		{ "a submission without a login", "listener l {\n"
		    "daemon-ports = 587 direction = submission\n"
		    "require-auth = no }", "t:3: listener l: clients without "
		    "a login may send as any address, unsigned; a relay "
		    "section limits the senders of its clients" },
		{ "a socket for all hosts", "\nsocket = inet:8899@0.0.0.0",
		    "t:2: socket = \"inet:8899@0.0.0.0\": " EVERY_HOST },
		{ "a socket at a public address", "socket = "
		    "inet6:8899@2001:db8::1", "t:1: socket = "
		    "\"inet6:8899@2001:db8::1\": " EVERY_HOST },
		{ "a socket at a name, which may be any address",
		    "socket = inet:8899@mx.example.net", "t:1: socket = "
		    "\"inet:8899@mx.example.net\": " EVERY_HOST },
		{ "a socket for all users", "socket-group = mta\n"
		    "socket-mode = \"0666\"", "t:2: socket-mode = 0666: "
		    "every user of this host can act as the MTA, with any "
		    "login; write socket-mode = \"0660\" and socket-group = "
		    "\"millgate-mta\"" },
		{ "a socket of a group", "socket-group = mta", "" },
		{ "a relay for all the world", "relay a { networks = "
		    "{\"192.0.2.1\",\n\"::/0\"} senders = {\"@x.org\"} "
		    "}\nlistener l { daemon-ports = 587 direction = "
		    "submission relay-for = {\"a\"} }", "t:1: relay a: "
		    "networks has all addresses, so no client needs a login; "
		    "write your own networks" },
		{ "both kinds of keys", "signing { key-directory = /k "
		    "key-table = /t signing-table = /s }", "t:1: signing: "
		    "key-table and signing-table are not used, because "
		    "key-directory is set; remove key-directory or both "
		    "tables" },
		{ "an hour that allows more than the day",
		    "plan a { recipients-per-day = 500\n"
		    "recipients-per-hour = 1000 }", "t:2: plan a: "
		    "recipients-per-hour has no effect, because "
		    "recipients-per-day allows 500 only" },
		{ "a message of more than a month, of a group",
		    "group g { users = {\"a\"} bytes-per-month = 1G\n"
		    "bytes-per-message = 2G }", "t:2: group g: "
		    "bytes-per-message has no effect, because "
		    "bytes-per-month allows 1G only" },
		{ "the limit of a built-in plan is not the file's",
		    "plan trial { recipients-per-day = 500 }", "" },
		{ "limits that all have an effect",
		    "plan a { recipients-per-message = 100 "
		    "recipients-per-hour = 1000 recipients-per-day = 10000 "
		    "messages-per-hour = 10 bytes-per-message = 25M }", "" },
	};
	struct conf	*c;
	char		*why = NULL;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(odd); i++) {
		c = conf_load_text("t", odd[i].text, &why);
		if (c == NULL)
			row_fail(odd[i].name, "%s", why);
		assert_string_equal(c->warnings, odd[i].want);
		conf_unref(&c);
	}
}

/* `form` with the value at its "%s". */
static void
print_form(char *text, size_t size, const char *form, const char *value)
{
	const char *at = strstr(form, "%s");

	snprintf(text, size, "%.*s%s%s", (int)(at - form), form, value,
	    at + 2);
}

/* What is on either side of each rule about the form of a value. */
static void
forms_of_values(void **state)
{
#define LONG_200 "aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbb" \
	"aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbb" \
	"aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbb" \
	"aaaaaaaaaabbbbbbbbbb"
	static const struct {
		const char	*form;		/* of the line */
		const char	*good[8], *bad[8];
		const char	*why;
	} forms[] = {
		{ "sandbox = \"%s\"", { "yes", "TRUE", "on", "no", "False",
		    "OFF" }, { "1", "", "yess", "y" }, "must be yes or no" },
		{ "socket = unix:/s socket-mode = \"%s\"", { "0660", "660",
		    "0600" }, { "66", "00660", "0680", "1660", "" },
		    "is not a file mode" },
		{ "socket = unix:/s socket-owner = \"%s\"", { "a:b" },
		    { "a", ":b", "a:", "a:b:c", "a b:c", "a/b:c", "a:b\tc" },
		    "is not an owner" },
		{ "user = \"%s\"", { "root" }, { "", "a b", "a:b", "a/b",
		    "a\tb" }, "is not a user name" },
		{ "quota { notify-command = \"%s\" }", { "/a", "/a b c",
		    "/a 1 2 3 4 5 6 7 8 9" }, { "a", "/a 'b", "/a `b`",
		    "/a $b" }, "write " },
		{ "tier t { mechanisms = {\"%s\"} }", { "PLAIN", "scram",
		    "X-9_a", "ABCDEFGHIJKLMNOPQRST" }, { "",
		    "ABCDEFGHIJKLMNOPQRSTU", "A B", "A;B" },
		    "is not a SASL mechanism" },
		{ "override o { author-domains = {a.example} reason = \"%s\" }",
		    { "a list", LONG_200 }, { "a\tb", "\303\244",
		    "x dkim=pass", LONG_200 "c" },
		    "is not allowed in a header field" },
	};
	char		 text[400], *why = NULL;
	struct conf	*c;
	size_t		 i, k;

	(void)state;
	for (i = 0; i < NELEM(forms); i++) {
		for (k = 0; k < 8 && forms[i].good[k] != NULL; k++) {
			print_form(text, sizeof(text), forms[i].form,
			    forms[i].good[k]);
			c = conf_load_text("t", text, &why);
			if (c == NULL)
				row_fail(text, "%s", why);
			conf_unref(&c);
		}
		for (k = 0; k < 8 && forms[i].bad[k] != NULL; k++) {
			print_form(text, sizeof(text), forms[i].form,
			    forms[i].bad[k]);
			c = conf_load_text("t", text, &why);
			if (c != NULL || strstr(why, forms[i].why) == NULL)
				row_fail(text, "%s", c != NULL ? "accepted" :
				    why);
			free(why);
		}
	}
#undef LONG_200
}

/* A file full of errors does not fill the log. */
static void
complaints_are_bounded(void **state)
{
	char	 text[20000] = "", *why = NULL, *p;
	size_t	 lines = 0;

	(void)state;
	while (strlen(text) < sizeof(text) - 100)
		strcat(text, "spf { on-fail = x }\n"
		    "spf { on-fail = y }\n");
	assert_null(conf_load_text("t", text, &why));
	assert_non_null(strstr(why, "\nt: and "));
	assert_string_equal(strrchr(why, ' ') - strlen("more; correct these"),
	    "more; correct these first");
	for (p = why; *p != '\0'; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 50);
	free(why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes),
		cmocka_unit_test(oddities),
		cmocka_unit_test(forms_of_values),
		cmocka_unit_test(complaints_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
