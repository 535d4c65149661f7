-- Events that came too late for live days are added to settled days by `classpulse nightly`, in one transaction with this note.
CREATE TABLE late_days (
    flow        text        NOT NULL,
    day         date        NOT NULL,
    up_to_place jsonb       NOT NULL,
    added       bigint      NOT NULL,
    added_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (flow, day)
);
COMMENT ON TABLE late_days IS 'Local days to which late events were added, by flow; a rebuild counts the same.';
COMMENT ON COLUMN late_days.up_to_place IS 'The first place whose late events do not count, by topic and partition: {"topic": {"partition": place}}.';
COMMENT ON COLUMN late_days.added IS 'How many late events of the day count.';

-- State that has not written anything since the task''s low watermark was this could write days as they were before.
ALTER TABLE task_progress ADD COLUMN late_ms bigint;
COMMENT ON COLUMN task_progress.late_ms IS
    'Late events were added to what lies below this low watermark (epoch ms): state that last wrote before it is refused.';
