-- A provider's own table: one row a login, as users-query has its columns.
CREATE TABLE users (
    login varchar(255) NOT NULL PRIMARY KEY,
    plan varchar(64),
    senders text,
    networks text,
    second_factor boolean,
    blocked boolean
);
INSERT INTO users (login, plan, senders, networks, second_factor, blocked)
VALUES
    ('alice@example.net', 'premium', 'alice@example.net', NULL, false, false),
    ('leo@example.net', NULL, 'leo@example.net,sales@shop.example.net', NULL,
        NULL, false),
    ('heidi@example.net', NULL, '*', NULL, NULL, true),
    ('paul@example.net', NULL, 'paul@example.net', '192.0.2.0/24', NULL, NULL),
    ('queenie@example.net', 'no-such-plan', 'queenie@example.net', NULL, NULL,
        NULL),
    ('ruth@example.net', NULL, 'ruth@example.net,not an address', NULL, NULL,
        NULL),
    ('peter@example.net', NULL, NULL, NULL, NULL, NULL);
