-- Stretches in which a student looks stuck on an item (docs/stuck.md). Written by the flow stuck.
CREATE TABLE stuck_episodes (
    began_at   timestamptz      NOT NULL,
    student_id text             NOT NULL,
    item_id    text             NOT NULL,
    task       bigint           NOT NULL,
    class_id   text,
    course_id  text,
    kind       text             NOT NULL,
    since      timestamptz      NOT NULL,
    chance     double precision NOT NULL,
    evidence   jsonb            NOT NULL,
    ended_at   timestamptz,
    outcome    text,
    PRIMARY KEY (began_at, student_id, item_id)
);
CREATE INDEX stuck_episodes_student ON stuck_episodes (student_id, began_at);
CREATE INDEX stuck_episodes_item ON stuck_episodes (item_id, began_at);
CREATE INDEX stuck_episodes_open ON stuck_episodes (began_at) WHERE ended_at IS NULL;
