-- Quizzes: attempts, their scores by module and day, who failed.

-- Without a barrier: a filter by day must reach the chunks in first_attempts.
CREATE OR REPLACE VIEW marked_attempts AS
SELECT a.attempted_at, a.event_id, a.user_id, a.class_id, a.domain, a.course, a.module, a.quiz_type, a.score, a.time_taken_seconds,
       coalesce(p.pass_mark, classpulse_pass_mark())             AS pass_mark,
       a.score >= coalesce(p.pass_mark, classpulse_pass_mark())  AS passed,
       coalesce(a.place, -1)                                     AS place
FROM quiz_attempts a
LEFT JOIN module_pass_marks p ON p.module = a.module
WHERE NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = a.user_id);

CREATE OR REPLACE VIEW student_attempts WITH (security_barrier) AS
SELECT attempted_at, event_id, user_id, class_id, domain, course, module, quiz_type, score, time_taken_seconds, pass_mark, passed, place
FROM marked_attempts;
COMMENT ON VIEW student_attempts IS 'A row is a quiz attempt.';
COMMENT ON COLUMN student_attempts.time_taken_seconds IS 'Seconds.';
COMMENT ON COLUMN student_attempts.place IS 'In the log; orders attempts of one instant.';

-- Days of attempts, added up by class, course and module while they are written: a school's month is a hundred thousand rows, not a
-- million. Scores in ten-thousandths. pass_mark parts bands, where it is no multiple of ten: above_mark are those of its band that passed.
CREATE OR REPLACE VIEW attempts_by_day WITH (security_barrier) AS
SELECT d.day, nullif(d.class_id, '') AS class_id, nullif(d.course, '') AS course, nullif(d.module, '') AS module, d.quiz_type,
       coalesce(p.pass_mark, classpulse_pass_mark()) AS pass_mark, d.attempts, d.score_sum, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, d.above_mark
FROM (
    SELECT day, class_id, course, module, quiz_type, attempts, score_sum, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, 0::bigint AS above_mark
    FROM attempt_days
    WHERE attempts <> 0
    UNION ALL -- less those of staff
    SELECT local_day(a.attempted_at), coalesce(a.class_id, ''), coalesce(a.course, ''), coalesce(a.module, ''), a.quiz_type,
           -count(*), -sum(round(a.score * 10000)::bigint)::bigint,
           -count(*) FILTER (WHERE least(9, floor(score / 10)) = 0), -count(*) FILTER (WHERE least(9, floor(score / 10)) = 1), -count(*) FILTER (WHERE least(9, floor(score / 10)) = 2), -count(*) FILTER (WHERE least(9, floor(score / 10)) = 3), -count(*) FILTER (WHERE least(9, floor(score / 10)) = 4),
           -count(*) FILTER (WHERE least(9, floor(score / 10)) = 5), -count(*) FILTER (WHERE least(9, floor(score / 10)) = 6), -count(*) FILTER (WHERE least(9, floor(score / 10)) = 7), -count(*) FILTER (WHERE least(9, floor(score / 10)) = 8), -count(*) FILTER (WHERE least(9, floor(score / 10)) = 9), 0
    FROM known_staff f
    JOIN quiz_attempts a ON a.user_id = f.staff_id
    GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT local_day(a.attempted_at), coalesce(a.class_id, ''), coalesce(a.course, ''), coalesce(a.module, ''), a.quiz_type,
           0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, count(*)
    FROM marked_attempts a
    WHERE (a.module IN (SELECT module FROM module_pass_marks WHERE pass_mark::numeric % 10 <> 0 OR pass_mark > 90)
           OR (classpulse_pass_mark()::numeric % 10 <> 0 OR classpulse_pass_mark() > 90)
              AND NOT EXISTS (SELECT FROM module_pass_marks p WHERE p.module = a.module))
      AND a.passed AND least(9, floor(a.score / 10)) = least(9, floor(a.pass_mark / 10))
    GROUP BY 1, 2, 3, 4, 5
) d
LEFT JOIN module_pass_marks p ON p.module = d.module;
COMMENT ON VIEW attempts_by_day IS 'A row is a local day x class (as the events say it) x course x module x kind of quiz; add rows up, a correction is a row of its own.';
COMMENT ON COLUMN attempts_by_day.class_id IS 'As the events say it.';
COMMENT ON COLUMN attempts_by_day.score_sum IS 'In ten-thousandths.';
COMMENT ON COLUMN attempts_by_day.above_mark IS 'Passed in the band of ten points that the pass mark parts; 0 where it is a multiple of ten.';

