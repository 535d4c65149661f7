WITH titles AS (
    SELECT item_id, max(title) AS title FROM course_items GROUP BY item_id
),
fading AS (
    SELECT coalesce(title, module) AS what, pass_chance, next_review_at
    FROM memory_scores
    LEFT JOIN titles ON item_id = module
    WHERE user_id IN (${student:sqlstring}) AND revision_urgency <> 'low'
    ORDER BY pass_chance, module
    LIMIT 5
),
gaps AS (
    SELECT coalesce(title, module) AS what,
           'would pass now with ' || round(100 * pass_chance::numeric) || ' %, and ' || coalesce(next_title, next_module) || ' builds on it' AS why
    FROM knowledge_gaps
    LEFT JOIN titles ON item_id = module
    WHERE user_id IN (${student:sqlstring})
    ORDER BY pass_chance, module
    LIMIT 3
),
steps AS (
    SELECT 1 AS rank, 'Talk about' AS step, coalesce(title, course_id) AS what, array_to_string(reasons, '; ') AS why, NULL::timestamptz AS at
    FROM student_risk
    LEFT JOIN course_titles USING (course_id)
    WHERE student_id IN (${student:sqlstring}) AND cardinality(reasons) > 0
    UNION ALL
    SELECT 2, 'Close the gap', what, why, NULL FROM gaps
    UNION ALL
    SELECT 3, 'Revise', what, 'would pass now with ' || round(100 * pass_chance::numeric) || ' %', next_review_at FROM fading
    UNION ALL
    SELECT 4, 'Go on with', coalesce(next_title, next_module), 'what comes before it is completed', available_from
    FROM next_modules
    WHERE user_id IN (${student:sqlstring})
    UNION ALL
    SELECT 5, 'Hand in', coalesce(i.title, i.item_id), 'is due', i.due_at
    FROM course_items i
    WHERE i.due_at > classpulse_now() AND i.due_at < classpulse_now() + interval '7 days'
      AND i.course_id IN (SELECT course_id FROM student_risk WHERE student_id IN (${student:sqlstring}))
)
SELECT step AS "Step", what AS "What", why AS "Why", at AS "When"
FROM steps
ORDER BY rank, at NULLS LAST, what
LIMIT {{lines_shown}} * 2
