-- TimescaleDB's time_bucket for plain PostgreSQL: same origins (Monday 2000-01-03; 2000-01-01 for months), same results.
CREATE OR REPLACE FUNCTION time_bucket(width interval, at timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN date_trunc('month', width) = interval '0' THEN date_bin(width, at, timestamp '2000-01-03')
    ELSE timestamp '2000-01-01' + width * floor(
        (extract(year FROM at) * 12 + extract(month FROM at) - 24001)
        / (extract(year FROM width) * 12 + extract(month FROM width)))::double precision
END;

CREATE OR REPLACE FUNCTION time_bucket(width interval, at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN time_bucket(width, at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';

CREATE OR REPLACE FUNCTION time_bucket(width interval, at timestamptz, timezone text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN width < interval '1 day' -- the hour that a clock put back repeats is two hours
    THEN at - ((at AT TIME ZONE timezone) - time_bucket(width, at AT TIME ZONE timezone))
    ELSE time_bucket(width, at AT TIME ZONE timezone) AT TIME ZONE timezone
END;

CREATE OR REPLACE FUNCTION time_bucket(width interval, at date) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN time_bucket(width, at::timestamp)::date;
