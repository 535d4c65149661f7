-- What the content flow writes. A write replaces what a student had from an instant on, so each table with a span has an index
-- by student and time. Durations are seconds, exact to the millisecond.

CREATE TABLE sessions_closed (
    session_start    timestamptz      NOT NULL,
    student_id       text             NOT NULL,
    session_id       text             NOT NULL,
    class_id         text,
    session_end      timestamptz      NOT NULL,
    duration_seconds double precision NOT NULL,
    events           bigint           NOT NULL,
    pages            bigint           NOT NULL,
    is_bounce        boolean          NOT NULL,
    device_type      text,
    browser          text,
    country_code     text,
    task             bigint           NOT NULL,
    PRIMARY KEY (session_start, student_id)
);
CREATE INDEX sessions_closed_student ON sessions_closed (student_id, session_start);

CREATE TABLE sessions_open (
    session_start    timestamptz      NOT NULL,
    student_id       text             NOT NULL,
    session_id       text             NOT NULL,
    class_id         text,
    session_end      timestamptz      NOT NULL,
    duration_seconds double precision NOT NULL,
    events           bigint           NOT NULL,
    pages            bigint           NOT NULL,
    is_bounce        boolean          NOT NULL,
    device_type      text,
    browser          text,
    country_code     text,
    task             bigint           NOT NULL,
    PRIMARY KEY (session_start, student_id)
) WITH (fillfactor = 60); -- rewritten every few seconds
CREATE INDEX sessions_open_student ON sessions_open (student_id, session_start);

CREATE TABLE chapter_visit_facts (
    start_time         timestamptz      NOT NULL,
    event_id           text             NOT NULL,
    student_id         text             NOT NULL,
    course_id          text,
    chapter_id         text             NOT NULL,
    class_id           text,
    end_time           timestamptz      NOT NULL,
    time_spent_seconds double precision NOT NULL,
    raw_seconds        double precision NOT NULL,
    scroll_depth       double precision,
    idle_capped        boolean          NOT NULL,
    source             text             NOT NULL CHECK (source IN ('view', 'clickstream')),
    task               bigint           NOT NULL,
    PRIMARY KEY (start_time, event_id)
);
CREATE INDEX chapter_visit_facts_student ON chapter_visit_facts (student_id, start_time);

CREATE TABLE video_views (
    start_time        timestamptz      NOT NULL,
    student_id        text             NOT NULL,
    video_id          text             NOT NULL,
    session_id        text,
    class_id          text,
    course_id         text,
    lesson_id         text,
    watched_seconds   double precision NOT NULL,
    unique_seconds    double precision NOT NULL,
    video_duration_s  double precision,
    watch_pct         double precision,
    seeks             bigint           NOT NULL,
    rewatched_seconds double precision NOT NULL,
    avg_playback_rate double precision,
    completed         boolean          NOT NULL,
    bins              bigint           NOT NULL DEFAULT 0,
    rewatched_bins    bigint           NOT NULL DEFAULT 0,
    task              bigint           NOT NULL,
    PRIMARY KEY (start_time, student_id, video_id)
);
CREATE INDEX video_views_student ON video_views (student_id, start_time);
CREATE INDEX video_views_video ON video_views (video_id, start_time);

CREATE TABLE milestones (
    event_time timestamptz NOT NULL,
    event_id   text        NOT NULL,
    student_id text        NOT NULL,
    class_id   text,
    course_id  text,
    chapter_id text,
    kind       text        NOT NULL,
    item_id    text,
    price      double precision,
    score      double precision,
    PRIMARY KEY (event_time, event_id)
);
CREATE INDEX milestones_student ON milestones (student_id, event_time);
CREATE INDEX milestones_kind ON milestones (kind, course_id, event_time);

CREATE TABLE student_click_days (
    day          date   NOT NULL,
    student_id   text   NOT NULL,
    class_id     text,
    clicks       bigint NOT NULL,
    pages        bigint NOT NULL,
    searches     bigint NOT NULL,
    scrolls      bigint NOT NULL,
    scroll_sum   bigint NOT NULL,
    interactions bigint NOT NULL,
    PRIMARY KEY (day, student_id)
) WITH (fillfactor = 80);

CREATE TABLE page_days (
    day      date   NOT NULL,
    page_url text   NOT NULL,
    task     bigint NOT NULL,
    views    bigint NOT NULL,
    students bigint NOT NULL,
    scrolls  bigint NOT NULL,
    s0       bigint NOT NULL,
    s1       bigint NOT NULL,
    s2       bigint NOT NULL,
    s3       bigint NOT NULL,
    s4       bigint NOT NULL,
    s5       bigint NOT NULL,
    s6       bigint NOT NULL,
    s7       bigint NOT NULL,
    s8       bigint NOT NULL,
    s9       bigint NOT NULL,
    PRIMARY KEY (day, page_url, task)
) WITH (fillfactor = 80);

COMMENT ON TABLE sessions_closed IS 'Sessions that are over by the watermark; a late event may still join or lengthen them.';
COMMENT ON TABLE sessions_open IS 'Sessions that may still go on: at most one a student.';
COMMENT ON TABLE chapter_visit_facts IS 'Visits of chapters as measured (docs/time-on-task.md); the view chapter_visits cuts at the expected time.';
COMMENT ON COLUMN chapter_visit_facts.raw_seconds IS 'The same stretch without cap, idle and hidden taken out.';
COMMENT ON COLUMN chapter_visit_facts.source IS 'view: chapter_view_events; clickstream: derived from the events between.';
COMMENT ON TABLE video_views IS 'Videos watched: one row a student, video and session.';
COMMENT ON COLUMN video_views.bins IS 'Bit i: the i-th twentieth of the length was watched, at least half of it.';
COMMENT ON COLUMN video_views.rewatched_bins IS 'Bit i: the i-th twentieth was passed at least twice.';
COMMENT ON TABLE milestones IS 'Starts, completions, submissions, enrolments: facts, whenever they came.';
COMMENT ON TABLE student_click_days IS 'Counts of a student''s local day; scroll_sum in tenths of a per cent.';
COMMENT ON TABLE page_days IS 'Counts of a page''s local day by task; s0 ... s9: scroll depth by ten points.';
