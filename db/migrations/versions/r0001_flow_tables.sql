-- What the flows write. Keys are those that the sink upserts by; integers are bigint, ids text, times timestamptz.
-- Room is left in the pages of rows that are rewritten every second, so that an update stays on its page (HOT).

CREATE TABLE task_progress (
    flow        text        NOT NULL,
    task        bigint      NOT NULL,
    generation  bigint      NOT NULL DEFAULT 0,
    cluster_id  text,
    topic_ids   jsonb       NOT NULL DEFAULT '{}',
    offsets     jsonb       NOT NULL DEFAULT '{}',
    watermarks  jsonb       NOT NULL DEFAULT '{}',
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (flow, task)
) WITH (fillfactor = 50);

CREATE TABLE events (
    event_time       timestamptz NOT NULL,
    event_id         text        NOT NULL,
    student_id       text        NOT NULL,
    role             text,
    class_id         text,
    grade            text,
    subject_id       text,
    course_id        text,
    chapter_id       text,
    lesson_id        text,
    video_id         text,
    assessment_id    text,
    event_type       text,
    event_name       text        NOT NULL,
    session_id       text,
    device_type      text,
    os               text,
    browser          text,
    country_code     text,
    page_url         text,
    metadata         jsonb,
    topic            text        NOT NULL,
    partition        bigint      NOT NULL,
    kafka_offset     bigint      NOT NULL,
    ingested_at      timestamptz NOT NULL,
    watermark_before timestamptz,
    PRIMARY KEY (event_time, event_id)
);

CREATE TABLE activity_windows (
    window_start    timestamptz NOT NULL,
    scope           text        NOT NULL,
    scope_id        text        NOT NULL,
    task            bigint      NOT NULL,
    events          bigint      NOT NULL,
    active_students bigint      NOT NULL,
    active_5m       bigint      NOT NULL,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (window_start, scope, scope_id, task)
) WITH (fillfactor = 80);

CREATE TABLE engagement_scores (
    "time"     timestamptz      NOT NULL,
    student_id text             NOT NULL,
    class_id   text,
    score      double precision NOT NULL,
    recency    double precision NOT NULL,
    intensity  double precision NOT NULL,
    duration   double precision NOT NULL,
    streak     double precision NOT NULL,
    PRIMARY KEY ("time", student_id)
);

CREATE TABLE student_state (
    student_id          text        NOT NULL PRIMARY KEY,
    task                bigint      NOT NULL,
    role                text,
    class_id            text,
    grade               text,
    subject_id          text,
    course_id           text,
    chapter_id          text,
    last_event_at       timestamptz,
    last_event_id       text,
    last_event_name     text,
    last_interaction_at timestamptz,
    idle_at             timestamptz,
    session_end_at      timestamptz,
    playing_until       timestamptz,
    session_id          text,
    weights             bigint      NOT NULL DEFAULT 0,
    weights_end         timestamptz,
    session_start       timestamptz,
    session_minutes     bigint      NOT NULL DEFAULT 0,
    day_bits            bigint      NOT NULL DEFAULT 0,
    last_day            date,
    device              text,
    browser             text,
    updated_at          timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 60);

CREATE TABLE student_days (
    day            date   NOT NULL,
    student_id     text   NOT NULL,
    class_id       text,
    minutes_active bigint NOT NULL,
    interactions   bigint NOT NULL,
    PRIMARY KEY (day, student_id)
) WITH (fillfactor = 80);

CREATE TABLE dead_letters (
    received_at  timestamptz NOT NULL,
    topic        text        NOT NULL,
    partition    bigint      NOT NULL,
    kafka_offset bigint      NOT NULL,
    reason       text        NOT NULL,
    detail       text,
    payload      text,
    PRIMARY KEY (received_at, topic, partition, kafka_offset)
);

CREATE TABLE anomalies (
    detected_at timestamptz      NOT NULL,
    kind        text             NOT NULL,
    subject_id  text             NOT NULL,
    score       double precision,
    detail      jsonb,
    PRIMARY KEY (detected_at, kind, subject_id)
);

-- Arrivals far behind the watermark, for data_freshness: partial, so events in time cost nothing.
-- Who came and who left, newest first, without reading everything in between (the words are in the views' order).
CREATE INDEX events_arrivals ON events (event_time) WHERE event_name IN ('session_start', 'session_end', 'login');
CREATE INDEX events_behind ON events (ingested_at)
    WHERE watermark_before - event_time > interval '60 seconds';

COMMENT ON TABLE task_progress IS 'Per flow and task: what is committed. offsets and watermarks are {"topic": number}; watermarks in epoch ms.';
COMMENT ON TABLE events IS 'Every accepted event, with its place in the log and the watermark that it met. Kept 90 days after it was stored.';
COMMENT ON TABLE activity_windows IS 'One-minute windows per scope and task; sum over task, or read the view activity.';
COMMENT ON TABLE engagement_scores IS 'Score 0-1 of a student as of the end of the minute that starts at time; written once, when final.';
COMMENT ON TABLE student_state IS 'The latest known state of a student; scores and status as of now are functions of it.';
COMMENT ON TABLE student_days IS 'Local day x student: distinct minutes with an interaction, and interactions.';
COMMENT ON TABLE dead_letters IS 'Rejected records with reason and place in the log; payload is base64 of the original bytes.';
COMMENT ON TABLE anomalies IS 'What looked wrong in the data, by event time.';
