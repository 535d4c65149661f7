-- Who may be lost, course by course: reasons with weights, as of now. Everything counts from the term's start or from the student's
-- enrolment, whichever is later; where no terms are known, from the enrolment. Before day 14, and between terms, there is no score.

CREATE OR REPLACE VIEW risk_clock AS
SELECT c.now, c.today, c.has_terms, t.starts AS term_starts,
       -- the seventh study day before today: whoever was not seen since has been away for seven
       (SELECT CASE WHEN count(*) = 7 THEN min(s.day) END
        FROM (
            SELECT c.today - n AS day FROM generate_series(1, 120) n
            WHERE NOT c.has_terms
               OR (EXISTS (SELECT FROM terms r WHERE c.today - n BETWEEN r.starts AND r.ends)
                   AND CASE WHEN EXISTS (SELECT FROM periods)
                            THEN EXISTS (SELECT FROM periods p WHERE p.weekday = extract(isodow FROM c.today - n))
                            ELSE extract(isodow FROM c.today - n) < 6 END)
            ORDER BY n LIMIT 7
        ) s)                                            AS away_since
FROM (SELECT classpulse_now() AS now, local_day(classpulse_now()) AS today, EXISTS (SELECT FROM terms) AS has_terms OFFSET 0) c
LEFT JOIN LATERAL (SELECT max(starts) AS starts FROM terms WHERE c.today BETWEEN starts AND ends) t ON true;

-- Students of a course, and since when what they do in it counts. Null between terms, and where neither terms nor an enrolment say it.
CREATE OR REPLACE VIEW course_members AS
SELECT e.student_id, e.course_id, e.class_id, k.now, k.away_since, s.began_at,
       local_day(s.began_at)                            AS began,
       -- what was done before the enrolment, in the same term, is a start too
       CASE WHEN k.has_terms THEN k.term_starts ELSE date '-infinity' END AS started_from,
       k.today - local_day(s.began_at) + 1              AS day,
       k.today - CASE WHEN k.has_terms THEN k.term_starts ELSE local_day(s.began_at) END + 1 AS score_day
FROM risk_clock k
CROSS JOIN student_enrolments e
CROSS JOIN LATERAL (
    SELECT CASE WHEN NOT k.has_terms THEN coalesce(e.since, e.class_at)
                WHEN k.term_starts IS NOT NULL THEN greatest(k.term_starts::timestamp AT TIME ZONE classpulse_timezone(), e.since)
           END AS began_at
) s
WHERE e.course_id <> '*' AND e.has_come AND NOT e.has_left;

-- A student of a course with every reason. Building block: a job keeps it in a table on TimescaleDB, as the summaries (71).
CREATE OR REPLACE VIEW risk_rows_live AS
WITH members AS MATERIALIZED (SELECT * FROM course_members)
SELECT r.student_id, r.course_id, r.class_id, r.never_started, r.away, r.behind, r.failing, r.overdue_items,
       CASE WHEN r.score_day >= 14
            THEN (4 * r.never_started::integer + 4 * r.away::integer + 2 * r.behind::integer + 3 * r.failing::integer
                  + 3 * (r.overdue_items > 0)::integer) / 10.0::double precision
       END                                              AS score,
       array_remove(ARRAY[
           CASE WHEN r.never_started THEN 'has not started the course' END,
           CASE WHEN r.away THEN 'not seen for seven study days' END,
           CASE WHEN r.behind THEN 'further behind than four fifths of the class' END,
           CASE WHEN r.failing THEN 'the last two scores are below the pass mark' END,
           CASE WHEN r.overdue_items > 0 THEN 'missed a due date' END], NULL) AS reasons,
       r.last_activity_at,
       r.now                                            AS as_of
