-- What version 2 adds to the mirror: the rest of the CRM. The columns of every table are explained in
-- schema.sql. From now on the indexes of what is mirrored stand in indexes.cc.

DROP INDEX deals_by_manager;
DROP INDEX deals_open;
DROP INDEX tasks_by_manager;
DROP INDEX calls_by_day;
DROP INDEX calls_by_start;

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
