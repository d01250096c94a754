-- The tables of Postfixadmin that Postfix reads, in SQL that PostgreSQL,
-- MariaDB and SQLite accept. Names and types as Postfixadmin 3.3 has them.
CREATE TABLE domain (
    domain varchar(255) NOT NULL PRIMARY KEY,
    description varchar(255) NOT NULL DEFAULT '',
    aliases integer NOT NULL DEFAULT 0,
    mailboxes integer NOT NULL DEFAULT 0,
    maxquota bigint NOT NULL DEFAULT 0,
    quota bigint NOT NULL DEFAULT 0,
    transport varchar(255) NOT NULL DEFAULT 'virtual',
    backupmx boolean NOT NULL DEFAULT false,
    active boolean NOT NULL DEFAULT true
);
CREATE TABLE mailbox (
    username varchar(255) NOT NULL PRIMARY KEY,
    password varchar(255) NOT NULL DEFAULT '',
    name varchar(255) NOT NULL DEFAULT '',
    maildir varchar(255) NOT NULL DEFAULT '',
    quota bigint NOT NULL DEFAULT 0,
    local_part varchar(255) NOT NULL DEFAULT '',
    domain varchar(255) NOT NULL,
    active boolean NOT NULL DEFAULT true
);
-- goto has one or more addresses with commas between them. A mailbox has an
-- alias to itself.
CREATE TABLE alias (
    address varchar(255) NOT NULL PRIMARY KEY,
    goto text NOT NULL,
    domain varchar(255) NOT NULL,
    active boolean NOT NULL DEFAULT true
);
CREATE TABLE alias_domain (
    alias_domain varchar(255) NOT NULL PRIMARY KEY,
    target_domain varchar(255) NOT NULL,
    active boolean NOT NULL DEFAULT true
);

INSERT INTO domain (domain, active) VALUES
    ('example.net', true),
    ('shop.example.net', true),
    ('acme.example', true),
    ('acme-brand.example', true),
    ('zenith.example', true),
    ('closed.example', false);
INSERT INTO mailbox (username, local_part, domain, active) VALUES
    ('alice@example.net', 'alice', 'example.net', true),
    ('bob@example.net', 'bob', 'example.net', true),
    ('leo@example.net', 'leo', 'example.net', true),
    ('alice@acme.example', 'alice', 'acme.example', true),
    ('info@acme.example', 'info', 'acme.example', true),
    ('carol@zenith.example', 'carol', 'zenith.example', true),
    ('gone@zenith.example', 'gone', 'zenith.example', false);
INSERT INTO alias (address, goto, domain, active) VALUES
    ('alice@example.net', 'alice@example.net', 'example.net', true),
    ('bob@example.net', 'bob@example.net', 'example.net', true),
    ('leo@example.net', 'leo@example.net', 'example.net', true),
    ('alice@acme.example', 'alice@acme.example', 'acme.example', true),
    ('info@acme.example', 'info@acme.example', 'acme.example', true),
    ('carol@zenith.example', 'carol@zenith.example', 'zenith.example', true),
    ('gone@zenith.example', 'gone@zenith.example', 'zenith.example', false),
    ('sales@acme.example', 'alice@acme.example,info@acme.example',
        'acme.example', true),
    ('team@shop.example.net', 'leo@example.net, bob@example.net',
        'shop.example.net', true),
    ('old@acme.example', 'alice@acme.example', 'acme.example', false),
    ('o''hara@acme.example', 'info@acme.example', 'acme.example', true),
    ('@zenith.example', 'carol@zenith.example', 'zenith.example', true);
INSERT INTO alias_domain (alias_domain, target_domain, active) VALUES
    ('acme-brand.example', 'acme.example', true),
    ('acme-former.example', 'acme.example', false);