FROM (
    SELECT e.student_id, e.course_id, e.class_id, e.now, e.score_day, c.last_activity_at,
           coalesce(e.day >= 7, false) AND coalesce(local_day(c.last_activity_at) < e.started_from, true) AS never_started,
           -- an interaction that names no course may have been in this one
           coalesce(e.began <= e.away_since
                    AND coalesce(local_day(greatest(c.last_activity_at,
                                     CASE WHEN coalesce(t.course_id, e.course_id) = e.course_id THEN t.last_interaction_at END)),
                                 date '-infinity') < e.away_since, false) AS away,
           coalesce(coalesce(c.completion, 0) < g.p20, false) AS behind,
           coalesce(f.failing, false)                   AS failing,
           coalesce(d.items, 0)                         AS overdue_items
    FROM members e
    LEFT JOIN student_state t ON t.student_id = e.student_id
    LEFT JOIN student_courses c ON c.student_id = e.student_id AND c.course_id = e.course_id
    LEFT JOIN class_progress g ON g.course_id = e.course_id AND g.class_id = e.class_id
    LEFT JOIN (
        SELECT user_id, course, count(*) = 2 AND bool_and(NOT passed) AS failing
        FROM (
            SELECT user_id, course, passed,
                   row_number() OVER (PARTITION BY user_id, course ORDER BY attempted_at DESC, place DESC, event_id DESC) AS nth
            FROM student_attempts
            WHERE quiz_type <> 'diagnostic'
        ) a
        WHERE nth <= 2
        GROUP BY user_id, course
    ) f ON f.user_id = e.student_id AND f.course = e.course_id
    LEFT JOIN (
        SELECT m.student_id, m.course_id, count(*) AS items
        FROM members m
        JOIN content_items i ON i.course_id = m.course_id AND i.due_at >= m.began_at AND i.due_at < m.now
        LEFT JOIN (SELECT DISTINCT student_id, course_id, item_id FROM handed_in) h
               ON h.student_id = m.student_id AND h.course_id = m.course_id AND h.item_id = i.item_id
        WHERE h.student_id IS NULL
        GROUP BY m.student_id, m.course_id
    ) d ON d.student_id = e.student_id AND d.course_id = e.course_id
) r;

-- Each time a student of a course came to be at risk, as note_risks() saw it (r0009).
CREATE OR REPLACE VIEW student_risk_entries WITH (security_barrier) AS
SELECT student_id, course_id, class_id, entered_at, left_at, score, reasons FROM risk_entries;
COMMENT ON VIEW student_risk_entries IS 'A row is a time that a student of a course came to be at risk.';
COMMENT ON COLUMN student_risk_entries.entered_at IS 'When the student came to be at risk.';
COMMENT ON COLUMN student_risk_entries.left_at IS 'Null while still.';
COMMENT ON COLUMN student_risk_entries.score IS 'When the student came to be at risk.';
COMMENT ON COLUMN student_risk_entries.reasons IS 'When the student came to be at risk.';

-- Chapters of a course that a student read fast in the last seven days: whoever came back and took the time did not. With the latest
-- score of that course.
CREATE OR REPLACE VIEW fast_readers WITH (security_barrier) AS
SELECT e.class_id, e.student_id, r.course_id, r.chapters, l.score AS last_score, l.pass_mark, l.passed, l.attempted_at, k.now AS as_of
FROM (SELECT classpulse_now() AS now, classpulse_now() - interval '7 days' AS since OFFSET 0) k
CROSS JOIN (SELECT DISTINCT class_id, student_id FROM enrolled_students WHERE course_id <> '*') e
CROSS JOIN LATERAL ( -- student by student, so that a class costs what its students do; skimmed as in chapter_visits, the longest decides
    SELECT v.course_id, count(*) AS chapters
    FROM (
        SELECT f.course_id, f.chapter_id,
               max(f.time_spent_seconds) FILTER (WHERE f.source = 'view') AS viewed,
               max(f.time_spent_seconds) FILTER (WHERE f.source <> 'view') AS clicked
        FROM chapter_visit_facts f
        WHERE f.student_id = e.student_id AND f.start_time > k.since AND f.start_time <= k.now
        GROUP BY f.course_id, f.chapter_id
    ) v
    LEFT JOIN content_items i ON i.course_id = v.course_id AND i.item_id = v.chapter_id
    LEFT JOIN chapter_summary m ON m.chapter_id = v.chapter_id AND m.course_id = v.course_id
    WHERE greatest(v.clicked, least(v.viewed, 3 * i.expected_seconds)) < 0.25 * coalesce(i.expected_seconds, m.median_seconds)
    GROUP BY v.course_id
) r
JOIN LATERAL (
    SELECT a.score, a.pass_mark, a.passed, a.attempted_at
    FROM marked_attempts a
    WHERE a.user_id = e.student_id AND a.course = r.course_id AND a.quiz_type <> 'diagnostic'
    ORDER BY a.attempted_at DESC, a.place DESC, a.event_id DESC LIMIT 1
) l ON true
WHERE EXISTS (SELECT FROM enrolled_students x
              WHERE x.student_id = e.student_id AND x.course_id = r.course_id AND x.class_id IS NOT DISTINCT FROM e.class_id);
COMMENT ON VIEW fast_readers IS 'A row is a student x course in which they are enrolled, with chapters read fast in the last 7 days and a quiz taken.';
COMMENT ON COLUMN fast_readers.chapters IS 'Chapters read fast.';
COMMENT ON COLUMN fast_readers.last_score IS 'Of the latest attempt, 0-100.';
COMMENT ON COLUMN fast_readers.pass_mark IS 'Of the latest attempt.';
COMMENT ON COLUMN fast_readers.passed IS 'Of the latest attempt.';
COMMENT ON COLUMN fast_readers.attempted_at IS 'Latest attempt.';
