-- Who may call the gateway. Secrets are nowhere: a token has 256 random bits, and this is its SHA-256.
CREATE TABLE api_tokens (
    token_id     text             PRIMARY KEY,
    name         text             NOT NULL,
    scopes       text[]           NOT NULL,
    digest       bytea            NOT NULL UNIQUE,
    events_per_s double precision CHECK (events_per_s > 0),
    created_at   timestamptz      NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz
);
COMMENT ON TABLE api_tokens IS 'Tokens of the gateway, by id; `classpulse token` makes and revokes them.';
COMMENT ON COLUMN api_tokens.scopes IS 'What it may: ingest, read:class:ID, read:school, privacy.';
COMMENT ON COLUMN api_tokens.digest IS 'SHA-256 of the token, which itself is kept nowhere.';
COMMENT ON COLUMN api_tokens.events_per_s IS 'Most events a second; null for CLASSPULSE_API_EVENTS_PER_S.';

-- Instances of the gateway: a spool is an instance, whoever serves it now.
CREATE TABLE gateway_instances (
    instance  text        PRIMARY KEY,
    seen_at   timestamptz NOT NULL DEFAULT now(),
    oldest_at timestamptz,
    spooled   bigint      NOT NULL DEFAULT 0
);
COMMENT ON TABLE gateway_instances IS 'Instances of the gateway and the events that they have acknowledged and Kafka does not have yet. Ticks wait for the oldest of all.';
COMMENT ON COLUMN gateway_instances.oldest_at IS 'Event time of the oldest event on its spool; null while that is empty.';
COMMENT ON COLUMN gateway_instances.spooled IS 'Events on its spool.';

CREATE TABLE gateway_ticker (
    only_row   boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    instance   text        NOT NULL,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE gateway_ticker IS 'The one instance that writes ticks, until when unless it renews that.';
