-- What is remembered now, and what will be: every number is computed from memory_state when it is asked for, as of classpulse_now().

-- One row a student and module: the building block of all the others. chance_at_once is what the chance was just after the review.
CREATE OR REPLACE VIEW memory_now AS
SELECT m.user_id, m.domain, m.module, m.model, m.last_score, m.last_reviewed_at, m.next_review_at, m.interval_days,
       m.stability, m.decay_factor, m.difficulty, m.reviews, c.as_of, m.elapsed,
       r.retention, r.retention_1d, r.retention_3d, r.retention_7d,
       revision_urgency(m.last_reviewed_at, m.next_review_at, c.as_of)                         AS urgency,
       -- in hours: a day of another length would shift them where clocks change
       revision_urgency(m.last_reviewed_at, m.next_review_at, c.as_of + interval '24 hours')   AS urgency_1d,
       revision_urgency(m.last_reviewed_at, m.next_review_at, c.as_of + interval '72 hours')   AS urgency_3d,
       revision_urgency(m.last_reviewed_at, m.next_review_at, c.as_of + interval '168 hours')  AS urgency_7d,
       p.pass_mark, k.intercept, k.slope, k.score, k.version AS calibration,
       pass_chance(r.retention, m.last_score, p.pass_mark, k.intercept, k.slope, k.score)      AS pass_chance,
       pass_chance(r.retention_1d, m.last_score, p.pass_mark, k.intercept, k.slope, k.score)   AS pass_chance_1d,
       pass_chance(r.retention_3d, m.last_score, p.pass_mark, k.intercept, k.slope, k.score)   AS pass_chance_3d,
       pass_chance(r.retention_7d, m.last_score, p.pass_mark, k.intercept, k.slope, k.score)   AS pass_chance_7d,
       pass_chance(r.retention_0d, m.last_score, p.pass_mark, k.intercept, k.slope, k.score)   AS chance_at_once
FROM (SELECT classpulse_now() AS as_of OFFSET 0) c
CROSS JOIN LATERAL (SELECT s.*, days_between(s.last_reviewed_at, c.as_of) AS elapsed FROM memory_state s) m
LEFT JOIN active_calibrations k ON k.model = m.model
LEFT JOIN module_pass_marks x ON x.module = m.module
CROSS JOIN LATERAL (SELECT coalesce(x.pass_mark, classpulse_pass_mark()) AS pass_mark) p
CROSS JOIN LATERAL (
    SELECT retention(m.model, m.stability, m.decay_factor, m.elapsed)     AS retention,
           retention(m.model, m.stability, m.decay_factor, 0)             AS retention_0d,
           retention(m.model, m.stability, m.decay_factor, m.elapsed + 1) AS retention_1d,
           retention(m.model, m.stability, m.decay_factor, m.elapsed + 3) AS retention_3d,
           retention(m.model, m.stability, m.decay_factor, m.elapsed + 7) AS retention_7d
) r
WHERE NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = m.user_id);

CREATE OR REPLACE VIEW memory_scores WITH (security_barrier) AS
SELECT user_id,
       domain,
       module,
       four_decimals(last_score * retention)  AS current_score,
       four_decimals(100 * (1 - retention))   AS forgetting_score,
       urgency                                AS revision_urgency,
       last_reviewed_at,
       next_review_at,
       decay_factor,
       model,
       four_decimals(retention)               AS retention,
       last_score,
       interval_days,
       stability,
       difficulty,
       reviews,
       as_of,
       four_decimals(pass_chance)             AS pass_chance,
       calibration
FROM memory_now;
COMMENT ON VIEW memory_scores IS 'A row is a student x module with a counted review.';
COMMENT ON COLUMN memory_scores.current_score IS 'Last counted score x retention, 0-100.';
COMMENT ON COLUMN memory_scores.forgetting_score IS '100 x (1 - retention), 0-100.';
COMMENT ON COLUMN memory_scores.reviews IS 'Counted reviews.';
COMMENT ON COLUMN memory_scores.calibration IS 'Version behind pass_chance.';

-- Every review, counted or not: how a curve came to be.
CREATE OR REPLACE VIEW memory_history WITH (security_barrier) AS
SELECT reviewed_at, event_id, user_id, domain, module, score, counted, model, interval_days, stability, difficulty, retention_before
FROM memory_reviews r
WHERE NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = r.user_id);
COMMENT ON VIEW memory_history IS 'A row is a review, counted or not.';
COMMENT ON COLUMN memory_history.counted IS 'The first of its local day, which alone moves the curve; other rows have no curve.';
COMMENT ON COLUMN memory_history.retention_before IS 'Share remembered the instant before, 0-1.';

-- A signal is open until the next review; what was reviewed is urgent no more.
CREATE OR REPLACE VIEW revision_signals WITH (security_barrier) AS
SELECT s.user_id,
       s.module_id,
       CASE WHEN s.reviewed_at <= c.as_of THEN 'low'
            ELSE coalesce(revision_urgency(m.last_reviewed_at, s.scheduled_at, c.as_of), 'medium')
       END AS urgency_level,
       s.scheduled_at,
       s.reviewed_at,
       s.created_at,
       m.domain