-- Sums of hundredths and of milliseconds: integers, so that the order of rows does not matter.
CREATE OR REPLACE VIEW quiz_analytics WITH (security_barrier) AS
SELECT user_id,
       domain,
       course,
       module,
       quiz_type,
       count(*)                                                              AS attempt_count,
       round(sum(round(score * 100)::bigint) / (count(*) * 100), 4)::double precision AS average_score,
       round(sum(round(time_taken_seconds * 1000)::bigint) / nullif(count(time_taken_seconds) * 1000, 0), 4)::double precision
                                                                             AS average_time_taken,
       max(attempted_at)                                                     AS last_attempted_at,
       count(*) FILTER (WHERE passed)                                        AS passed_count,
       max(score)                                                            AS best_score
FROM student_attempts
GROUP BY user_id, domain, course, module, quiz_type;
COMMENT ON VIEW quiz_analytics IS 'A row is a student x module x kind of quiz.';

-- The first attempt ever of a student at a module's quiz (of those of one instant the first in the log): later ones say how often it was repeated, not how hard it is.
CREATE OR REPLACE VIEW first_attempts AS
SELECT user_id, module, quiz_type, attempted_at, domain, passed
FROM marked_attempts a
WHERE module IS NOT NULL
  AND NOT EXISTS (SELECT FROM quiz_attempts b
                  WHERE b.user_id = a.user_id AND b.module = a.module AND b.quiz_type = a.quiz_type
                    AND (b.attempted_at, coalesce(b.place, -1), b.event_id) < (a.attempted_at, a.place, a.event_id));

-- Local days. Counts add up over days; rates and averages are those of the day.
CREATE OR REPLACE VIEW module_performance WITH (security_barrier) AS
SELECT bucket,
       domain,
       module,
       quiz_type,
       sum(attempts)::bigint  AS attempts,
       sum(score_sum)::bigint AS score_sum,
       sum(s0)::bigint AS s0, sum(s1)::bigint AS s1, sum(s2)::bigint AS s2, sum(s3)::bigint AS s3, sum(s4)::bigint AS s4,
       sum(s5)::bigint AS s5, sum(s6)::bigint AS s6, sum(s7)::bigint AS s7, sum(s8)::bigint AS s8, sum(s9)::bigint AS s9,
       round(sum(score_sum) / nullif(sum(attempts) * 100, 0), 4)::double precision    AS average_score,
       sum(firsts)::bigint                                                           AS first_attempts,
       sum(failed)::bigint                                                           AS first_failed,
       round(sum(failed) / nullif(sum(firsts), 0), 4)::double precision               AS failure_rate
FROM (
    SELECT bucket, domain, module, quiz_type, attempts, score_sum, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9,
           0::bigint AS firsts, 0::bigint AS failed
    FROM module_performance_1d
    UNION ALL
    SELECT {{day_of_attempt}}, domain, module, quiz_type, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
           count(*), count(*) FILTER (WHERE NOT passed)
    FROM first_attempts
    GROUP BY 1, 2, 3, 4
) u
GROUP BY bucket, domain, module, quiz_type;
COMMENT ON VIEW module_performance IS 'A row is a local day x module x kind of quiz, from module_performance_1d.';
COMMENT ON COLUMN module_performance.score_sum IS 'In hundredths.';

-- Ten bands of ten points a row each, empty ones too; a full score is in the last.
CREATE OR REPLACE VIEW score_distribution WITH (security_barrier) AS
SELECT p.bucket, p.domain, p.module, p.quiz_type, b.from_score, b.attempts
FROM module_performance_1d p
CROSS JOIN LATERAL (VALUES (0, s0), (10, s1), (20, s2), (30, s3), (40, s4), (50, s5), (60, s6), (70, s7), (80, s8), (90, s9))
    AS b (from_score, attempts);
