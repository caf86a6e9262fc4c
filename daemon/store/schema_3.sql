-- What version 3 brings, a section for each subject. The columns of every table are explained in
-- schema.sql.

-- ---- details -----------------------------------------------------------------------------------

-- What belongs to an object and is asked for by its id, kind by kind: how far each has come, and
-- whose are still to be read. The second is kept by the writes to the objects.
CREATE TABLE details (
  detail TEXT PRIMARY KEY,
  full_done INTEGER NOT NULL DEFAULT 0,
  refused INTEGER NOT NULL DEFAULT 0,
  problem TEXT NOT NULL DEFAULT '',
  fresh_at INTEGER
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

-- ---- money -------------------------------------------------------------------------------------
--
-- Sums are whole hundredths of their currency in place of floating point, and so they are in the
-- change log. A sum of up to two decimal places comes over as it is; of more, half a hundredth is
-- rounded away from zero, as the reader of the portal's answers does (the inner round() takes away
-- what the multiplication in binary has added). What 64 bits cannot hold is NULL. The rows are
-- equal to what will be read, so no change is logged; reading brings their hashes up to date.

CREATE TABLE deals_of_version_3 (
  id INTEGER PRIMARY KEY,
  title TEXT,
  pipeline_id INTEGER,
  stage_id TEXT,
  semantic TEXT,
  closed INTEGER,
  amount_minor INTEGER,
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
INSERT INTO deals_of_version_3 (
  id, title, pipeline_id, stage_id, semantic, closed, amount_minor, currency, manager_id,
  created_by, updated_by, moved_by, created_at, updated_at, moved_at, last_activity_at,
  last_activity_by, begin_date, close_date, company_id, contact_id, lead_id, source_id, type_id,
  recurring, extra, row_hash, seen_at, deleted_at)
SELECT
  id, title, pipeline_id, stage_id, semantic, closed,
  iif(abs(amount) < 9.2e16, CAST(round(round(amount * 100, 6)) AS INTEGER), NULL), currency,
  manager_id, created_by, updated_by, moved_by, created_at, updated_at, moved_at,
  last_activity_at, last_activity_by, begin_date, close_date, company_id, contact_id, lead_id,
  source_id, type_id, recurring, extra, row_hash, seen_at, deleted_at
FROM deals;
DROP TABLE deals;
ALTER TABLE deals_of_version_3 RENAME TO deals;

CREATE TABLE leads_of_version_3 (
  id INTEGER PRIMARY KEY,
  title TEXT,
  stage_id TEXT,
  semantic TEXT,
  amount_minor INTEGER,
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
INSERT INTO leads_of_version_3 (
  id, title, stage_id, semantic, amount_minor, currency, manager_id, created_by, updated_by,
  moved_by, created_at, updated_at, moved_at, last_activity_at, last_activity_by, company_id,
  contact_id, source_id, repeated, has_phone, has_email, has_chat, extra, row_hash, seen_at,
  deleted_at)
SELECT
  id, title, stage_id, semantic,
  iif(abs(amount) < 9.2e16, CAST(round(round(amount * 100, 6)) AS INTEGER), NULL), currency,
  manager_id, created_by, updated_by, moved_by, created_at, updated_at, moved_at,
  last_activity_at, last_activity_by, company_id, contact_id, source_id, repeated, has_phone,
  has_email, has_chat, extra, row_hash, seen_at, deleted_at
FROM leads;
DROP TABLE leads;
ALTER TABLE leads_of_version_3 RENAME TO leads;

CREATE TABLE quotes_of_version_3 (
  id INTEGER PRIMARY KEY,
  number TEXT,
  title TEXT,
  stage_id TEXT,
  closed INTEGER,
  amount_minor INTEGER,
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
INSERT INTO quotes_of_version_3 (
  id, number, title, stage_id, closed, amount_minor, currency, manager_id, created_by, updated_by,
  created_at, updated_at, begin_date, close_date, valid_until, deal_id, lead_id, company_id,
  contact_id, extra, row_hash, seen_at, deleted_at)
SELECT
  id, number, title, stage_id, closed,
  iif(abs(amount) < 9.2e16, CAST(round(round(amount * 100, 6)) AS INTEGER), NULL), currency,
  manager_id, created_by, updated_by, created_at, updated_at, begin_date, close_date, valid_until,
  deal_id, lead_id, company_id, contact_id, extra, row_hash, seen_at, deleted_at
FROM quotes;
DROP TABLE quotes;
ALTER TABLE quotes_of_version_3 RENAME TO quotes;

CREATE TABLE invoices_of_version_3 (
  id INTEGER PRIMARY KEY,
  number TEXT,
  title TEXT,
  pipeline_id INTEGER,
  stage_id TEXT,
  amount_minor INTEGER,
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
INSERT INTO invoices_of_version_3 (
  id, number, title, pipeline_id, stage_id, amount_minor, currency, manager_id, created_by,
  updated_by, moved_by, created_at, updated_at, moved_at, begin_date, close_date, company_id,
  contact_id, deal_id, quote_id, extra, row_hash, seen_at, deleted_at)
SELECT
  id, number, title, pipeline_id, stage_id,
  iif(abs(amount) < 9.2e16, CAST(round(round(amount * 100, 6)) AS INTEGER), NULL), currency,
  manager_id, created_by, updated_by, moved_by, created_at, updated_at, moved_at, begin_date,
  close_date, company_id, contact_id, deal_id, quote_id, extra, row_hash, seen_at, deleted_at
FROM invoices;
DROP TABLE invoices;
ALTER TABLE invoices_of_version_3 RENAME TO invoices;

UPDATE changes
SET field = 'amount_minor',
    old_value = iif(
      abs(old_value) < 9.2e16, CAST(round(round(old_value * 100, 6)) AS INTEGER), NULL),
    new_value = iif(
      abs(new_value) < 9.2e16, CAST(round(round(new_value * 100, 6)) AS INTEGER), NULL)
WHERE field = 'amount' AND entity IN ('deal', 'lead', 'quote', 'invoice');

-- The id is made of the code: connectors/bitrix24/entities.h, IdStyle.
CREATE TABLE currencies (
  id INTEGER PRIMARY KEY,
  code TEXT,
  name TEXT,
  rate REAL,
  nominal INTEGER,
  is_base INTEGER,
  sort INTEGER,
  decimals INTEGER,
  updated_at INTEGER,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;
INSERT INTO streams (entity)
VALUES ('currency');

-- ---- deleted, or not readable any more ----------------------------------------------------------
--
-- Both have deleted_at. lost_rows: the portal is still to be asked which of the two it is; `tries`
-- counts its silences. Kept by the writes that set and clear deleted_at, and holds a few rows of a
-- list that is doubted besides. hidden_rows: the portal said that the row is there and that the
-- webhook's user may not read it.
CREATE TABLE lost_rows (
  entity TEXT NOT NULL,
  entity_id INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (entity, entity_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX lost_rows_by_tries ON lost_rows (entity, tries);

CREATE TABLE hidden_rows (
  entity TEXT NOT NULL,
  entity_id INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (entity, entity_id)
) STRICT, WITHOUT ROWID;

-- ---- calls, and what is quicker to write -----------------------------------------------------------

-- What SQLite computes it computes with every writing and wherever it is read: that took half of
-- the time of writing a call. Some indexes are made anew, smaller (indexes.cc): sorting takes the
-- longer the more columns there are, and no query was answered from them alone.
DROP INDEX IF EXISTS deals_by_manager;
DROP INDEX IF EXISTS calls_by_day;
DROP INDEX IF EXISTS calls_by_phone;
ALTER TABLE calls DROP COLUMN phone_key;
ALTER TABLE calls ADD COLUMN phone_key TEXT;
UPDATE calls SET phone_key = substr(replace(replace(replace(replace(replace(
  phone, '+', ''), ' ', ''), '-', ''), '(', ''), ')', ''), -10)
WHERE phone IS NOT NULL;

-- ---- payments ----------------------------------------------------------------------------------

-- What the shop's list gives, and whose its orders are: the id of an order link is the order's. The
-- same by deals and invoices, where the portal does not give the list: of them it is asked only
-- while some rule reads it. Sums are hundredths.
CREATE TABLE payments (
  id INTEGER PRIMARY KEY,
  number TEXT,
  order_id INTEGER,
  sum_minor INTEGER,
  currency TEXT,
  paid INTEGER,
  paid_at INTEGER,
  billed_at INTEGER,
  return_kind TEXT,
  return_date TEXT,
  manager_id INTEGER,
  pay_system TEXT,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;

CREATE TABLE order_links (
  id INTEGER PRIMARY KEY,
  owner_type_id INTEGER,
  owner_id INTEGER,
  extra TEXT,
  row_hash INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;
INSERT INTO streams (entity) VALUES ('payment'), ('order_link');

CREATE TABLE deal_payments (
  deal_id INTEGER NOT NULL,
  id INTEGER NOT NULL,
  number TEXT,
  sum_minor INTEGER,
  currency TEXT,
  paid INTEGER,
  paid_at INTEGER,
  pay_system TEXT,
  PRIMARY KEY (deal_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE invoice_payments (
  invoice_id INTEGER NOT NULL,
  id INTEGER NOT NULL,
  number TEXT,
  sum_minor INTEGER,
  currency TEXT,
  paid INTEGER,
  paid_at INTEGER,
  pay_system TEXT,
  PRIMARY KEY (invoice_id, id)
) STRICT, WITHOUT ROWID;

-- ---- goods and comments of deals ---------------------------------------------------------------

-- Read while some rule reads them. Of comments nobody keeps the words.
CREATE TABLE product_rows (
  deal_id INTEGER NOT NULL,
  id INTEGER NOT NULL,
  product_id INTEGER,
  name TEXT,
  price_minor INTEGER,
  quantity REAL,
  discount_type INTEGER,
  discount_rate REAL,
  discount_minor INTEGER,
  tax_rate REAL,
  tax_included INTEGER,
  sort INTEGER,
  PRIMARY KEY (deal_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE deal_comments (
  deal_id INTEGER NOT NULL,
  id INTEGER NOT NULL,
  author_id INTEGER,
  created_at INTEGER,
  PRIMARY KEY (deal_id, id)
) STRICT, WITHOUT ROWID;

-- Of a kind that is read on demand alone: whether some rule demands it.
ALTER TABLE details ADD COLUMN needed INTEGER NOT NULL DEFAULT 0;
INSERT INTO details (detail)
VALUES ('product_row'), ('deal_payment'), ('invoice_payment'), ('deal_comment');

-- ---- working days ------------------------------------------------------------------------------
--
-- The portal tells the latest working day of everybody; those it told before stay. `day` is the
-- date and `opened_clock` the time of day where it was opened.

CREATE TABLE workdays (
  user_id INTEGER NOT NULL,
  day TEXT NOT NULL,
  status TEXT NOT NULL,
  opened_clock TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  closed_at INTEGER,
  break_seconds INTEGER NOT NULL,
  confirmed INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE workday_rules (
  user_id INTEGER PRIMARY KEY,
  tracked INTEGER NOT NULL,
  flexible INTEGER NOT NULL,
  latest_start TEXT,
  earliest_finish TEXT
) STRICT;

-- ---- dialogues of Open Lines -------------------------------------------------------------------
--
-- Who wrote when in the sessions that activities stand for; what was written is not kept. `side` is
-- client, operator, bot, system or other.

CREATE TABLE chat_messages (
  activity_id INTEGER NOT NULL,
  message_id INTEGER NOT NULL,
  at INTEGER NOT NULL,
  side TEXT NOT NULL,
  author_id INTEGER,
  chat_id INTEGER,
  PRIMARY KEY (activity_id, message_id)
) STRICT, WITHOUT ROWID;
-- When the same client wrote before.
CREATE INDEX chat_messages_by_chat ON chat_messages (chat_id, message_id, at);
CREATE INDEX chat_messages_by_author ON chat_messages (author_id, at);
INSERT INTO details (detail) VALUES ('chat_message');
INSERT INTO wanted_details (detail, closed, owner_id)
SELECT 'chat_message', iif(completed = 0, 0, 1), id FROM activities
WHERE provider_id = 'IMOPENLINES_SESSION' AND associated_id IS NOT NULL AND deleted_at IS NULL
  AND (completed = 0 OR updated_at >= unixepoch() - 45 * 86400);