FROM (SELECT classpulse_now() AS as_of OFFSET 0) c
CROSS JOIN revision_signal_facts s
LEFT JOIN memory_state m ON m.user_id = s.user_id AND m.module = s.module_id
WHERE NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = s.user_id);
COMMENT ON VIEW revision_signals IS 'A row is a revision that fell due.';
COMMENT ON COLUMN revision_signals.reviewed_at IS 'Null while open.';
COMMENT ON COLUMN revision_signals.created_at IS 'The same as scheduled_at.';

-- Class or course x module. A module that content_items knows counts in its own courses, any other in all of its students'.
CREATE OR REPLACE VIEW forgetting_by_cohort WITH (security_barrier) AS
WITH known AS (SELECT item_id AS module, course_id FROM content_items)
SELECT f.cohort,
       f.cohort_id,
       f.module,
       f.domain,
       f.students_with_curve,
       coalesce(e.enrolled, 0)                            AS enrolled,
       f.enrolled_with_curve,
       f.due_students,
       f.high_students,
       four_decimals(f.high_students::double precision / f.students_with_curve) AS high_share,
       four_decimals(f.median)                            AS median_retention,
       four_decimals(f.median_1d)                         AS median_retention_1d,
       four_decimals(f.median_3d)                         AS median_retention_3d,
       four_decimals(f.median_7d)                         AS median_retention_7d,
       four_decimals(f.high_1d::double precision / f.students_with_curve)       AS high_share_1d,
       four_decimals(f.high_3d::double precision / f.students_with_curve)       AS high_share_3d,
       four_decimals(f.high_7d::double precision / f.students_with_curve)       AS high_share_7d,
       f.as_of,
       four_decimals(f.chance)                            AS pass_chance,
       four_decimals(f.chance_1d)                         AS pass_chance_1d,
       four_decimals(f.chance_3d)                         AS pass_chance_3d,
       four_decimals(f.chance_7d)                         AS pass_chance_7d
FROM (
    SELECT m.cohort,
           m.cohort_id,
           n.module,
           max(n.domain)                                  AS domain,
           count(*)                                       AS students_with_curve,
           count(*) FILTER (WHERE m.is_enrolled)          AS enrolled_with_curve,
           count(*) FILTER (WHERE n.urgency <> 'low')     AS due_students,
           count(*) FILTER (WHERE n.urgency = 'high')     AS high_students,
           count(*) FILTER (WHERE n.urgency_1d = 'high')  AS high_1d,
           count(*) FILTER (WHERE n.urgency_3d = 'high')  AS high_3d,
           count(*) FILTER (WHERE n.urgency_7d = 'high')  AS high_7d,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY n.retention)    AS median,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY n.retention_1d) AS median_1d,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY n.retention_3d) AS median_3d,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY n.retention_7d) AS median_7d,
           avg(n.pass_chance)                             AS chance,
           avg(n.pass_chance_1d)                          AS chance_1d,
           avg(n.pass_chance_3d)                          AS chance_3d,
           avg(n.pass_chance_7d)                          AS chance_7d,
           max(n.as_of)                                   AS as_of
    FROM student_cohorts m
    JOIN memory_now n ON n.user_id = m.student_id
    WHERE m.cohort = 'class'
       OR n.module NOT IN (SELECT module FROM known)
       OR (n.module, m.cohort_id) IN (SELECT module, course_id FROM known)
    GROUP BY m.cohort, m.cohort_id, n.module
) f
LEFT JOIN (
    SELECT cohort, cohort_id, count(*) AS enrolled FROM student_cohorts WHERE is_enrolled GROUP BY cohort, cohort_id
) e ON e.cohort = f.cohort AND e.cohort_id = f.cohort_id;
COMMENT ON VIEW forgetting_by_cohort IS 'A row is a class or course x module.';
COMMENT ON COLUMN forgetting_by_cohort.pass_chance IS 'Mean chance to pass now, 0-1.';

