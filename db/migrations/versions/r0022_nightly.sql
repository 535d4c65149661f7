-- What `classpulse nightly` left waiting is noted, so that boards and `doctor` need only look at what came since.
CREATE TABLE late_seen (
    flow        text        PRIMARY KEY,
    up_to_place jsonb       NOT NULL,
    seen_at     timestamptz NOT NULL
);
COMMENT ON TABLE late_seen IS 'Up to which places the last nightly run has looked for late events, by flow.';
COMMENT ON COLUMN late_seen.up_to_place IS 'The first place that it did not see, by topic and partition: {"topic": {"partition": place}}.';

CREATE TABLE late_left (
    flow       text        NOT NULL,
    day        date        NOT NULL,
    events     bigint      NOT NULL,
    settled_at timestamptz NOT NULL,
    PRIMARY KEY (flow, day)
);
COMMENT ON TABLE late_left IS 'Days that were not settled at the last nightly run: late events that wait.';
COMMENT ON COLUMN late_left.settled_at IS 'Once every watermark of the flow has passed this they are added, by the next nightly run.';
