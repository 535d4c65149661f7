-- When the first row of a day came, noted by `classpulse nightly` on plain PostgreSQL: what is old is deleted by that, as
-- TimescaleDB drops chunks by when they were made.
CREATE TABLE days_seen (
    table_name text        NOT NULL,
    day        timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (table_name, day)
);
COMMENT ON TABLE days_seen IS 'Per aged table and UTC day, when a nightly run first saw a row of it; on plain PostgreSQL only.';