-- A class's chance to pass a module, mean and variance, against the norm: that of everybody else's curves of it, as of the age (days since
-- the last review) that the class's median curve has; told only where it lies 5 points above the class's chance or more. No chance rises
-- while nothing is revised: what everybody's curves tell at the next younger age of a coarse scale, computed once for all classes near
-- that age, is never below a norm and rules most classes out. For the rest every curve is asked, of those that are alike one.
CREATE OR REPLACE VIEW class_recall WITH (security_barrier) AS
WITH curves AS MATERIALIZED (
         SELECT user_id, module, domain, model, stability, decay_factor, elapsed, last_score, pass_mark, intercept, slope, score,
                pass_chance, chance_at_once, last_reviewed_at, as_of
         FROM memory_now
         WHERE pass_chance IS NOT NULL
     ),
     members AS MATERIALIZED (SELECT DISTINCT cohort_id AS class_id, student_id FROM student_cohorts WHERE cohort = 'class'),
     classes AS MATERIALIZED (
         SELECT m.class_id, c.module, max(c.domain) AS domain, count(*) AS students, avg(c.pass_chance) AS chance,
                coalesce(var_samp(c.pass_chance), 0) AS variance, avg(c.chance_at_once) AS at_once,
                coalesce(var_samp(c.chance_at_once), 0) AS at_once_variance,
                percentile_disc(0.5) WITHIN GROUP (ORDER BY c.elapsed) AS age_days,
                max(c.last_reviewed_at) AS last_reviewed_at, max(c.as_of) AS as_of
         FROM members m
         JOIN curves c ON c.user_id = m.student_id
         GROUP BY m.class_id, c.module
     ),
     alike AS MATERIALIZED (
         SELECT module, model, stability, decay_factor, last_score, pass_mark, intercept, slope, score, count(*) AS students
         FROM curves
         GROUP BY module, model, stability, decay_factor, last_score, pass_mark, intercept, slope, score
     ),
     everybody AS MATERIALIZED (SELECT module, sum(students)::bigint AS students FROM alike GROUP BY module),
     aged AS MATERIALIZED (
         SELECT k.class_id, k.module, k.chance, k.age_days, e.students - k.students AS others,
                -- a power of 1.5, and a little less, so that rounding does not make it older
                CASE WHEN k.age_days > 0.02 THEN power(1.5, floor(ln(k.age_days) / ln(1.5))) * 0.999999 ELSE 0 END AS younger
         FROM classes k
         JOIN everybody e ON e.module = k.module
     ),
     highest AS (
         SELECT y.module, y.younger,
                sum(a.students * pass_chance(retention(a.model, a.stability, a.decay_factor, y.younger), a.last_score, a.pass_mark,
                                             a.intercept, a.slope, a.score)) AS chances
         FROM (SELECT DISTINCT module, younger FROM aged) y
         JOIN alike a ON a.module = y.module
         GROUP BY y.module, y.younger
     ),
     below AS MATERIALIZED (
         SELECT g.class_id, g.module, g.chance, g.age_days, g.others
         FROM aged g
         JOIN highest h ON h.module = g.module AND h.younger = g.younger
         WHERE g.others > 0 AND h.chances / g.others - g.chance > 0.049999
     ),
     norms AS (
         SELECT n.class_id, n.module, n.norm,
                CASE WHEN n.others > 1 THEN greatest(n.squares - n.others * n.norm ^ 2, 0) / (n.others - 1) ELSE 0 END AS variance
         FROM (
             SELECT b.class_id, b.module, max(b.chance) AS chance, max(b.others) AS others,
                    sum(b.students * p.chance) / max(b.others) AS norm, sum(b.students * p.chance ^ 2) AS squares
             FROM (
                 SELECT b.*, a.students, a.model, a.stability, a.decay_factor, a.last_score, a.pass_mark, a.intercept, a.slope, a.score
                 FROM below b
                 JOIN alike a ON a.module = b.module
                 UNION ALL -- but the class's own
                 SELECT b.*, -1, c.model, c.stability, c.decay_factor, c.last_score, c.pass_mark, c.intercept, c.slope, c.score
                 FROM below b
                 JOIN members m ON m.class_id = b.class_id
                 JOIN curves c ON c.user_id = m.student_id AND c.module = b.module
             ) b
             CROSS JOIN LATERAL (
                 SELECT pass_chance(retention(b.model, b.stability, b.decay_factor, b.age_days), b.last_score, b.pass_mark, b.intercept,
                                    b.slope, b.score) AS chance
             ) p
             GROUP BY b.class_id, b.module
         ) n
         WHERE round((n.norm - n.chance)::numeric, 9) >= 0.05
     )
SELECT k.class_id, k.module, k.domain, k.students, k.chance, k.variance, k.at_once, k.at_once_variance, k.age_days, k.last_reviewed_at,
       e.students - k.students AS norm_students, n.norm, n.variance AS norm_variance, k.as_of
FROM classes k
JOIN everybody e ON e.module = k.module
LEFT JOIN norms n ON n.class_id = k.class_id AND n.module = k.module;
COMMENT ON VIEW class_recall IS 'A row is a class x module of which its students have a curve, for alert rules.';
COMMENT ON COLUMN class_recall.chance IS 'Mean chance to pass now, 0-1.';
COMMENT ON COLUMN class_recall.variance IS 'Of the chances of one student.';
COMMENT ON COLUMN class_recall.at_once IS 'Mean chance right after the reviews, 0-1.';
COMMENT ON COLUMN class_recall.at_once_variance IS 'Of one student.';
COMMENT ON COLUMN class_recall.age_days IS 'Days since the review of the median curve.';
COMMENT ON COLUMN class_recall.norm_students IS 'Curves behind the norm.';
COMMENT ON COLUMN class_recall.norm IS 'Mean chance of everybody else''s curves at that age; null where it is not 0.05 above chance.';
COMMENT ON COLUMN class_recall.norm_variance IS 'Of one curve.';
