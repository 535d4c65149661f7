-- What the login of this session sees: session_user, which no SET ROLE changes. Building blocks: no reader is granted them.
CREATE OR REPLACE VIEW granted_classes AS
SELECT class_id FROM class_access WHERE login = session_user
UNION
SELECT class_id FROM class_staff WHERE staff_id = session_user;

-- Enrolled in one of them, or last seen in one.
CREATE OR REPLACE VIEW granted_students AS
SELECT student_id FROM class_people WHERE class_id = ANY (ARRAY(SELECT class_id FROM granted_classes));

-- The only way to write the audit, for whoever has the right to call it.
CREATE OR REPLACE FUNCTION record_access(reader text, via text, what text, student_ids text[], class_ids text[], was_theirs boolean)
RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO public.access_audit (reader, via, what, student_ids, class_ids, was_theirs)
    VALUES ($1, $2, $3, coalesce($4, '{}'), coalesce($5, '{}'), $6);
END;
REVOKE EXECUTE ON FUNCTION record_access(text, text, text, text[], text[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION record_access(text, text, text, text[], text[], boolean) IS
    'Notes that somebody read students'' data: reader, via (api page report export explain erase), what, students, classes, whether they were theirs.';
