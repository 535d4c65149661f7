-- The lake's manifest: what it does not name does not exist. A row is committed with the places of the task whose records the file holds.
CREATE TABLE lake_files (
    path         text        PRIMARY KEY,
    zone         text        NOT NULL CHECK (zone IN ('raw', 'events')),
    task         bigint,
    generation   bigint,
    places       jsonb       NOT NULL DEFAULT '{}',
    events       bigint      NOT NULL,
    size_bytes   bigint      NOT NULL,
    first_event  timestamptz,
    last_event   timestamptz,
    first_append timestamptz NOT NULL,
    last_append  timestamptz NOT NULL,
    known_at     timestamptz,
    event_date   date,
    event_name   text,
    staged       text,
    written_at   timestamptz NOT NULL DEFAULT now(),
    replaced_at  timestamptz
);
CREATE INDEX lake_files_live ON lake_files (zone, event_date, event_name) WHERE replaced_at IS NULL;
CREATE INDEX lake_files_known ON lake_files (task, known_at) WHERE zone = 'events';
