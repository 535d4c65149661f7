-- Scores are of now and keep no past, so who is newly at risk is noted: in at one score, out below a lower one.
CREATE TABLE risk_entries (
    student_id text             NOT NULL,
    course_id  text             NOT NULL,
    entered_at timestamptz      NOT NULL,
    left_at    timestamptz,
    class_id   text,
    score      double precision NOT NULL,
    reasons    text[]           NOT NULL,
    PRIMARY KEY (student_id, course_id, entered_at)
);
CREATE UNIQUE INDEX risk_entries_open ON risk_entries (student_id, course_id) WHERE left_at IS NULL;
CREATE INDEX risk_entries_entered ON risk_entries (entered_at);
COMMENT ON TABLE risk_entries IS 'Each time a student of a course came to be at risk, with the score and the reasons of then; left_at is null while it lasts.';

-- Without a score, as between terms, nobody is at risk.
CREATE PROCEDURE note_risks(job_id integer DEFAULT NULL, config jsonb DEFAULT NULL) LANGUAGE plpgsql AS $$
BEGIN
    UPDATE risk_entries e SET left_at = classpulse_now()
    WHERE e.left_at IS NULL
      AND NOT EXISTS (SELECT FROM risk_rows r
                      WHERE r.student_id = e.student_id AND r.course_id = e.course_id AND r.score >= classpulse_risk_leaves());
    INSERT INTO risk_entries (student_id, course_id, entered_at, class_id, score, reasons)
    SELECT student_id, course_id, classpulse_now(), class_id, score, reasons FROM risk_rows WHERE score >= classpulse_risk_enters()
    ON CONFLICT DO NOTHING;
END $$;
COMMENT ON PROCEDURE note_risks IS 'Notes who has come to be at risk since the last call, and who no longer is: CALL note_risks().';

-- Answers to questions, found by the student who gave them: which questions of a quiz were hardest.
CREATE INDEX events_answers ON events (student_id, event_time) WHERE event_name = 'quiz_answer';
