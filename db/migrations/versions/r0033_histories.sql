-- What rosters and contents said, and from when until when: so that no feature sees what was said later.
CREATE TABLE enrolment_history (
    student_id  text        NOT NULL,
    course_id   text        NOT NULL,
    class_id    text,
    role        text        NOT NULL,
    enrolled_at timestamptz,
    returned_at timestamptz,
    left_at     timestamptz,
    valid_from  timestamptz NOT NULL DEFAULT now(),
    valid_to    timestamptz,
    PRIMARY KEY (student_id, course_id, valid_from)
);
CREATE INDEX enrolment_history_open ON enrolment_history (student_id, course_id) WHERE valid_to IS NULL;

CREATE TABLE content_item_history (
    course_id        text        NOT NULL,
    item_id          text        NOT NULL,
    kind             text        NOT NULL,
    expected_seconds bigint,
    available_from   timestamptz,
    due_at           timestamptz,
    pass_mark        double precision,
    valid_from       timestamptz NOT NULL DEFAULT now(),
    valid_to         timestamptz,
    PRIMARY KEY (course_id, item_id, valid_from)
);
CREATE INDEX content_item_history_open ON content_item_history (course_id, item_id) WHERE valid_to IS NULL;

-- With the owner's rights, as note_memberships. A version of this very transaction was seen by nobody: the next takes its place.
CREATE FUNCTION note_enrolment_history() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM enrolment_history h USING gone g
        WHERE h.student_id = g.student_id AND h.course_id = g.course_id AND h.valid_to IS NULL AND h.valid_from = now();
        UPDATE enrolment_history h SET valid_to = now() FROM gone g
        WHERE h.student_id = g.student_id AND h.course_id = g.course_id AND h.valid_to IS NULL;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO enrolment_history (student_id, course_id, class_id, role, enrolled_at, returned_at, left_at)
        SELECT student_id, course_id, class_id, role, enrolled_at, returned_at, left_at FROM written;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION note_content_item_history() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM content_item_history h USING gone g
        WHERE h.course_id = g.course_id AND h.item_id = g.item_id AND h.valid_to IS NULL AND h.valid_from = now();
        UPDATE content_item_history h SET valid_to = now() FROM gone g
        WHERE h.course_id = g.course_id AND h.item_id = g.item_id AND h.valid_to IS NULL;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO content_item_history (course_id, item_id, kind, expected_seconds, available_from, due_at, pass_mark)
        SELECT course_id, item_id, kind, expected_seconds, available_from, due_at, pass_mark FROM written;
    END IF;
    RETURN NULL;
END $$;

DO $$
DECLARE
    source text;
BEGIN
    FOREACH source IN ARRAY ARRAY['enrolment', 'content_item'] LOOP
        EXECUTE format('CREATE TRIGGER %1$s_history_new AFTER INSERT ON %1$ss REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION note_%1$s_history()', source);
        EXECUTE format('CREATE TRIGGER %1$s_history_changed AFTER UPDATE ON %1$ss REFERENCING NEW TABLE AS written OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_%1$s_history()', source);
        EXECUTE format('CREATE TRIGGER %1$s_history_gone AFTER DELETE ON %1$ss REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_%1$s_history()', source);
    END LOOP;
END $$;

-- What is there already is known from now on: nobody noted since when.
INSERT INTO enrolment_history (student_id, course_id, class_id, role, enrolled_at, returned_at, left_at)
SELECT student_id, course_id, class_id, role, enrolled_at, returned_at, left_at FROM enrolments;
INSERT INTO content_item_history (course_id, item_id, kind, expected_seconds, available_from, due_at, pass_mark)
SELECT course_id, item_id, kind, expected_seconds, available_from, due_at, pass_mark FROM content_items;

COMMENT ON TABLE enrolment_history IS 'What rosters and events have said of enrolments, and from when until when that stood: read by `classpulse features build`. Kept by triggers on enrolments.';
COMMENT ON COLUMN enrolment_history.valid_from IS 'Since when it stood in enrolments.';
COMMENT ON COLUMN enrolment_history.valid_to IS 'Until when; null: it stands.';
COMMENT ON TABLE content_item_history IS 'What content files have said of items, and from when until when that stood: read by `classpulse features build`. Kept by triggers on content_items.';
COMMENT ON COLUMN content_item_history.valid_from IS 'Since when it stood in content_items.';
COMMENT ON COLUMN content_item_history.valid_to IS 'Until when; null: it stands.';
