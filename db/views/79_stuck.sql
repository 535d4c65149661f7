-- Whom to go to first: who looks stuck now, class by class, with the evidence in words (docs/stuck.md).

-- What a row of stuck_episodes has as its evidence, for a reader.
CREATE OR REPLACE FUNCTION stuck_words(kind text, evidence jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN concat_ws('; ',
    (evidence ->> 'wrong_in_a_row') || CASE WHEN evidence ->> 'wrong_in_a_row' = '1' THEN ' wrong answer' ELSE ' wrong answers in a row' END
        || coalesce(' (last: question ' || (evidence ->> 'question') || ')', ''),
    CASE WHEN evidence -> 'signs' ? 'silence_after_fail' THEN 'silent since' END,
    (evidence ->> 'hints') || CASE WHEN evidence ->> 'hints' = '1' THEN ' hint' ELSE ' hints' END,
    CASE WHEN evidence -> 'criteria' ? 'mastery' THEN (evidence ->> 'opportunities') || ' tries without three right in a row' END,
    CASE WHEN evidence -> 'criteria' ? 'hazard' THEN 'the next three tries will probably fail too' END,
    'paused or sought ' || (evidence ->> 'turns') || ' times around '
        || to_char(make_interval(secs => (evidence ->> 'position_s')::double precision), 'HH24:MI:SS'),
    CASE WHEN evidence -> 'signs' ? 'long_dwell'
         THEN ((evidence ->> 'without_progress_s')::bigint / 60) || ' minutes there without getting further' END,
    CASE WHEN evidence -> 'signs' ? 'opened_and_left' THEN 'opened a question and left it' END);
COMMENT ON FUNCTION stuck_words(text, jsonb) IS 'The evidence of a row of stuck_episodes in words.';

-- Episodes that go on. A class that an event does not name is the one in which the student was last seen.
CREATE OR REPLACE VIEW stuck_open AS
SELECT e.began_at, e.student_id, e.item_id, coalesce(e.class_id, t.class_id) AS class_id, e.course_id, e.kind, e.since, e.chance,
       e.evidence, clock.now
FROM (SELECT classpulse_now() AS now OFFSET 0) clock
JOIN stuck_episodes e ON e.ended_at IS NULL AND e.began_at <= clock.now AND e.began_at > clock.now - interval '1 day'
LEFT JOIN student_state t ON t.student_id = e.student_id
WHERE e.chance >= classpulse_stuck_least_chance()
  AND NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = e.student_id);

-- At most so many at a time a class (CLASSPULSE_STUCK_AT_ONCE), the likeliest first: a list of thirty helps nobody.
CREATE OR REPLACE VIEW stuck_now WITH (security_barrier) AS
WITH ranked AS MATERIALIZED (
    SELECT o.*, row_number() OVER (PARTITION BY o.class_id ORDER BY o.chance DESC, o.began_at, o.student_id) AS place,
           count(*) OVER (PARTITION BY o.class_id)                                                          AS waiting
    FROM (
        -- a student stands there once, with what is likeliest
        SELECT DISTINCT ON (class_id, student_id) * FROM stuck_open ORDER BY class_id, student_id, chance DESC, began_at, item_id
    ) o
)
SELECT r.class_id, r.place, r.student_id, r.item_id, r.course_id, i.title AS item_title, r.kind, r.since, r.began_at,
       floor(extract(epoch FROM r.now - r.began_at) / 60)::bigint                         AS minutes_waited,
       r.chance,
       stuck_words(r.kind, r.evidence)                                                    AS evidence,
       m.mates, m.mates_through, m.mates_minutes, r.waiting, r.now                        AS as_of
FROM ranked r
LEFT JOIN course_items i ON i.course_id = r.course_id AND i.item_id = r.item_id
LEFT JOIN LATERAL (
    SELECT count(*)                                                                       AS mates,
           count(*) FILTER (WHERE p.outcome IN ('solved', 'handed_in'))                   AS mates_through,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM p.ended_at - p.since) / 60)
               FILTER (WHERE p.outcome IN ('solved', 'handed_in'))                        AS mates_minutes
    FROM (
        SELECT DISTINCT ON (p.student_id) p.student_id, p.outcome, p.ended_at, p.since
        FROM stuck_episodes p
        WHERE p.item_id = r.item_id AND p.class_id = r.class_id AND p.student_id <> r.student_id AND p.ended_at <= r.now
        ORDER BY p.student_id, p.began_at DESC
    ) p
) m ON true
WHERE r.place <= classpulse_stuck_at_once();
COMMENT ON VIEW stuck_now IS 'A row is a student who looks stuck now, the likeliest of each class first; never more than CLASSPULSE_STUCK_AT_ONCE a class.';
COMMENT ON COLUMN stuck_now.place IS '1 is whom to go to first.';
COMMENT ON COLUMN stuck_now.item_title IS 'Its title, where the course''s items are known.';
COMMENT ON COLUMN stuck_now.began_at IS 'When the rules called it.';
COMMENT ON COLUMN stuck_now.minutes_waited IS 'Whole minutes since it was called.';
COMMENT ON COLUMN stuck_now.mates IS 'Classmates who looked stuck on the item before.';
COMMENT ON COLUMN stuck_now.mates_through IS 'Of these, who solved it or handed it in without a teacher''s answer.';
COMMENT ON COLUMN stuck_now.mates_minutes IS 'Median minutes that these needed, from the first sign to the end; null where there are none.';
COMMENT ON COLUMN stuck_now.waiting IS 'Students of the class who look stuck, those beyond the list too.';
COMMENT ON COLUMN stuck_now.evidence IS 'Why, in words.';
COMMENT ON COLUMN stuck_now.chance IS 'Chance that the student is truly stuck (docs/stuck.md), 0-1.';
COMMENT ON COLUMN stuck_now.since IS 'Since when it goes wrong.';
