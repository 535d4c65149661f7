-- Which classes a login sees. A login that bears the id of one of a class's staff sees that class without a row here.
CREATE TABLE class_access (
    login      text        NOT NULL,
    class_id   text        NOT NULL,
    granted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (login, class_id)
);
COMMENT ON TABLE class_access IS 'Classes that a login sees, written by `classpulse access apply`; read through the schema my_classes.';

-- Who read what of whom. A row tells itself whether the reader had that class at that time: links change, it does not.
CREATE TABLE access_audit (
    entry_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    reader      text        NOT NULL,
    login       text        NOT NULL DEFAULT session_user,
    via         text        NOT NULL CHECK (via IN ('api', 'page', 'report', 'export', 'explain', 'erase')),
    what        text        NOT NULL,
    student_ids text[]      NOT NULL DEFAULT '{}',
    class_ids   text[]      NOT NULL DEFAULT '{}',
    was_theirs  boolean
);
CREATE INDEX access_audit_at ON access_audit (at);
CREATE INDEX access_audit_students ON access_audit USING gin (student_ids);
COMMENT ON TABLE access_audit IS 'Who read which student''s or class''s data when; append-only, read by classpulse_privacy alone.';
COMMENT ON COLUMN access_audit.reader IS 'The person or token that asked, as the program knows it.';
COMMENT ON COLUMN access_audit.login IS 'The database login through which it was written.';
COMMENT ON COLUMN access_audit.what IS 'What was read: a route, a report''s kind, a number.';
COMMENT ON COLUMN access_audit.student_ids IS 'The students, where single ones were read; else empty.';
COMMENT ON COLUMN access_audit.class_ids IS 'The classes whose students were read.';
COMMENT ON COLUMN access_audit.was_theirs IS 'Whether the reader had the classes at that time; null where that is not by class.';

CREATE FUNCTION access_audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '7 years' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'access_audit is append-only: rows stay for 7 years' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER access_audit_stays BEFORE UPDATE OR DELETE ON access_audit FOR EACH ROW EXECUTE FUNCTION access_audit_stays();
CREATE TRIGGER access_audit_stays_whole BEFORE TRUNCATE ON access_audit FOR EACH STATEMENT EXECUTE FUNCTION access_audit_stays();
