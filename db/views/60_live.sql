-- What is so now: every number here is computed from student_state when it is asked for, as of classpulse_now().

-- What is known of every student; staff left out.
CREATE OR REPLACE VIEW known_students AS
SELECT t.*
FROM student_state t
WHERE (t.role IS NULL OR t.role = 'student')
  AND NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = t.student_id);

-- Present: not offline, and seen since the lesson began, where one runs.
CREATE OR REPLACE FUNCTION is_present(status text, seen_at timestamptz, began timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN status <> 'offline' AND (began IS NULL OR seen_at >= began);

-- Every student by class: enrolled in it, or last seen in it, or both. is_only: the student has no other row.
CREATE OR REPLACE VIEW class_people AS
SELECT m.class_id, m.student_id, true AS is_enrolled,
       t.student_id IS NOT NULL AND t.class_id IS NOT DISTINCT FROM m.class_id AS is_here,
       m.is_only AND (t.student_id IS NULL OR t.class_id IS NOT DISTINCT FROM m.class_id) AS is_only,
       t.class_id AS seen_class, t.grade, t.subject_id, t.course_id, t.chapter_id, t.last_event_at, t.last_event_name,
       t.last_interaction_at, t.idle_at, t.session_end_at, t.playing_until, t.session_id, t.weights, t.weights_end,
       t.session_minutes, t.day_bits, t.last_day, t.device, t.browser
FROM class_enrolled m
LEFT JOIN student_state t ON t.student_id = m.student_id AND (t.role IS NULL OR t.role = 'student')
UNION ALL
SELECT t.class_id, t.student_id, false, true,
       NOT EXISTS (SELECT FROM class_enrolled m WHERE m.student_id = t.student_id),
       t.class_id, t.grade, t.subject_id, t.course_id, t.chapter_id, t.last_event_at, t.last_event_name,
       t.last_interaction_at, t.idle_at, t.session_end_at, t.playing_until, t.session_id, t.weights, t.weights_end,
       t.session_minutes, t.day_bits, t.last_day, t.device, t.browser
FROM known_students t
WHERE NOT EXISTS (SELECT FROM class_enrolled m WHERE m.student_id = t.student_id AND m.class_id IS NOT DISTINCT FROM t.class_id);

-- The same as of now, in three steps: a barrier is not flattened, so each of what a step computes is a column for the next, and is
-- computed once; a choice of classes or students passes through.
CREATE OR REPLACE VIEW people_seen WITH (security_barrier) AS
SELECT t.class_id, t.student_id, t.is_enrolled, t.is_here, t.is_only, t.subject_id, t.course_id, t.chapter_id,
       coalesce(t.grade, k.grade)                                            AS grade,
       t.last_event_at, t.last_event_name, t.last_interaction_at, t.idle_at, t.session_end_at, t.playing_until, t.session_id,
       t.weights, t.session_minutes, t.device, t.browser,
       clock.now                                                             AS as_of,
       clock.skippable,
       k.began,
       coalesce(k.idle_since, clock.idle_since)                              AS idle_since,
       clock.offline_since,
       seen_until(t.last_interaction_at, t.playing_until, clock.now)         AS seen,
       seen_until(t.last_event_at, t.playing_until, clock.now)               AS seen_at,
       minutes_ahead(t.weights_end, clock.minute)                            AS ahead,
       days_back_from(clock.day, t.day_bits, t.last_day)                     AS days
FROM (
    SELECT k.now, k.now - classpulse_offline_after() AS offline_since, k.now - classpulse_idle_after() AS idle_since,
           floor(date_part('epoch', k.now) / 60) AS minute, c.day, c.skippable
    FROM (SELECT classpulse_now() AS now OFFSET 0) k CROSS JOIN streak_calendar c OFFSET 0
) clock
CROSS JOIN class_people t
LEFT JOIN ( -- once a class, not once a student; grouped, so that the planner knows it to be one row
    SELECT class_id, max(grade) AS grade, (SELECT classpulse_now()) - max(idle_after_s) * interval '1 second' AS idle_since,
           max(began) AS began
    FROM (
        SELECT class_id, grade, idle_after_s, NULL::timestamptz AS began FROM classes
        UNION ALL SELECT class_id, NULL, NULL, began FROM running_periods
    ) c
    GROUP BY class_id
) k ON k.class_id = t.seen_class;

CREATE OR REPLACE VIEW people_status WITH (security_barrier) AS
SELECT class_id, student_id, is_enrolled, is_here, is_only, subject_id, course_id, chapter_id, grade,
       last_event_at, last_event_name, last_interaction_at, session_end_at, playing_until, session_id, session_minutes, device, browser,
       as_of, began, seen_at, days,
       status_of(last_interaction_at, idle_at, session_end_at, seen, idle_since, offline_since) AS status,
       last_ten_weights(weights, ahead)  AS ten_weights,
       days | skippable | 1              AS kept_days
FROM people_seen;

-- is_present: in the class in which the student was last seen.
CREATE OR REPLACE VIEW people_now WITH (security_barrier) AS
SELECT class_id, student_id, is_enrolled, is_here, is_only, subject_id, course_id, chapter_id, grade,
       last_event_at, last_event_name, last_interaction_at, session_end_at, playing_until, session_id, device, browser, as_of, began,
       status,
       is_here AND is_present(status, seen_at, began) AS is_present,
       CASE WHEN status <> 'offline'
            THEN weighted_score(engagement_recency(last_interaction_at, as_of), intensity_of(ten_weights),
                                engagement_duration(session_minutes), streak_of(days_upto_gap(days, kept_days)))
       END AS engagement_score
FROM people_status;

-- One row a student who was ever seen.
CREATE OR REPLACE VIEW student_now AS
SELECT class_id, student_id, subject_id, course_id, chapter_id, grade, last_event_at, last_event_name, last_interaction_at, session_end_at,
       playing_until, session_id, device, browser, as_of, began, status, is_present, engagement_score
FROM people_now
WHERE is_here;

CREATE OR REPLACE VIEW student_live_metrics WITH (security_barrier) AS
SELECT student_id,
       class_id,
       last_interaction_at                                         AS last_active_at,
       (extract(epoch FROM last_interaction_at) * 1000)::bigint    AS last_active_ts,
       last_event_name                                             AS current_activity,
       engagement_score,
       status,
       session_id,
       device,
       browser,
       grade,
       subject_id,
       course_id,
       chapter_id,
       is_present,
       as_of
FROM student_now
WHERE last_interaction_at IS NOT NULL;
COMMENT ON VIEW student_live_metrics IS 'A row is a student with any interaction.';
COMMENT ON COLUMN student_live_metrics.last_active_ts IS 'last_active_at in epoch milliseconds.';
COMMENT ON COLUMN student_live_metrics.engagement_score IS '0-1; null while offline.';
COMMENT ON COLUMN student_live_metrics.status IS 'active, idle or offline.';

-- Scopes now. Those of the roster are rows even when nobody is present. The roster knows nothing of subjects: null there.
CREATE OR REPLACE VIEW active_now WITH (security_barrier) AS
WITH now AS MATERIALIZED (
         SELECT student_id, class_id, grade, subject_id, course_id, status, is_present, engagement_score FROM student_now
     ),
     here AS (
         SELECT p.scope,
                p.scope_id,
                count(*) FILTER (WHERE is_present AND status = 'active') AS active_students,
                count(*) FILTER (WHERE is_present AND status = 'idle')   AS idle_students,
                count(*) FILTER (WHERE is_present)                       AS present,
                sum(round(engagement_score * 10000)::bigint) FILTER (WHERE is_present) AS score_sum
         FROM now
         CROSS JOIN LATERAL (VALUES ('all', 'all'), ('class', class_id), ('grade', grade), ('subject', subject_id),
                                    ('course', course_id)) AS p (scope, scope_id)
         WHERE p.scope_id IS NOT NULL
         GROUP BY p.scope, p.scope_id
     ),
     expected AS (
         SELECT r.scope,
                r.scope_id,
                count(DISTINCT e.student_id) AS enrolled,
                count(DISTINCT e.student_id) FILTER (WHERE NOT coalesce(n.is_present AND CASE r.scope
                    WHEN 'all' THEN true
                    WHEN 'class' THEN n.class_id = r.scope_id
                    WHEN 'grade' THEN n.grade = r.scope_id
                    ELSE n.course_id = r.scope_id END, false)) AS absent
         FROM enrolled_students e
         LEFT JOIN classes k ON k.class_id = e.class_id
         LEFT JOIN now n ON n.student_id = e.student_id
         CROSS JOIN LATERAL (VALUES ('all', 'all'), ('class', e.class_id), ('grade', k.grade), ('course', nullif(e.course_id, '*')))
             AS r (scope, scope_id)
         WHERE r.scope_id IS NOT NULL
         GROUP BY r.scope, r.scope_id
     ),
     scopes AS (
         SELECT 'all' AS scope, 'all' AS scope_id
         UNION SELECT scope, scope_id FROM here
         UNION SELECT scope, scope_id FROM expected
         UNION SELECT 'class', class_id FROM classes
         UNION SELECT 'class', class_id FROM enrolments WHERE class_id IS NOT NULL
         UNION SELECT 'grade', grade FROM classes WHERE grade IS NOT NULL
     )
SELECT s.scope,
       s.scope_id,
       coalesce(h.active_students, 0) AS active_students,
       coalesce(h.idle_students, 0)   AS idle_students,
       coalesce(h.present, 0)         AS present,
       CASE WHEN s.scope <> 'subject' THEN coalesce(x.enrolled, 0) END AS enrolled,
       CASE WHEN s.scope <> 'subject' THEN coalesce(x.absent, 0) END   AS absent,
       round(h.idle_students::numeric / nullif(h.present, 0), 4)::double precision          AS idle_share,
       round(h.score_sum / (nullif(h.present, 0) * 100), 4)::double precision               AS engagement_score,
       c.as_of
FROM (SELECT classpulse_now() AS as_of OFFSET 0) c
CROSS JOIN scopes s
LEFT JOIN here h ON h.scope = s.scope AND h.scope_id = s.scope_id
LEFT JOIN expected x ON x.scope = s.scope AND x.scope_id = s.scope_id;
COMMENT ON VIEW active_now IS 'A row is a scope now: all, every class, grade, subject, course.';
COMMENT ON COLUMN active_now.scope IS 'all, class, grade, subject or course.';
COMMENT ON COLUMN active_now.active_students IS 'With status active.';
COMMENT ON COLUMN active_now.enrolled IS 'Null for subjects, of which rosters say nothing.';
COMMENT ON COLUMN active_now.absent IS 'Enrolled minus present; null for subjects.';
COMMENT ON COLUMN active_now.engagement_score IS 'Mean of those present, 0-100.';

CREATE OR REPLACE VIEW class_overview WITH (security_barrier) AS
SELECT a.scope_id AS class_id, l.title, l.grade, a.active_students, a.idle_students, a.present, a.enrolled, a.absent,
       a.idle_share, a.engagement_score, a.as_of
FROM active_now a
LEFT JOIN class_list l ON l.class_id = a.scope_id
WHERE a.scope = 'class';
COMMENT ON VIEW class_overview IS 'A row is a class now: of the roster, or seen.';
COMMENT ON COLUMN class_overview.active_students IS 'With status active.';
COMMENT ON COLUMN class_overview.engagement_score IS 'Mean of those present, 0-100.';

-- Present students counted by every place at once: filter by any column, then sum. No student is named.
CREATE OR REPLACE VIEW present_now WITH (security_barrier) AS
SELECT class_id, grade, subject_id, course_id, chapter_id, device, browser, status,
       count(*) AS students,
       sum(round(engagement_score * 10000)::bigint)::bigint AS score_sum,
       as_of
FROM student_now
WHERE is_present
GROUP BY class_id, grade, subject_id, course_id, chapter_id, device, browser, status, as_of;
COMMENT ON VIEW present_now IS 'A row is a combination of places among present students (filter by any, then sum).';
COMMENT ON COLUMN present_now.status IS 'active or idle.';
COMMENT ON COLUMN present_now.score_sum IS 'Engagement scores in ten-thousandths, added up.';

CREATE OR REPLACE VIEW student_engagement WITH (security_barrier) AS
SELECT "time", student_id, class_id, score, recency, intensity, duration, streak
FROM engagement_scores e
WHERE NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = e.student_id);
COMMENT ON VIEW student_engagement IS 'A row is a final minute x student.';
COMMENT ON COLUMN student_engagement.time IS 'Start of the minute.';
COMMENT ON COLUMN student_engagement.score IS '0-1.';
COMMENT ON COLUMN student_engagement.recency IS 'Part of the score, 0-1: how long ago the last interaction was.';
COMMENT ON COLUMN student_engagement.intensity IS 'Part of the score, 0-1: weights of the last ten whole minutes.';
COMMENT ON COLUMN student_engagement.duration IS 'Part of the score, 0-1: active minutes of the session.';
COMMENT ON COLUMN student_engagement.streak IS 'Part of the score, 0-1: days in a row.';

CREATE OR REPLACE VIEW latest_events WITH (security_barrier) AS
SELECT event_time, event_id, student_id, class_id, grade, subject_id, course_id, chapter_id, event_type, event_name,
       session_id, device_type, browser
FROM events e
WHERE event_time > (SELECT classpulse_now() - interval '1 hour')
  AND coalesce(role, 'student') = 'student'
  -- looked up by hash: of events that came since it last looked the server expects none, and would find all staff anew for each
  AND e.student_id NOT IN (SELECT staff_id FROM known_staff);
COMMENT ON VIEW latest_events IS 'A row is a student''s event of the last hour (sort by event_time, limit).';
