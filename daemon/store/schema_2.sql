-- What version 2 adds to the mirror: the rest of the CRM. The columns of every table are explained in
-- schema.sql.

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
CREATE INDEX leads_by_manager ON leads (manager_id, semantic, deleted_at);

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
CREATE INDEX quotes_by_manager ON quotes (manager_id, closed, deleted_at);

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
CREATE INDEX invoices_by_manager ON invoices (manager_id, deleted_at);

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
-- What is planned for an object, and what a manager has to do. The object's kind comes second: the
-- view shows it as a word, which is no part of an index.
CREATE INDEX activities_by_owner
ON activities (owner_id, owner_type_id, completed, deadline_at, deleted_at);
CREATE INDEX activities_by_manager
ON activities (manager_id, completed, deadline_at, deleted_at);

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
CREATE INDEX deal_moves_by_owner ON deal_moves (owner_id);

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
CREATE INDEX lead_moves_by_owner ON lead_moves (owner_id);

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
CREATE INDEX invoice_moves_by_owner ON invoice_moves (owner_id);

INSERT INTO streams (entity)
VALUES
  ('lead'), ('quote'), ('invoice'), ('contact'), ('company'), ('activity'), ('deal_move'),
  ('lead_move'), ('invoice_move');
