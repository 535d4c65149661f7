-- Engagement score and status of a student as of an instant, from the columns of student_state (docs/sql/live.md).
-- The same formulas as in Python, held equal by tests. Each is one expression, and the planner inlines it where arguments that are
-- used twice are columns: the views of what is so now (60_live.sql) go step by step, so that no function is called a student.
-- (A call of a function in SQL that is not inlined costs 8 µs.) date_part, since extract gives numeric, which is several times dearer.

CREATE OR REPLACE FUNCTION engagement_recency(last_interaction_at timestamptz, as_of timestamptz) RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
-- capped at 100 time constants: exp() of less is an underflow error in PostgreSQL
RETURN exp(-least(greatest(date_part('epoch', as_of - last_interaction_at), 0), 30000) / 300);

-- How many minutes the newest weight lies after the last whole minute before as_of (negative: before it). minute: that of as_of, counted
-- from the epoch.
CREATE OR REPLACE FUNCTION minutes_ahead(weights_end timestamptz, minute double precision) RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
RETURN least(15, greatest(-10, floor(date_part('epoch', weights_end) / 60) - minute + 1))::integer;

CREATE OR REPLACE FUNCTION weights_ahead(weights_end timestamptz, as_of timestamptz) RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
RETURN minutes_ahead(weights_end, floor(date_part('epoch', as_of) / 60));

-- Sum of up to ten hexadecimal digits: pairs first (at most 30 a byte), then the bytes, since 256 = 1 (mod 255).
CREATE OR REPLACE FUNCTION nibble_sum(nibbles bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((nibbles & 64677154575) + ((nibbles >> 4) & 64677154575)) % 255;

-- The nibbles of the ten whole minutes before as_of; the lowest nibble of weights is the minute weights_end.
CREATE OR REPLACE FUNCTION last_ten_weights(weights bigint, ahead integer) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (weights >> (4 * greatest(ahead, 0))) & ((1::bigint << (4 * least(10, 10 + ahead))) - 1);

CREATE OR REPLACE FUNCTION intensity_of(ten_weights bigint) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(nibble_sum(ten_weights), 0) / 100.0::double precision;

CREATE OR REPLACE FUNCTION engagement_intensity(weights bigint, weights_end timestamptz, as_of timestamptz)
RETURNS double precision LANGUAGE sql STABLE PARALLEL SAFE
RETURN intensity_of(last_ten_weights(weights, weights_ahead(weights_end, as_of)));

CREATE OR REPLACE FUNCTION engagement_duration(session_minutes bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(1, session_minutes / 45.0::double precision);

-- Day bits counted back from another day than last_day: bit i = day - i, 32 days.
CREATE OR REPLACE FUNCTION days_back_from(day date, day_bits bigint, last_day date) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN day - last_day BETWEEN 0 AND 31 THEN (day_bits << (day - last_day)) & 4294967295
    WHEN day - last_day BETWEEN -31 AND -1 THEN day_bits >> (last_day - day)
    ELSE 0
END;

-- Consecutive days: the bits below the first day that was neither active nor skippable; today (bit 0) breaks nothing yet.
-- kept: those days and today, as bits; the lowest bit that kept lacks is ~kept & (kept + 1).
CREATE OR REPLACE FUNCTION days_upto_gap(active bigint, kept bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN bit_count((active & ((~kept & (kept + 1)) - 1))::bit(64));

CREATE OR REPLACE FUNCTION streak_days(active bigint, skippable bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN days_upto_gap(active, active | skippable | 1);

-- Saturdays and Sundays among the 32 days that end with day, as bits.
CREATE OR REPLACE FUNCTION weekends_before(day date) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT sum(1::bigint << i)::bigint FROM generate_series(0, 31) i WHERE extract(isodow FROM day - i) > 5);

CREATE OR REPLACE FUNCTION streak_of(days bigint) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(7, days) / 7.0::double precision;

CREATE OR REPLACE FUNCTION engagement_streak(day_bits bigint, last_day date, day date, skippable bigint)
RETURNS double precision LANGUAGE sql STABLE PARALLEL SAFE
RETURN streak_of(streak_days(days_back_from(day, day_bits, last_day), skippable));

CREATE OR REPLACE FUNCTION weighted_score(recency double precision, intensity double precision, duration double precision, streak double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN floor(10000 * (0.35 * recency + 0.35 * intensity + 0.20 * duration + 0.10 * streak) + 0.5) / 10000;

CREATE OR REPLACE FUNCTION engagement_score(
    last_interaction_at timestamptz, weights bigint, weights_end timestamptz, session_minutes bigint,
    day_bits bigint, last_day date, as_of timestamptz, day date, skippable bigint
) RETURNS double precision LANGUAGE sql STABLE PARALLEL SAFE
RETURN weighted_score(engagement_recency(last_interaction_at, as_of), engagement_intensity(weights, weights_end, as_of),
                      engagement_duration(session_minutes), engagement_streak(day_bits, last_day, day, skippable));

-- The same as of any instant, with weekends skipped: what the flow stores in engagement_scores.
CREATE OR REPLACE FUNCTION engagement_score(
    last_interaction_at timestamptz, weights bigint, weights_end timestamptz, session_minutes bigint,
    day_bits bigint, last_day date, as_of timestamptz
) RETURNS double precision LANGUAGE sql STABLE PARALLEL SAFE
RETURN engagement_score(last_interaction_at, weights, weights_end, session_minutes, day_bits, last_day, as_of,
    local_day(as_of - interval '1 millisecond'), weekends_before(local_day(as_of - interval '1 millisecond')));

-- The last sign of life: a playing video counts as long as it is expected to play. (least() would ignore a null.)
CREATE OR REPLACE FUNCTION seen_until(last_interaction_at timestamptz, playing_until timestamptz, as_of timestamptz)
RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN playing_until IS NULL THEN last_interaction_at ELSE greatest(last_interaction_at, least(as_of, playing_until)) END;

-- seen: the last sign of life (seen_until); since when no sign of life makes idle, and offline.
CREATE OR REPLACE FUNCTION status_of(
    last_interaction_at timestamptz, idle_at timestamptz, session_end_at timestamptz, seen timestamptz,
    idle_since timestamptz, offline_since timestamptz
) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN last_interaction_at IS NULL OR session_end_at > last_interaction_at OR seen <= offline_since THEN 'offline'
    WHEN idle_at > seen OR seen <= idle_since THEN 'idle'
    ELSE 'active'
END;

CREATE OR REPLACE FUNCTION student_status(
    last_interaction_at timestamptz, idle_at timestamptz, session_end_at timestamptz, playing_until timestamptz,
    idle_after interval, as_of timestamptz
) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN status_of(last_interaction_at, idle_at, session_end_at, seen_until(last_interaction_at, playing_until, as_of),
                 as_of - idle_after, as_of - classpulse_offline_after());

-- Whether the last that was heard of a student is that a video began whose length is not known: the status takes it to play for a while
-- only, but nothing says that the student left it. (A ping that is no interaction comes from a hidden tab.)
CREATE OR REPLACE FUNCTION plays_on(
    last_interaction_at timestamptz, last_event_at timestamptz, last_event_name text, session_end_at timestamptz, playing_until timestamptz
) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(playing_until = last_interaction_at + classpulse_idle_after()
                AND (session_end_at IS NULL OR session_end_at <= last_interaction_at)
                AND NOT (last_event_name = 'time_ping' AND last_event_at > last_interaction_at), false);
