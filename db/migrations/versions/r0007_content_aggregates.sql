-- Percentiles come from counts in logarithmic buckets 2 % wide: the same under any order, mergeable, less than 2 % off.
-- Here, not among the views, because aggregates stand on it.
CREATE FUNCTION log_bucket(seconds double precision) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN seconds < 0.001 THEN -350 ELSE floor(ln(seconds) / 0.01980262729617973)::integer END; -- ln 1.02

-- The bucket's lower end; the next bucket's is 2 % more.
CREATE FUNCTION log_bucket_start(bucket integer) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN bucket <= -350 THEN 0 ELSE exp(bucket * 0.01980262729617973) END;

-- What a visit counts: an explicit one at most three times what its item should take, where that is known.
CREATE FUNCTION counted_seconds(source text, seconds double precision, expected_seconds bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN source = 'view' THEN least(seconds, 3 * expected_seconds) ELSE seconds END;

COMMENT ON FUNCTION log_bucket(double precision) IS 'Number of the 2 % wide bucket of a duration; 0 s is in bucket -350.';
COMMENT ON FUNCTION log_bucket_start(integer) IS 'Lower end of a bucket, in seconds.';

CREATE INDEX chapter_visit_facts_chapter ON chapter_visit_facts (course_id, chapter_id, start_time);
