-- The tables of version 1; schema_2.sql adds to them. Times are UTC seconds (`*_at`), flags 0 or 1,
-- dates text '2026-11-21'. Analysts read the views of views.sql; these tables are the program's own.

-- ---- mirror: can be read again from the portal -------------------------------------------------
--
-- Columns between `id` and `extra` are those of the entity's EntitySpec, in its order.
--   extra       JSON object of the fields that have no column, or NULL
--   row_hash    of all values; equal means there is nothing to write
--   seen_at     when this version of the row was first seen
--   deleted_at  when the portal was found to show it no more, or NULL

CREATE TABLE users (
  id INTEGER PRIMARY KEY,
  active INTEGER,
  first_name TEXT,
  last_name TEXT,
  second_name TEXT,
  position TEXT,
  departments TEXT,
  time_zone TEXT,
  user_type TEXT,
  registered_at INTEGER,
  hired_on TEXT,
  inner_phone TEXT,
  work_phone TEXT,
  mobile_phone TEXT,
  personal_phone TEXT,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;

CREATE TABLE departments (
  id INTEGER PRIMARY KEY,
  name TEXT,
  sort INTEGER,
  parent_id INTEGER,
  head_id INTEGER,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;

CREATE TABLE pipelines (
  id INTEGER PRIMARY KEY,
  name TEXT,
  sort INTEGER,
  is_default INTEGER,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;

-- The portal's whole directory of statuses; v_stage shows the stages of deals.
CREATE TABLE stages (
  id INTEGER PRIMARY KEY,
  entity_id TEXT,
  status_id TEXT,
  name TEXT,
  sort INTEGER,
  semantics TEXT,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;
CREATE INDEX stages_by_status ON stages (entity_id, status_id);

CREATE TABLE deals (
  id INTEGER PRIMARY KEY,
  title TEXT,
  pipeline_id INTEGER,
  stage_id TEXT,
  semantic TEXT,
  closed INTEGER,
  amount REAL,
  currency TEXT,
  manager_id INTEGER,
  created_by INTEGER,
  updated_by INTEGER,
  moved_by INTEGER,
  created_at INTEGER,
  updated_at INTEGER,
  moved_at INTEGER,
  last_activity_at INTEGER,
  last_activity_by INTEGER,
  begin_date TEXT,
  close_date TEXT,
  company_id INTEGER,
  contact_id INTEGER,
  lead_id INTEGER,
  source_id TEXT,
  type_id TEXT,
  recurring INTEGER,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;
CREATE INDEX deals_by_manager ON deals (manager_id, pipeline_id, deleted_at);
-- Open deals are a small part of all, and what most rules look at. Covers counting by manager.
CREATE INDEX deals_open ON deals (manager_id, closed, deleted_at) WHERE closed = 0;

CREATE TABLE tasks (
  id INTEGER PRIMARY KEY,
  title TEXT,
  status INTEGER,
  manager_id INTEGER,
  creator_id INTEGER,
  closed_by INTEGER,
  deadline_at INTEGER,
  created_at INTEGER,
  changed_at INTEGER,
  closed_at INTEGER,
  status_changed_at INTEGER,
  activity_at INTEGER,
  priority INTEGER,
  group_id INTEGER,
  parent_id INTEGER,
  control INTEGER,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;
CREATE INDEX tasks_by_manager ON tasks (manager_id, status, deadline_at, deleted_at);

-- `day` is the local day of `started_at`, computed when the row is written: counting by day in SQL
-- costs ten times as much.
CREATE TABLE calls (
  id INTEGER PRIMARY KEY,
  call_id TEXT,
  type INTEGER,
  code TEXT,
  duration_seconds INTEGER,
  started_at INTEGER,
  manager_id INTEGER,
  line TEXT,
  phone TEXT,
  crm_entity_type TEXT,
  crm_entity_id INTEGER,
  activity_id INTEGER,
  day TEXT,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;
-- Covers counting by day and manager.
CREATE INDEX calls_by_day ON calls (day, manager_id, type, code, duration_seconds, deleted_at);
CREATE INDEX calls_by_start ON calls (started_at);

-- Every change of a mirrored row after it was first written; `field` is a column, a portal field
-- without a column, or 'deleted_at'. The portal does not give them back, so backups hold them.
CREATE TABLE changes (
  id INTEGER PRIMARY KEY,
  entity TEXT NOT NULL,
  entity_id INTEGER NOT NULL,
  field TEXT NOT NULL,
  old_value ANY,
  new_value ANY,
  seen_at INTEGER NOT NULL
) STRICT;
CREATE INDEX changes_by_object ON changes (entity, entity_id, field);

-- Rows of the portal that could not be understood.
CREATE TABLE rejected_rows (
  id INTEGER PRIMARY KEY,
  entity TEXT NOT NULL,
  raw TEXT NOT NULL,
  reason TEXT NOT NULL,
  hash INTEGER NOT NULL UNIQUE,
  count INTEGER NOT NULL DEFAULT 1,
  first_seen_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL
) STRICT;

-- One row an entity, always. Doubted are rows that a sweep missed, while it is not believed.
-- `rows` is kept by the writes to its table (deleted ones not counted).
CREATE TABLE streams (
  entity TEXT PRIMARY KEY,
  full_done INTEGER NOT NULL DEFAULT 0,
  cursor_id INTEGER NOT NULL DEFAULT 0,
  full_began_at INTEGER,
  watermark INTEGER,
  fresh_at INTEGER,
  swept_at INTEGER,
  doubted_at INTEGER,
  doubted_rows INTEGER,
  recent_at INTEGER,
  problem TEXT NOT NULL DEFAULT '',
  refused INTEGER NOT NULL DEFAULT 0,
  rows INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO streams (entity)
VALUES ('user'), ('department'), ('pipeline'), ('stage'), ('deal'), ('task'), ('call');

-- ---- state: cannot be read again ---------------------------------------------------------------

CREATE TABLE alerts (
  rule_id TEXT NOT NULL,
  key TEXT NOT NULL,
  manager_id INTEGER NOT NULL,
  state TEXT NOT NULL,
  episode INTEGER NOT NULL,
  since INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  held_seconds INTEGER NOT NULL,
  value REAL,
  norm REAL,
  fields TEXT NOT NULL,
  items TEXT NOT NULL,
  PRIMARY KEY (rule_id, key)
) STRICT, WITHOUT ROWID;

-- The journal of alerts: what became of them, and when.
CREATE TABLE alert_events (
  id INTEGER PRIMARY KEY,
  rule_id TEXT NOT NULL,
  key TEXT NOT NULL,
  transition TEXT NOT NULL,
  episode INTEGER NOT NULL,
  value REAL,
  norm REAL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX alert_events_by_key ON alert_events (rule_id, key);

CREATE TABLE messages (
  rule_id TEXT NOT NULL,
  manager_id INTEGER NOT NULL,
  recipient INTEGER NOT NULL,
  episode INTEGER NOT NULL,
  open INTEGER NOT NULL,
  opened_at INTEGER NOT NULL,
  told_at INTEGER NOT NULL,
  told_value REAL,
  keys TEXT NOT NULL,
  text_hash TEXT NOT NULL,
  PRIMARY KEY (rule_id, manager_id, recipient)
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: an id is never used again, so ids grow with time even after the newest is gone.
--   failures    attempts that failed
--   refusals    those of them that no waiting would have helped
--   maybe_seen  1 when this version or an earlier one may have been shown
--   given_up    1 when it is not tried any more
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  recipient INTEGER NOT NULL,
  tag TEXT NOT NULL,
  text TEXT NOT NULL,
  plain TEXT NOT NULL,
  queued_at INTEGER NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0,
  refusals INTEGER NOT NULL DEFAULT 0,
  maybe_seen INTEGER NOT NULL DEFAULT 0,
  next_try_at INTEGER,
  delivered_at INTEGER,
  portal_id INTEGER,
  given_up INTEGER NOT NULL DEFAULT 0,
  problem TEXT NOT NULL DEFAULT ''
) STRICT;
-- At most one version of a message waits.
CREATE UNIQUE INDEX outbox_waiting ON outbox (recipient, tag)
WHERE delivered_at IS NULL AND given_up = 0;
CREATE INDEX outbox_undelivered ON outbox (id) WHERE delivered_at IS NULL AND given_up = 0;
CREATE INDEX outbox_by_tag ON outbox (recipient, tag);

CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
