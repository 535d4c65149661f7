-- Chances of students by models that were judged (docs/model-card-risk.md). Written by classpulse predict run.
CREATE TABLE predictions (
    predicted_at  timestamptz      NOT NULL,
    kind          text             NOT NULL,
    student_id    text             NOT NULL,
    course_id     text             NOT NULL,
    class_id      text,
    week          bigint           NOT NULL,
    probability   double precision NOT NULL CHECK (probability BETWEEN 0 AND 1),
    reasons       text[]           NOT NULL,
    changes       jsonb            NOT NULL,
    known         jsonb            NOT NULL,
    calibration   jsonb            NOT NULL CHECK (calibration ?& ARRAY['n', 'share', 'error', 'judged_on']),
    model_version text             NOT NULL,
    PRIMARY KEY (predicted_at, kind, student_id, course_id)
);
CREATE INDEX predictions_student ON predictions (student_id, kind, course_id, predicted_at);

-- What a person set aside, and why: kept, so that it can be learnt from.
CREATE TABLE prediction_dismissals (
    kind          text             NOT NULL,
    student_id    text             NOT NULL,
    course_id     text             NOT NULL,
    dismissed_at  timestamptz      NOT NULL DEFAULT now(),
    predicted_at  timestamptz      NOT NULL,
    actor         text             NOT NULL,
    why           text             NOT NULL CHECK (why <> ''),
    PRIMARY KEY (kind, student_id, course_id, dismissed_at)
);
