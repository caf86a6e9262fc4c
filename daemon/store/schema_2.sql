-- What version 2 adds to the mirror: the rest of the CRM, and what tasks are linked to. The columns of every table are explained in
-- schema.sql. From now on the indexes of what is mirrored stand in indexes.cc.

DROP INDEX deals_by_manager;
DROP INDEX deals_open;
DROP INDEX tasks_by_manager;
DROP INDEX calls_by_day;
DROP INDEX calls_by_start;

-- Who changed a task last, and its links to the CRM. They are known of every task once the list has
-- been read again. A row_hash of 0 keeps that reading out of the change log. Not so where a deadline
-- has moved: the line says since when it is known who changes the task, and so that whoever moved
-- the deadline before is unknown.
CREATE TABLE tasks_of_version_2 (
  id INTEGER PRIMARY KEY,
  title TEXT,
  status INTEGER,
  manager_id INTEGER,
  creator_id INTEGER,
  changed_by INTEGER,
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
  crm_links TEXT,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;
INSERT INTO tasks_of_version_2 (
  id, title, status, manager_id, creator_id, closed_by, deadline_at, created_at, changed_at,
  closed_at, status_changed_at, activity_at, priority, group_id, parent_id, control, extra,
  row_hash, seen_at, deleted_at)
SELECT
  id, title, status, manager_id, creator_id, closed_by, deadline_at, created_at, changed_at,
  closed_at, status_changed_at, activity_at, priority, group_id, parent_id, control, extra,
  iif(EXISTS (SELECT 1 FROM changes AS c
              WHERE c.entity = 'task' AND c.entity_id = tasks.id AND c.field = 'deadline_at'),
      row_hash, 0),
  seen_at, deleted_at
FROM tasks;
DROP TABLE tasks;
ALTER TABLE tasks_of_version_2 RENAME TO tasks;
UPDATE streams SET full_done = 0, cursor_id = 0, full_began_at = NULL WHERE entity = 'task';

-- The pairs of tasks.crm_links, kept by the writes to tasks: what is bound to an object of the CRM.
CREATE TABLE task_links (
  crm_type INTEGER NOT NULL,
  crm_id INTEGER NOT NULL,
  task_id INTEGER NOT NULL,
  PRIMARY KEY (crm_id, crm_type, task_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_links_by_task ON task_links (task_id);

-- What activities are bound to besides their owner, and those of which that is not known yet, or
-- not since they changed. The second is kept by the writes to activities.
CREATE TABLE activity_links (
  crm_type INTEGER NOT NULL,
  crm_id INTEGER NOT NULL,
  activity_id INTEGER NOT NULL,
  PRIMARY KEY (crm_id, crm_type, activity_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX activity_links_by_activity ON activity_links (activity_id);
CREATE TABLE unlinked_activities (
  completed INTEGER NOT NULL,
  activity_id INTEGER NOT NULL,
  PRIMARY KEY (completed, activity_id)
) STRICT, WITHOUT ROWID;

-- The client's number as numbers are compared: without signs, its last ten digits.
ALTER TABLE calls ADD COLUMN phone_key TEXT GENERATED ALWAYS AS (
  substr(replace(replace(replace(replace(replace(
    phone, '+', ''), ' ', ''), '-', ''), '(', ''), ')', ''), -10)) VIRTUAL;

-- The user whose webhook we are: what he does for others is our doing, not a manager's. One row at
-- most.
CREATE TABLE service_users (
  user_id INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE leads (
  id INTEGER PRIMARY KEY,
  title TEXT,
  stage_id TEXT,
  semantic TEXT,
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
  company_id INTEGER,
  contact_id INTEGER,
  source_id TEXT,
  repeated INTEGER,
  has_phone INTEGER,
  has_email INTEGER,
  has_chat INTEGER,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;

CREATE TABLE quotes (
  id INTEGER PRIMARY KEY,
  number TEXT,
  title TEXT,
  stage_id TEXT,
  closed INTEGER,
  amount REAL,
  currency TEXT,
  manager_id INTEGER,
  created_by INTEGER,
  updated_by INTEGER,
  created_at INTEGER,
  updated_at INTEGER,
  begin_date TEXT,
  close_date TEXT,
  valid_until TEXT,
  deal_id INTEGER,
  lead_id INTEGER,
  company_id INTEGER,
  contact_id INTEGER,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;

CREATE TABLE invoices (
  id INTEGER PRIMARY KEY,
  number TEXT,
  title TEXT,
  pipeline_id INTEGER,
  stage_id TEXT,
  amount REAL,
  currency TEXT,
  manager_id INTEGER,
  created_by INTEGER,
  updated_by INTEGER,
  moved_by INTEGER,
  created_at INTEGER,
  updated_at INTEGER,
  moved_at INTEGER,
  begin_date TEXT,
  close_date TEXT,
  company_id INTEGER,
  contact_id INTEGER,
  deal_id INTEGER,
  quote_id INTEGER,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;

CREATE TABLE contacts (
  id INTEGER PRIMARY KEY,
  first_name TEXT,
  last_name TEXT,
  company_id INTEGER,
  manager_id INTEGER,
  created_at INTEGER,
  updated_at INTEGER,
  last_activity_at INTEGER,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;

CREATE TABLE companies (
  id INTEGER PRIMARY KEY,
  title TEXT,
  manager_id INTEGER,
  created_at INTEGER,
  updated_at INTEGER,
  last_activity_at INTEGER,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;

CREATE TABLE activities (
  id INTEGER PRIMARY KEY,
  owner_type_id INTEGER,
  owner_id INTEGER,
  type_id INTEGER,
  provider_id TEXT,
  provider_type_id TEXT,
  subject TEXT,
  completed INTEGER,
  status INTEGER,
  direction INTEGER,
  priority INTEGER,
  manager_id INTEGER,
  author_id INTEGER,
  editor_id INTEGER,
  created_at INTEGER,
  updated_at INTEGER,
  starts_at INTEGER,
  ends_at INTEGER,
  deadline_at INTEGER,
  incoming INTEGER,
  associated_id INTEGER,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;

-- The portal's own history of stages: one line a move, never changed.
CREATE TABLE deal_moves (
  id INTEGER PRIMARY KEY,
  type INTEGER,
  owner_id INTEGER,
  at INTEGER,
  pipeline_id INTEGER,
  stage_id TEXT,
  semantic TEXT,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;

CREATE TABLE lead_moves (
  id INTEGER PRIMARY KEY,
  type INTEGER,
  owner_id INTEGER,
  at INTEGER,
  stage_id TEXT,
  semantic TEXT,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;

CREATE TABLE invoice_moves (
  id INTEGER PRIMARY KEY,
  type INTEGER,
  owner_id INTEGER,
  at INTEGER,
  pipeline_id INTEGER,
  stage_id TEXT,
  semantic TEXT,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;

INSERT INTO streams (entity)
VALUES
  ('lead'), ('quote'), ('invoice'), ('contact'), ('company'), ('activity'), ('deal_move'),
  ('lead_move'), ('invoice_move');
