CREATE TABLE consents (
    student_id   text        NOT NULL,
    topic        text        NOT NULL,
    partition    bigint      NOT NULL,
    kafka_offset bigint      NOT NULL,
    event_time   timestamptz NOT NULL,
    event_id     text        NOT NULL,
    withdrawn    boolean     NOT NULL,
    noted_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (student_id, topic, partition, kafka_offset)
);
CREATE INDEX consents_task ON consents (partition);
CREATE INDEX consents_noted ON consents (noted_at);
COMMENT ON TABLE consents IS 'What students said of their consent, by its place in each topic: what lies behind a withdrawal counts nowhere.';
COMMENT ON COLUMN consents.withdrawn IS 'Whether consent was withdrawn there; else it was given.';
COMMENT ON COLUMN consents.noted_at IS 'When the first flow wrote it.';

CREATE TABLE erased_students (
    digest    bytea       PRIMARY KEY,
    erased_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE erased_students IS 'By what students are known who were erased: HMAC-SHA-256 of the id under CLASSPULSE_ERASURE_KEY. Nothing of theirs counts again.';
COMMENT ON COLUMN erased_students.digest IS 'HMAC-SHA-256 of the id; without the key it is of no use.';

CREATE TABLE erasure_requests (
    student_id text        PRIMARY KEY,
    asked_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE erasure_requests IS 'Students who wait to be erased by `classpulse student erase --nightly`; a row goes with the student.';

-- An erased student's id goes from the audit too: the reading stays, under a digest. Nothing else of a row ever changes.
CREATE OR REPLACE FUNCTION access_audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '7 years' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND current_setting('classpulse.erasing', true) = 'on'
       AND to_jsonb(NEW) - 'student_ids' = to_jsonb(OLD) - 'student_ids' AND cardinality(NEW.student_ids) = cardinality(OLD.student_ids)
       AND NOT EXISTS (SELECT FROM unnest(OLD.student_ids, NEW.student_ids) AS s (was, became)
                       WHERE became <> was AND became !~ '^erased:[0-9a-f]{16}$') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'access_audit is append-only: rows stay for 7 years' USING ERRCODE = 'insufficient_privilege';
END $$;