COMMENT ON VIEW score_distribution IS 'A row is a local day x module x kind of quiz x ten points of score.';
COMMENT ON COLUMN score_distribution.attempts IS 'Of these ten points.';

-- First attempts of the last 7 days, diagnostics left out. Whoever is in two classes counts where the quiz was taken.
CREATE OR REPLACE VIEW quiz_failure WITH (security_barrier) AS
WITH span AS MATERIALIZED (SELECT classpulse_now() AS until, classpulse_now() - interval '168 hours' AS since),
     firsts AS (
         SELECT DISTINCT ON (user_id, module) user_id, module, class_id, domain, pass_mark, passed
         FROM student_attempts
         WHERE quiz_type = 'module'
           AND module IS NOT NULL
           AND attempted_at > (SELECT since FROM span)
           AND attempted_at <= (SELECT until FROM span)
         ORDER BY user_id, module, attempted_at, place, event_id
     )
SELECT c.class_id,
       f.module,
       max(f.domain)                                   AS domain,
       count(*)                                        AS students,
       count(*) FILTER (WHERE NOT f.passed)            AS failed,
       four_decimals(avg((NOT f.passed)::int)::double precision) AS failure_rate,
       f.pass_mark,
       s.since,
       s.until                                         AS as_of
FROM firsts f
CROSS JOIN span s
LEFT JOIN student_classes k ON k.student_id = f.user_id
CROSS JOIN LATERAL unnest(fact_classes(f.class_id, k.class_ids)) AS c (class_id)
GROUP BY 1, f.module, f.pass_mark, s.since, s.until;
COMMENT ON VIEW quiz_failure IS 'A row is a class (null = none known) x module, of the last 7 days.';
COMMENT ON COLUMN quiz_failure.class_id IS 'Class by the roster; null where none is known.';
COMMENT ON COLUMN quiz_failure.students IS 'With a first attempt in the last 7 days.';

-- The questions of first attempts of the last 7 days, where the platform tells its answers (quiz_answer with question and correct): those
-- of the two hours before the quiz was handed in.
CREATE OR REPLACE VIEW quiz_questions WITH (security_barrier) AS
WITH span AS MATERIALIZED (SELECT classpulse_now() AS until, classpulse_now() - interval '168 hours' AS since),
     firsts AS NOT MATERIALIZED (
         SELECT DISTINCT ON (user_id, module) user_id, module, class_id, attempted_at
         FROM student_attempts
         WHERE quiz_type = 'module'
           AND module IS NOT NULL
           AND attempted_at > (SELECT since FROM span)
           AND attempted_at <= (SELECT until FROM span)
         ORDER BY user_id, module, attempted_at, place, event_id
     )
SELECT c.class_id,
       f.module,
       a.metadata ->> 'question'                       AS question,
       count(*)                                        AS answers,
       count(*) FILTER (WHERE a.metadata ->> 'correct' = 'false') AS wrong
FROM firsts f
JOIN events a ON a.event_name = 'quiz_answer' AND a.student_id = f.user_id
             AND a.event_time > f.attempted_at - interval '2 hours' AND a.event_time <= f.attempted_at
             AND f.module IN (a.metadata ->> 'module', a.assessment_id, a.chapter_id)
             AND a.metadata ->> 'question' IS NOT NULL AND a.metadata ->> 'correct' IN ('true', 'false')
LEFT JOIN student_classes k ON k.student_id = f.user_id
CROSS JOIN LATERAL unnest(fact_classes(f.class_id, k.class_ids)) AS c (class_id)
GROUP BY 1, 2, 3;
COMMENT ON VIEW quiz_questions IS 'A row is a class x quiz x question of first attempts within 7 days, where the platform tells answers.';
COMMENT ON COLUMN quiz_questions.question IS 'Question.';
COMMENT ON COLUMN quiz_questions.answers IS 'Answers in first attempts.';
COMMENT ON COLUMN quiz_questions.wrong IS 'Wrong ones among them.';
