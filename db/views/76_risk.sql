-- Who may be lost, course by course: reasons with weights, as of now. Before day 14 of a term, and between terms, there is no score.

CREATE OR REPLACE VIEW risk_clock AS
SELECT c.now, c.today, t.starts AS term_starts, c.today - t.starts + 1 AS term_day,
       -- the seventh study day before today: whoever was not seen since has been away for seven
       (SELECT CASE WHEN count(*) = 7 THEN min(s.day) END
        FROM (
            SELECT c.today - n AS day FROM generate_series(1, 120) n
            WHERE NOT EXISTS (SELECT FROM terms)
               OR (EXISTS (SELECT FROM terms r WHERE c.today - n BETWEEN r.starts AND r.ends)
                   AND CASE WHEN EXISTS (SELECT FROM periods)
                            THEN EXISTS (SELECT FROM periods p WHERE p.weekday = extract(isodow FROM c.today - n))
                            ELSE extract(isodow FROM c.today - n) < 6 END)
            ORDER BY n LIMIT 7
        ) s)                                            AS away_since
FROM (SELECT classpulse_now() AS now, local_day(classpulse_now()) AS today OFFSET 0) c
LEFT JOIN LATERAL (SELECT max(starts) AS starts FROM terms WHERE c.today BETWEEN starts AND ends) t ON true;

-- Items whose date has passed in this term.
CREATE OR REPLACE VIEW due_items AS
SELECT i.course_id, i.item_id
FROM risk_clock k
JOIN content_items i ON i.due_at < k.now AND local_day(i.due_at) >= k.term_starts;

-- A student of a course with every reason. Building block: a job keeps it in a table on TimescaleDB, as the summaries (71).
CREATE OR REPLACE VIEW risk_rows_live AS
SELECT r.student_id, r.course_id, r.class_id, r.never_started, r.away, r.behind, r.failing, r.overdue_items,
       CASE WHEN r.term_day >= 14
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
    SELECT e.student_id, e.course_id, e.class_id, k.now, k.term_day, c.last_activity_at,
           coalesce(k.term_day >= 7, false) AND coalesce(local_day(c.last_activity_at) < k.term_starts, true) AS never_started,
           coalesce(coalesce(local_day(t.last_interaction_at), date '-infinity') < k.away_since, false) AS away,
           coalesce(coalesce(c.completion, 0) < g.p20, false) AS behind,
           coalesce(f.failing, false)                   AS failing,
           coalesce(d.items, 0) - coalesce(h.items, 0)  AS overdue_items
    FROM risk_clock k
    CROSS JOIN enrolled_students e
    LEFT JOIN student_state t ON t.student_id = e.student_id
    LEFT JOIN student_courses c ON c.student_id = e.student_id AND c.course_id = e.course_id
    LEFT JOIN class_progress g ON g.course_id = e.course_id AND g.class_id = e.class_id
    LEFT JOIN (
        SELECT user_id, course, count(*) = 2 AND bool_and(NOT passed) AS failing
        FROM (
            SELECT user_id, course, passed,
                   row_number() OVER (PARTITION BY user_id, course ORDER BY attempted_at DESC, event_id DESC) AS place
            FROM student_attempts
        ) a
        WHERE place <= 2
        GROUP BY user_id, course
    ) f ON f.user_id = e.student_id AND f.course = e.course_id
    LEFT JOIN (SELECT course_id, count(*) AS items FROM due_items GROUP BY course_id) d ON d.course_id = e.course_id
    LEFT JOIN (
        SELECT x.student_id, x.course_id, count(DISTINCT x.item_id) AS items
        FROM due_items i
        JOIN course_touches x ON x.course_id = i.course_id AND x.item_id = i.item_id AND x.finished
        GROUP BY x.student_id, x.course_id
    ) h ON h.student_id = e.student_id AND h.course_id = e.course_id
    WHERE e.course_id <> '*'
) r;

-- Each time a student of a course came to be at risk, as note_risks() saw it (r0009).
CREATE OR REPLACE VIEW student_risk_entries WITH (security_barrier) AS
SELECT student_id, course_id, class_id, entered_at, left_at, score, reasons FROM risk_entries;

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
    ORDER BY a.attempted_at DESC, a.event_id DESC LIMIT 1
) l ON true
WHERE EXISTS (SELECT FROM enrolled_students x
              WHERE x.student_id = e.student_id AND x.course_id = r.course_id AND x.class_id IS NOT DISTINCT FROM e.class_id);
