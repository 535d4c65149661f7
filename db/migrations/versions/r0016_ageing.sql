-- When the first row of a day came, noted by `classpulse nightly` on plain PostgreSQL: what is old is deleted by that, as
-- TimescaleDB drops chunks by when they were made.
CREATE TABLE days_seen (
    table_name text        NOT NULL,
    day        timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (table_name, day)
);
COMMENT ON TABLE days_seen IS 'Per aged table and UTC day, when a nightly run first saw a row of it; on plain PostgreSQL only.';

-- What windows and scores said before they were deleted. Plain tables, since a refresh erases from an aggregate what dropped
-- chunks said. They are sums: what a later log says of the same minutes lies in the aggregates, and the views add both.
CREATE TABLE activity_kept (
    unit                 text        NOT NULL CHECK (unit IN ('hour', 'day')),
    bucket               timestamptz NOT NULL,
    scope                text        NOT NULL,
    scope_id             text        NOT NULL,
    events               bigint      NOT NULL,
    peak_active_students bigint      NOT NULL,
    peak_active_5m       bigint      NOT NULL,
    student_minutes      bigint      NOT NULL,
    active_minutes       bigint      NOT NULL,
    pending              boolean     NOT NULL,
    PRIMARY KEY (unit, bucket, scope, scope_id, pending)
);
CREATE INDEX activity_kept_pending ON activity_kept (unit) WHERE pending;
COMMENT ON TABLE activity_kept IS 'activity_windows that are no longer kept, by hour and by local day; part of activity_by_hour and activity_by_day.';
COMMENT ON COLUMN activity_kept.pending IS 'The aggregates still count it.';
CREATE TABLE engagement_kept (
    bucket    timestamptz NOT NULL,
    class_id  text        NOT NULL,
    students  bigint      NOT NULL,
    score_sum bigint      NOT NULL,
    pending   boolean     NOT NULL,
    PRIMARY KEY (bucket, class_id, pending)
);
CREATE INDEX engagement_kept_pending ON engagement_kept (bucket) WHERE pending;
COMMENT ON TABLE engagement_kept IS 'engagement_scores that are no longer kept, by minute and class; part of engagement_by_class.';
COMMENT ON COLUMN engagement_kept.score_sum IS 'Sum of scores (0-1) in ten-thousandths.';
COMMENT ON COLUMN engagement_kept.pending IS 'The aggregates still count it.';
CREATE TABLE rolled_up (
    table_name   text        NOT NULL,
    since        timestamptz NOT NULL,
    until        timestamptz NOT NULL,
    pending      boolean     NOT NULL,
    rolled_up_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX rolled_up_until ON rolled_up (table_name, until);
COMMENT ON TABLE rolled_up IS 'Which times of a table were rolled up and deleted; a rebuild begins after them.';

CREATE TABLE nightly_runs (
    only_row     boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    succeeded_at timestamptz NOT NULL,
    added        bigint      NOT NULL,
    waiting_days bigint      NOT NULL
);
COMMENT ON TABLE nightly_runs IS 'When `classpulse nightly` last did all its work: late events that it added, and days that have to wait.';
