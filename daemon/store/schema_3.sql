-- What version 3 brings, a section for each subject. The columns of every table are explained in
-- schema.sql.

-- ---- details -----------------------------------------------------------------------------------

-- What belongs to an object and is asked for by its id, kind by kind: how far each has come, and
-- whose are still to be read. The second is kept by the writes to the objects.
CREATE TABLE details (
  detail TEXT PRIMARY KEY,
  full_done INTEGER NOT NULL DEFAULT 0,
  refused INTEGER NOT NULL DEFAULT 0,
  problem TEXT NOT NULL DEFAULT ''
) STRICT;
INSERT INTO details (detail) VALUES ('activity_link');

CREATE TABLE wanted_details (
  detail TEXT NOT NULL,
  closed INTEGER NOT NULL,
  owner_id INTEGER NOT NULL,
  PRIMARY KEY (detail, closed, owner_id)
) STRICT, WITHOUT ROWID;
INSERT INTO wanted_details (detail, closed, owner_id)
SELECT 'activity_link', completed, activity_id FROM unlinked_activities;
DROP TABLE unlinked_activities;
