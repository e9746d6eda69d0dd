-- A save as a PostGraphile team has it: a function that becomes a mutation.
CREATE SCHEMA api;

CREATE TYPE api.artifact AS (name text, url text, format text);

CREATE FUNCTION api.save_delivery_package(
  package_id text, draft_id text, artifacts api.artifact[]
) RETURNS delivery_packages LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  saved delivery_packages;
BEGIN
  INSERT INTO delivery_packages AS stored (package_id, draft_id, created_at, updated_at, revision)
  VALUES ($1, $2, now(), now(), 1)
  ON CONFLICT (package_id) DO UPDATE
  SET draft_id = excluded.draft_id,
      updated_at = greatest(stored.updated_at, excluded.updated_at),
      revision = stored.revision + 1
  RETURNING * INTO saved;
  DELETE FROM delivery_artifacts WHERE package_id = $1;
  INSERT INTO delivery_artifacts (package_id, position, created_at, name, url, format)
  SELECT $1, given.number - 1, saved.updated_at, given.name, given.url, given.format
  FROM unnest($3) WITH ORDINALITY AS given (name, url, format, number);
  RETURN saved;
END $$;
