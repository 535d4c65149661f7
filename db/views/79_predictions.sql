-- What a model said last of each student and course, never without how such chances turned out (docs/model-card-risk.md).
CREATE OR REPLACE VIEW student_predictions WITH (security_barrier) AS
SELECT p.student_id, p.course_id, p.class_id, p.kind, p.week, p.predicted_at, p.probability,
       (p.calibration ->> 'share')::double precision AS came_true,
       (p.calibration ->> 'n')::bigint               AS came_true_of,
       (p.calibration ->> 'error')::double precision AS calibration_error,
       p.calibration ->> 'judged_on'                 AS judged_on,
       p.reasons,
       ARRAY(SELECT (c ->> 'if') || ': ' || round(100 * (c ->> 'chance')::numeric) || ' %'
             FROM jsonb_array_elements(p.changes) c) AS changes,
       p.model_version,
       d.dismissed_at, d.actor AS dismissed_by, d.why AS dismissed_why, p.now AS as_of
FROM (
    SELECT DISTINCT ON (p.kind, p.student_id, p.course_id) p.*, clock.now
    FROM (SELECT classpulse_now() AS now OFFSET 0) clock
    -- what is older than two weeks was known then and says nothing of now
    JOIN predictions p ON p.predicted_at <= clock.now AND p.predicted_at > clock.now - interval '14 days'
    ORDER BY p.kind, p.student_id, p.course_id, p.predicted_at DESC
) p
LEFT JOIN LATERAL (
    SELECT * FROM prediction_dismissals x
    WHERE x.kind = p.kind AND x.student_id = p.student_id AND x.course_id = p.course_id AND x.predicted_at = p.predicted_at
    ORDER BY x.dismissed_at DESC LIMIT 1
) d ON true
WHERE NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = p.student_id);
COMMENT ON VIEW student_predictions IS 'A row is a student x course of which a model spoke in the last two weeks; models that do not beat a plain baseline do not speak.';
COMMENT ON COLUMN student_predictions.kind IS 'risk: fails the course or leaves it.';
COMMENT ON COLUMN student_predictions.week IS 'Of the term, from 1; known is what was known at its end.';
COMMENT ON COLUMN student_predictions.predicted_at IS 'The end of that week; nothing later went into it.';
COMMENT ON COLUMN student_predictions.probability IS 'Chance by the model, 0-1.';
COMMENT ON COLUMN student_predictions.came_true IS 'Of those of whom it said about the same when it was judged: the share of whom it came true.';
COMMENT ON COLUMN student_predictions.came_true_of IS 'How many these were.';
COMMENT ON COLUMN student_predictions.calibration_error IS 'Mean distance of what came true from what was said, over all chances, when it was judged.';
COMMENT ON COLUMN student_predictions.judged_on IS 'On whom it was judged: students that it had not learnt from.';
COMMENT ON COLUMN student_predictions.reasons IS 'What raises the chance most, in words, by the model''s own weights.';
COMMENT ON COLUMN student_predictions.changes IS 'What would lower it, and to what, by the model; no promise that it causes it.';
COMMENT ON COLUMN student_predictions.model_version IS 'Hash of the model''s file.';
COMMENT ON COLUMN student_predictions.dismissed_at IS 'When a person set it aside; null where nobody did.';
COMMENT ON COLUMN student_predictions.dismissed_by IS 'Who.';
COMMENT ON COLUMN student_predictions.dismissed_why IS 'Why.';

-- All that a gateway may write about predictions. False where the student has none of that course now.
CREATE OR REPLACE FUNCTION dismiss_prediction(kind text, student_id text, course_id text, class_id text, actor text, why text)
RETURNS boolean LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_catalog, pg_temp
AS $$
    WITH written AS (
        INSERT INTO prediction_dismissals (kind, student_id, course_id, predicted_at, actor, why)
        SELECT p.kind, p.student_id, p.course_id, p.predicted_at, $5, $6
        FROM student_predictions p
        WHERE p.kind = $1 AND p.student_id = $2 AND p.course_id = $3 AND p.class_id = $4
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM written)
$$;
REVOKE EXECUTE ON FUNCTION dismiss_prediction(text, text, text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION dismiss_prediction(text, text, text, text, text, text) IS 'Notes that a person set a prediction aside, and why.';
