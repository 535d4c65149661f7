-- Learning: modules begun and finished, what comes next, where the ground is missing, domains, logins.

-- Facts without a domain are a row of their own. Who completed a module also began it.
CREATE OR REPLACE VIEW user_engagement WITH (security_barrier) AS
SELECT user_id,
       domain,
       count(DISTINCT module) FILTER (WHERE kind IN ('module_started', 'module_completed')) AS modules_started,
       count(DISTINCT module) FILTER (WHERE kind = 'module_completed')                      AS modules_completed,
       count(*) FILTER (WHERE kind = 'quiz')                                                AS total_quiz_attempts,
       (coalesce(sum(taken_ms), 0) / 1000)::double precision                                AS total_time_seconds,
       max(at)                                                                              AS last_activity_at
FROM (
    SELECT user_id, domain, kind, module, event_time AS at, NULL::bigint AS taken_ms FROM learning_events WHERE kind <> 'login'
    UNION ALL
    SELECT user_id, domain, 'quiz', module, attempted_at, round(time_taken_seconds * 1000)::bigint FROM quiz_attempts
) u
WHERE NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = u.user_id)
GROUP BY user_id, domain;
COMMENT ON VIEW user_engagement IS 'A row is a student x domain (null = none known).';

-- Completing a module queues the one that follows, until that is begun: started, completed, or its quiz taken.
CREATE OR REPLACE VIEW next_modules WITH (security_barrier) AS
SELECT d.user_id,
       o.course_id,
       o.module        AS completed_module,
       o.next_module,
       o.next_title,
       d.completed_at  AS queued_at,
       o.next_available_from AS available_from
FROM (
    SELECT user_id, module, min(event_time) AS completed_at
    FROM learning_events
    WHERE kind = 'module_completed' AND module IS NOT NULL
    GROUP BY user_id, module
) d
JOIN module_order o ON o.module = d.module AND o.next_module IS NOT NULL
WHERE NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = d.user_id)
  AND NOT EXISTS (SELECT FROM learning_events e
                  WHERE e.user_id = d.user_id AND e.module = o.next_module AND e.kind IN ('module_started', 'module_completed'))
  AND NOT EXISTS (SELECT FROM quiz_attempts q
                  WHERE q.user_id = d.user_id AND q.module = o.next_module AND q.quiz_type = 'module');
COMMENT ON VIEW next_modules IS 'A row is a completed module whose next one is not yet begun.';

-- Grouped, so that all students' are found together and not one by one.
CREATE OR REPLACE VIEW completed_modules AS
SELECT DISTINCT user_id, module FROM learning_events WHERE kind = 'module_completed' AND module IS NOT NULL;

-- What a student retains of a module is below its pass mark, and the module that follows is not yet completed. Not rounded: medians are
-- taken of it.
CREATE OR REPLACE VIEW gaps_now AS
SELECT n.user_id, n.module, n.domain, n.last_score, n.urgency, n.as_of, n.last_score * n.retention AS current_score,
       n.pass_mark - n.last_score * n.retention AS gap, o.course_id, o.next_module, o.next_title, n.pass_mark, n.pass_chance
FROM memory_now n
JOIN module_order o ON o.module = n.module AND o.next_module IS NOT NULL
WHERE n.last_score * n.retention < n.pass_mark
  AND NOT EXISTS (SELECT FROM completed_modules e WHERE e.user_id = n.user_id AND e.module = o.next_module);

CREATE OR REPLACE VIEW knowledge_gaps WITH (security_barrier) AS
SELECT g.user_id,
       g.course_id,
       g.module,
       g.domain,
       four_decimals(g.current_score)               AS current_score,
       g.pass_mark,
       four_decimals(g.gap)                         AS gap,
       g.last_score,
       g.urgency                                    AS revision_urgency,
       g.next_module,
       g.next_title,
       EXISTS (SELECT FROM learning_events e
               WHERE e.user_id = g.user_id AND e.module = g.next_module AND e.kind = 'module_started') AS next_started,
       g.as_of,
       four_decimals(g.pass_chance)                 AS pass_chance
FROM gaps_now g;
COMMENT ON VIEW knowledge_gaps IS 'A row is a student x module that faded below its pass mark while the next one is not completed.';
COMMENT ON COLUMN knowledge_gaps.current_score IS 'Last counted score x retention, 0-100.';

-- The same by class and course, without persons.
CREATE OR REPLACE VIEW knowledge_gaps_by_cohort WITH (security_barrier) AS
WITH found AS MATERIALIZED (SELECT user_id, course_id, module, next_module, gap FROM gaps_now),
     members AS MATERIALIZED (SELECT cohort, cohort_id, student_id FROM student_cohorts),
     gaps AS (
    SELECT m.cohort, m.cohort_id, g.module, g.next_module, count(*) AS students_with_gap,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY g.gap) AS median_gap
    FROM found g
    JOIN members m ON m.student_id = g.user_id AND (m.cohort = 'class' OR m.cohort_id = g.course_id)
    GROUP BY m.cohort, m.cohort_id, g.module, g.next_module
)
SELECT f.cohort,
       f.cohort_id,
       f.module,
       f.domain,
       g.next_module,
       g.students_with_gap,
       f.students_with_curve,
       f.enrolled,
       four_decimals(g.students_with_gap / f.students_with_curve::double precision) AS gap_share,
       four_decimals(g.median_gap)                                                  AS median_gap,
       f.as_of
FROM forgetting_by_cohort f
JOIN gaps g USING (cohort, cohort_id, module);
COMMENT ON VIEW knowledge_gaps_by_cohort IS 'A row is a class or course x module with gaps.';

-- Local days x scope (all, and each class): a student of two classes counts where it happened, or in both.
CREATE OR REPLACE VIEW learning_by_scope AS
SELECT e.event_time, e.user_id, e.kind, e.domain, s.scope, s.scope_id
FROM learning_events e
LEFT JOIN student_classes k ON k.student_id = e.user_id
CROSS JOIN LATERAL (
    SELECT 'all' AS scope, 'all' AS scope_id
    UNION ALL SELECT 'class', c FROM unnest(fact_classes(e.class_id, k.class_ids)) c WHERE c IS NOT NULL
) s
WHERE NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = e.user_id);

CREATE OR REPLACE VIEW domain_popularity WITH (security_barrier) AS
SELECT local_day(event_time) AS day, scope, scope_id, domain, count(*) AS selections, count(DISTINCT user_id) AS students
FROM learning_by_scope
WHERE kind = 'domain_selected' AND domain IS NOT NULL
GROUP BY 1, scope, scope_id, domain;
COMMENT ON VIEW domain_popularity IS 'A row is a local day x scope (all, each class) x domain.';

CREATE OR REPLACE VIEW daily_logins WITH (security_barrier) AS
SELECT local_day(event_time) AS day, scope, scope_id, count(*) AS logins, count(DISTINCT user_id) AS students
FROM learning_by_scope
WHERE kind = 'login'
GROUP BY 1, scope, scope_id;
COMMENT ON VIEW daily_logins IS 'A row is a local day x scope (all, each class).';
