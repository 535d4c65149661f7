-- Whose consent is withdrawn by what she said last, in whichever topic; for the gateway, which stands before the topics.
CREATE OR REPLACE VIEW withdrawn_students AS
SELECT student_id
FROM (SELECT DISTINCT ON (student_id) student_id, withdrawn FROM consents ORDER BY student_id, event_time DESC, withdrawn DESC) AS last
WHERE withdrawn;
COMMENT ON VIEW withdrawn_students IS 'Students who have withdrawn their consent and not given it again; nothing of theirs counts.';
