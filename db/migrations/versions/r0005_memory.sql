-- What the memory flow writes. Attempts, learning events and reviews are facts: each stands by its key, nothing is ever late.

CREATE TABLE quiz_attempts (
    attempted_at       timestamptz      NOT NULL,
    event_id           text             NOT NULL,
    user_id            text             NOT NULL,
    class_id           text,
    domain             text,
    course             text,
    module             text,
    quiz_type          text             NOT NULL CHECK (quiz_type IN ('diagnostic', 'module')),
    score              double precision NOT NULL CHECK (score BETWEEN 0 AND 100),
    time_taken_seconds double precision,
    PRIMARY KEY (attempted_at, event_id)
);

CREATE TABLE learning_events (
    event_time timestamptz NOT NULL,
    event_id   text        NOT NULL,
    user_id    text        NOT NULL,
    kind       text        NOT NULL CHECK (kind IN ('login', 'domain_selected', 'module_started', 'module_completed')),
    domain     text,
    course     text,
    module     text,
    class_id   text,
    PRIMARY KEY (event_time, event_id)
);

CREATE TABLE memory_reviews (
    reviewed_at      timestamptz      NOT NULL,
    event_id         text             NOT NULL,
    user_id          text             NOT NULL,
    domain           text,
    module           text             NOT NULL,
    score            double precision NOT NULL,
    counted          boolean          NOT NULL,
    model            text,
    interval_days    double precision,
    stability        double precision,
    difficulty       double precision,
    retention_before double precision,
    PRIMARY KEY (reviewed_at, event_id)
);

CREATE TABLE memory_state (
    user_id          text             NOT NULL,
    module           text             NOT NULL,
    domain           text,
    task             bigint           NOT NULL,
    model            text             NOT NULL,
    last_score       double precision NOT NULL,
    last_reviewed_at timestamptz      NOT NULL,
    next_review_at   timestamptz      NOT NULL,
    interval_days    double precision NOT NULL,
    stability        double precision NOT NULL,
    decay_factor     double precision NOT NULL,
    difficulty       double precision,
    reviews          bigint           NOT NULL,
    updated_at       timestamptz      NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, module)
) WITH (fillfactor = 80);

CREATE TABLE revision_signal_facts (
    user_id      text        NOT NULL,
    module_id    text        NOT NULL,
    scheduled_at timestamptz NOT NULL,
    reviewed_at  timestamptz,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (user_id, module_id, scheduled_at)
);

-- One student's history, and the first attempts of a module without reading anything else.
CREATE INDEX quiz_attempts_user ON quiz_attempts (user_id, attempted_at);
CREATE INDEX quiz_attempts_first ON quiz_attempts (module, quiz_type, user_id, attempted_at, event_id) INCLUDE (score);
CREATE INDEX learning_events_user ON learning_events (user_id, event_time);
CREATE INDEX learning_events_kind ON learning_events (kind, event_time);
CREATE INDEX memory_reviews_pair ON memory_reviews (user_id, module, reviewed_at);
CREATE INDEX memory_state_module ON memory_state (module);
CREATE INDEX revision_signal_facts_open ON revision_signal_facts (scheduled_at) WHERE reviewed_at IS NULL;

COMMENT ON TABLE quiz_attempts IS 'Scored quizzes (score 0-100) of students; passed or not is said by views, by the pass mark. Kept 7 years after they were stored.';
COMMENT ON TABLE learning_events IS 'Logins, chosen domains, modules started and completed.';
COMMENT ON TABLE memory_reviews IS 'Attempts that name a module. counted: the first of its local day, which alone moves the curve; null numbers otherwise. retention_before is that of the instant before the review.';
COMMENT ON TABLE memory_state IS 'The forgetting curve of a student and module after the last counted review; retention as of now is a function of it.';
COMMENT ON COLUMN memory_state.stability IS 'Days that the curve is stretched by; the odds of passing at once for average (docs/forgetting.md).';
COMMENT ON COLUMN memory_state.decay_factor IS 'ebbinghaus: 1 / stability, per day. fsrs, average: the exponent of the curve.';
COMMENT ON TABLE revision_signal_facts IS 'Reviews that fell due at scheduled_at before the next review (reviewed_at, null while open).';
