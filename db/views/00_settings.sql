-- Settings of the deployment as functions, inlined by the planner; `classpulse migrate` writes them anew when they change.
CREATE OR REPLACE FUNCTION classpulse_timezone() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE RETURN {{timezone}}::text;
CREATE OR REPLACE FUNCTION classpulse_window() RETURNS interval LANGUAGE sql STABLE PARALLEL SAFE RETURN {{window}};
CREATE OR REPLACE FUNCTION classpulse_lateness() RETURNS interval LANGUAGE sql STABLE PARALLEL SAFE RETURN {{lateness}};
CREATE OR REPLACE FUNCTION classpulse_idle_after() RETURNS interval LANGUAGE sql STABLE PARALLEL SAFE RETURN {{idle_after}};
CREATE OR REPLACE FUNCTION classpulse_offline_after() RETURNS interval LANGUAGE sql STABLE PARALLEL SAFE RETURN {{offline_after}};
CREATE OR REPLACE FUNCTION classpulse_pass_mark() RETURNS double precision LANGUAGE sql STABLE PARALLEL SAFE RETURN {{pass_mark}}::double precision;
CREATE OR REPLACE FUNCTION classpulse_risk_enters() RETURNS double precision LANGUAGE sql STABLE PARALLEL SAFE RETURN {{risk_enters}}::double precision;
CREATE OR REPLACE FUNCTION classpulse_risk_leaves() RETURNS double precision LANGUAGE sql STABLE PARALLEL SAFE RETURN {{risk_leaves}}::double precision;
CREATE OR REPLACE FUNCTION classpulse_small_group() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE RETURN {{small_group}}::bigint;
CREATE OR REPLACE FUNCTION classpulse_stuck_at_once() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE RETURN {{stuck_at_once}}::bigint;
CREATE OR REPLACE FUNCTION classpulse_stuck_least_chance() RETURNS double precision LANGUAGE sql STABLE PARALLEL SAFE RETURN {{stuck_least_chance}}::double precision;

CREATE OR REPLACE FUNCTION local_day(at timestamptz) RETURNS date LANGUAGE sql STABLE PARALLEL SAFE
RETURN (at AT TIME ZONE classpulse_timezone())::date;

COMMENT ON FUNCTION classpulse_timezone() IS 'The one time zone whose days count (CLASSPULSE_TIMEZONE).';
COMMENT ON FUNCTION local_day(timestamptz) IS 'The local day of an instant.';
