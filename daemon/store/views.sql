-- What analysts see. Names and columns are a promise: they are added to, never renamed.
--
-- Lines that begin with `--#` are the documentation printed by `b24watch schema`:
--   --# view | по-русски | in English
--   --# column TYPE | по-русски | in English
-- Deleted rows are in no view. Names are looked up by scalar subqueries: they cost nothing in a
-- query that does not use the column, and can never multiply rows. JSON functions are not trusted
-- inside views: the first of "[5,7]" is the number after the bracket.

--# v_deal | Сделки, кроме удалённых | Deals, without deleted ones
CREATE VIEW v_deal AS
SELECT
  --# id INTEGER | Номер сделки | The deal's id
  d.id AS id,
  --# title TEXT | Название | Title
  d.title AS title,
  --# pipeline_id INTEGER | Номер воронки; 0 – общая | Pipeline's id; 0 is the default one
  d.pipeline_id AS pipeline_id,
  --# pipeline TEXT | Название воронки | Pipeline's name
  (SELECT p.name FROM pipelines AS p
   WHERE p.id = d.pipeline_id AND p.deleted_at IS NULL) AS pipeline,
  --# stage_id TEXT | Код стадии, например «C5:NEW» | Stage's code, such as "C5:NEW"
  d.stage_id AS stage_id,
  --# stage TEXT | Название стадии | Stage's name
  (SELECT s.name FROM stages AS s
   WHERE s.entity_id = iif(d.pipeline_id = 0, 'DEAL_STAGE', 'DEAL_STAGE_' || d.pipeline_id)
     AND s.status_id = d.stage_id AND s.deleted_at IS NULL LIMIT 1) AS stage,
  --# semantic TEXT | Итог: P – в работе, S – успех, F – отказ | P in progress, S won, F lost
  coalesce(
    d.semantic,
    (SELECT s.semantics FROM stages AS s
     WHERE s.entity_id = iif(d.pipeline_id = 0, 'DEAL_STAGE', 'DEAL_STAGE_' || d.pipeline_id)
       AND s.status_id = d.stage_id AND s.deleted_at IS NULL LIMIT 1),
    'P') AS semantic,
  --# closed INTEGER | 1 – закрыта | 1 when closed
  d.closed AS closed,
  --# amount REAL | Сумма в валюте сделки | Amount in the deal's currency
  d.amount AS amount,
  --# currency TEXT | Валюта, например RUB | Currency, such as RUB
  d.currency AS currency,
  --# manager_id INTEGER | Ответственный: v_manager.id | Responsible: v_manager.id
  d.manager_id AS manager_id,
  --# created_at INTEGER | Создана, секунды UTC | Created, UTC seconds
  d.created_at AS created_at,
  --# updated_at INTEGER | Изменена, секунды UTC | Changed, UTC seconds
  d.updated_at AS updated_at,
  --# stage_since INTEGER | На стадии с, секунды UTC | On its stage since, UTC seconds
  coalesce(d.moved_at, d.created_at) AS stage_since,
  --# closed_date TEXT | Дата закрытия (у открытой – нет) | Close date; none while it is open
  iif(d.closed = 1, d.close_date, NULL) AS closed_date,
  --# planned_close_date TEXT | Ожидаемая дата закрытия (у закрытой – нет) | Expected close date
  iif(d.closed = 1, NULL, d.close_date) AS planned_close_date,
  --# last_activity_at INTEGER | Последнее дело, секунды UTC | Last activity, UTC seconds
  d.last_activity_at AS last_activity_at,
  --# recurring INTEGER | 1 – шаблон регулярной сделки | 1 when a template of a recurring deal
  d.recurring AS recurring,
  --# company_id INTEGER | Компания | Company
  d.company_id AS company_id,
  --# contact_id INTEGER | Контакт | Contact
  d.contact_id AS contact_id,
  --# lead_id INTEGER | Лид, из которого создана | The lead it came from
  d.lead_id AS lead_id,
  --# source_id TEXT | Код источника | Source's code
  d.source_id AS source_id,
  --# type_id TEXT | Код типа сделки | Type's code
  d.type_id AS type_id
FROM deals AS d
WHERE d.deleted_at IS NULL;

--# v_task | Задачи, кроме удалённых | Tasks, without deleted ones
CREATE VIEW v_task AS
SELECT
  --# id INTEGER | Номер задачи | The task's id
  t.id AS id,
  --# title TEXT | Название | Title
  t.title AS title,
  --# status INTEGER | 2 ждёт, 3 в работе, 4 на контроле, 5 завершена, 6 отложена | 2 waits, 3 in progress, 4 under control, 5 done, 6 deferred
  t.status AS status,
  --# manager_id INTEGER | Исполнитель: v_manager.id | Responsible: v_manager.id
  t.manager_id AS manager_id,
  --# creator_id INTEGER | Постановщик: v_manager.id | Creator: v_manager.id
  t.creator_id AS creator_id,
  --# deadline_at INTEGER | Крайний срок, секунды UTC; см. effective_deadline() | Deadline, UTC seconds; see effective_deadline()
  t.deadline_at AS deadline_at,
  --# created_at INTEGER | Создана, секунды UTC | Created, UTC seconds
  t.created_at AS created_at,
  --# changed_at INTEGER | Изменена, секунды UTC | Changed, UTC seconds
  t.changed_at AS changed_at,
  --# closed_at INTEGER | Завершена, секунды UTC | Closed, UTC seconds
  t.closed_at AS closed_at,
  --# closed_by INTEGER | Кто завершил: v_manager.id | Who closed it: v_manager.id
  t.closed_by AS closed_by,
  --# status_changed_at INTEGER | Статус сменён, секунды UTC | Status changed, UTC seconds
  t.status_changed_at AS status_changed_at,
  --# activity_at INTEGER | Последнее событие, известное к changed_at, секунды UTC | Last activity as of changed_at, UTC seconds
  t.activity_at AS activity_at,
  --# priority INTEGER | Важность: 2 – высокая | Priority: 2 is high
  t.priority AS priority,
  --# group_id INTEGER | Рабочая группа или проект; 0 – нет | Workgroup or project; 0 for none
  t.group_id AS group_id,
  --# parent_id INTEGER | Родительская задача | Parent task
  t.parent_id AS parent_id,
  --# control INTEGER | 1 – результат принимает постановщик | 1 when the creator accepts the result
  t.control AS control
FROM tasks AS t
WHERE t.deleted_at IS NULL;

--# v_call | Звонки телефонии | Calls of the telephony
CREATE VIEW v_call AS
SELECT
  --# id INTEGER | Номер записи статистики | Id of the record in the statistics
  c.id AS id,
  --# manager_id INTEGER | Сотрудник: v_manager.id | Employee: v_manager.id
  c.manager_id AS manager_id,
  --# direction TEXT | out – исходящий, in – входящий, callback – обратный, info – обзвон | out, in, callback or info
  CASE c.type
    WHEN 1 THEN 'out' WHEN 2 THEN 'in' WHEN 3 THEN 'in' WHEN 4 THEN 'callback' WHEN 5 THEN 'info'
  END AS direction,
  --# phone TEXT | Номер клиента | The client's number
  c.phone AS phone,
  --# internal INTEGER | 1 – номер сотрудника или не длиннее 4 цифр | 1 when the number is a colleague's, or has up to 4 digits
  iif(length(replace(replace(replace(replace(replace(
        c.phone, '+', ''), ' ', ''), '-', ''), '(', ''), ')', '')) BETWEEN 1 AND 4
      -- Numbers of staff are kept without the country, and so are compared: ten digits at most.
      OR substr(replace(replace(replace(replace(replace(
           c.phone, '+', ''), ' ', ''), '-', ''), '(', ''), ')', ''), -10) IN (
           SELECT inner_phone FROM users WHERE deleted_at IS NULL AND inner_phone IS NOT NULL
           UNION
           SELECT work_phone FROM users WHERE deleted_at IS NULL AND work_phone IS NOT NULL
           UNION
           SELECT mobile_phone FROM users WHERE deleted_at IS NULL AND mobile_phone IS NOT NULL
           UNION
           SELECT personal_phone FROM users
           WHERE deleted_at IS NULL AND personal_phone IS NOT NULL),
      1, 0) AS internal,
  --# started_at INTEGER | Начало, секунды UTC | Start, UTC seconds
  c.started_at AS started_at,
  --# duration_seconds INTEGER | Длительность, секунды | Duration in seconds
  c.duration_seconds AS duration_seconds,
  --# code TEXT | Код завершения: 200 – успешный, 304 – пропущенный | Result: 200 successful, 304 missed
  c.code AS code,
  --# answered INTEGER | 1 – разговор состоялся | 1 when people talked
  iif(coalesce(c.code, '') IN ('', '200') AND coalesce(c.duration_seconds, 0) > 0, 1, 0)
    AS answered,
  --# day TEXT | День по местному времени, например 2026-11-21 | Local day, such as 2026-11-21
  c.day AS day,
  --# call_id TEXT | Код звонка на портале | The call's code in the portal
  c.call_id AS call_id,
  --# line TEXT | Линия портала | The portal's line
  c.line AS line,
  --# crm_entity_type TEXT | Вид объекта CRM: DEAL, CONTACT, … | Kind of CRM object: DEAL, CONTACT, …
  c.crm_entity_type AS crm_entity_type,
  --# crm_entity_id INTEGER | Объект CRM | The CRM object
  c.crm_entity_id AS crm_entity_id,
  --# activity_id INTEGER | Дело CRM | The CRM activity
  c.activity_id AS activity_id
FROM calls AS c
WHERE c.deleted_at IS NULL;

--# v_lead | Лиды, кроме удалённых | Leads, without deleted ones
CREATE VIEW v_lead AS
SELECT
  --# id INTEGER | Номер лида | The lead's id
  l.id AS id,
  --# title TEXT | Название | Title
  l.title AS title,
  --# stage_id TEXT | Код стадии, например «IN_PROCESS» | Stage's code, such as "IN_PROCESS"
  l.stage_id AS stage_id,
  --# stage TEXT | Название стадии | Stage's name
  (SELECT s.name FROM stages AS s
   WHERE s.entity_id = 'STATUS' AND s.status_id = l.stage_id AND s.deleted_at IS NULL
   LIMIT 1) AS stage,
  --# semantic TEXT | Итог: P – в работе, S – стал сделкой или клиентом, F – отказ | P in progress, S converted, F junk
  coalesce(
    l.semantic,
    (SELECT s.semantics FROM stages AS s
     WHERE s.entity_id = 'STATUS' AND s.status_id = l.stage_id AND s.deleted_at IS NULL LIMIT 1),
    'P') AS semantic,
  --# amount REAL | Сумма в валюте лида | Amount in the lead's currency
  l.amount AS amount,
  --# currency TEXT | Валюта, например RUB | Currency, such as RUB
  l.currency AS currency,
  --# manager_id INTEGER | Ответственный: v_manager.id | Responsible: v_manager.id
  l.manager_id AS manager_id,
  --# creator_id INTEGER | Кто завёл: v_manager.id | Who created it: v_manager.id
  l.created_by AS creator_id,
  --# created_at INTEGER | Создан, секунды UTC | Created, UTC seconds
  l.created_at AS created_at,
  --# updated_at INTEGER | Изменён, секунды UTC | Changed, UTC seconds
  l.updated_at AS updated_at,
  --# stage_since INTEGER | На стадии с, секунды UTC | On its stage since, UTC seconds
  coalesce(l.moved_at, l.created_at) AS stage_since,
  --# moved_by INTEGER | Кто сменил стадию: v_manager.id | Who moved it: v_manager.id
  l.moved_by AS moved_by,
  --# last_activity_at INTEGER | Последнее дело, секунды UTC | Last activity, UTC seconds
  l.last_activity_at AS last_activity_at,
  --# source_id TEXT | Код источника | Source's code
  l.source_id AS source_id,
  --# source TEXT | Название источника | Source's name
  (SELECT s.name FROM stages AS s
   WHERE s.entity_id = 'SOURCE' AND s.status_id = l.source_id AND s.deleted_at IS NULL
   LIMIT 1) AS source,
  --# repeated INTEGER | 1 – повторный: клиент уже обращался | 1 when the client has come before
  l.repeated AS repeated,
  --# has_phone INTEGER | 1 – есть телефон | 1 when there is a phone
  l.has_phone AS has_phone,
  --# has_email INTEGER | 1 – есть почта | 1 when there is an e-mail address
  l.has_email AS has_email,
  --# has_chat INTEGER | 1 – есть чат открытой линии | 1 when there is a chat of an open line
  l.has_chat AS has_chat,
  --# company_id INTEGER | Компания: v_company.id | Company: v_company.id
  l.company_id AS company_id,
  --# contact_id INTEGER | Контакт: v_contact.id | Contact: v_contact.id
  l.contact_id AS contact_id
FROM leads AS l
WHERE l.deleted_at IS NULL;

--# v_quote | Коммерческие предложения, кроме удалённых | Quotes, without deleted ones
CREATE VIEW v_quote AS
SELECT
  --# id INTEGER | Номер записи | The quote's id
  q.id AS id,
  --# number TEXT | Номер предложения для клиента | The number the client sees
  q.number AS number,
  --# title TEXT | Название | Title
  q.title AS title,
  --# stage_id TEXT | Код стадии, например «SENT» | Stage's code, such as "SENT"
  q.stage_id AS stage_id,
  --# stage TEXT | Название стадии | Stage's name
  (SELECT s.name FROM stages AS s
   WHERE s.entity_id = 'QUOTE_STATUS' AND s.status_id = q.stage_id AND s.deleted_at IS NULL
   LIMIT 1) AS stage,
  --# semantic TEXT | Итог: P – в работе, S – принято, F – отклонено | P in progress, S accepted, F declined
  coalesce(
    (SELECT s.semantics FROM stages AS s
     WHERE s.entity_id = 'QUOTE_STATUS' AND s.status_id = q.stage_id AND s.deleted_at IS NULL
     LIMIT 1),
    'P') AS semantic,
  --# closed INTEGER | 1 – закрыто | 1 when closed
  q.closed AS closed,
  --# amount REAL | Сумма в валюте предложения | Amount in the quote's currency
  q.amount AS amount,
  --# currency TEXT | Валюта, например RUB | Currency, such as RUB
  q.currency AS currency,
  --# manager_id INTEGER | Ответственный: v_manager.id | Responsible: v_manager.id
  q.manager_id AS manager_id,
  --# creator_id INTEGER | Кто создал: v_manager.id | Who created it: v_manager.id
  q.created_by AS creator_id,
  --# created_at INTEGER | Создано, секунды UTC | Created, UTC seconds
  q.created_at AS created_at,
  --# updated_at INTEGER | Изменено, секунды UTC | Changed, UTC seconds
  q.updated_at AS updated_at,
  --# begin_date TEXT | Дата выставления | Date of issue
  q.begin_date AS begin_date,
  --# close_date TEXT | Дата завершения | Close date
  q.close_date AS close_date,
  --# valid_until TEXT | Действует до | Valid until
  q.valid_until AS valid_until,
  --# deal_id INTEGER | Сделка: v_deal.id | Deal: v_deal.id
  q.deal_id AS deal_id,
  --# lead_id INTEGER | Лид: v_lead.id | Lead: v_lead.id
  q.lead_id AS lead_id,
  --# company_id INTEGER | Компания: v_company.id | Company: v_company.id
  q.company_id AS company_id,
  --# contact_id INTEGER | Контакт: v_contact.id | Contact: v_contact.id
  q.contact_id AS contact_id
FROM quotes AS q
WHERE q.deleted_at IS NULL;

--# v_invoice | Счета (новые, не прежние), кроме удалённых | Invoices of the new kind, without deleted ones
CREATE VIEW v_invoice AS
SELECT
  --# id INTEGER | Номер записи | The invoice's id
  i.id AS id,
  --# number TEXT | Номер счёта для клиента | The number the client sees
  i.number AS number,
  --# title TEXT | Название | Title
  i.title AS title,
  --# pipeline_id INTEGER | Номер воронки счетов | The id of the invoices' pipeline
  i.pipeline_id AS pipeline_id,
  --# stage_id TEXT | Код стадии, например «DT31_13:N» | Stage's code, such as "DT31_13:N"
  i.stage_id AS stage_id,
  --# stage TEXT | Название стадии | Stage's name
  (SELECT s.name FROM stages AS s
   WHERE s.entity_id = 'SMART_INVOICE_STAGE_' || i.pipeline_id
     AND s.status_id = i.stage_id AND s.deleted_at IS NULL LIMIT 1) AS stage,
  --# semantic TEXT | Итог: P – ждёт оплаты, S – оплачен, F – не оплачен | P waits, S paid, F not paid
  coalesce(
    (SELECT s.semantics FROM stages AS s
     WHERE s.entity_id = 'SMART_INVOICE_STAGE_' || i.pipeline_id
       AND s.status_id = i.stage_id AND s.deleted_at IS NULL LIMIT 1),
    'P') AS semantic,
  --# amount REAL | Сумма в валюте счёта | Amount in the invoice's currency
  i.amount AS amount,
  --# currency TEXT | Валюта, например RUB | Currency, such as RUB
  i.currency AS currency,
  --# manager_id INTEGER | Ответственный: v_manager.id | Responsible: v_manager.id
  i.manager_id AS manager_id,
  --# creator_id INTEGER | Кто выставил: v_manager.id | Who created it: v_manager.id
  i.created_by AS creator_id,
  --# created_at INTEGER | Создан, секунды UTC | Created, UTC seconds
  i.created_at AS created_at,
  --# updated_at INTEGER | Изменён, секунды UTC | Changed, UTC seconds
  i.updated_at AS updated_at,
  --# stage_since INTEGER | На стадии с, секунды UTC | On its stage since, UTC seconds
  coalesce(i.moved_at, i.created_at) AS stage_since,
  --# moved_by INTEGER | Кто сменил стадию: v_manager.id | Who moved it: v_manager.id
  i.moved_by AS moved_by,
  --# begin_date TEXT | Дата выставления | Date of issue
  i.begin_date AS begin_date,
  --# pay_before TEXT | Оплатить до | To be paid before
  i.close_date AS pay_before,
  --# deal_id INTEGER | Сделка: v_deal.id | Deal: v_deal.id
  i.deal_id AS deal_id,
  --# quote_id INTEGER | Предложение: v_quote.id | Quote: v_quote.id
  i.quote_id AS quote_id,
  --# company_id INTEGER | Компания: v_company.id | Company: v_company.id
  i.company_id AS company_id,
  --# contact_id INTEGER | Контакт: v_contact.id | Contact: v_contact.id
  i.contact_id AS contact_id
FROM invoices AS i
WHERE i.deleted_at IS NULL;

--# v_contact | Контакты, кроме удалённых | Contacts, without deleted ones
CREATE VIEW v_contact AS
SELECT
  --# id INTEGER | Номер контакта | The contact's id
  c.id AS id,
  --# name TEXT | Имя и фамилия | First and last name
  coalesce(nullif(trim(coalesce(c.first_name, '') || ' ' || coalesce(c.last_name, '')), ''),
           'контакт ' || c.id) AS name,
  --# first_name TEXT | Имя | First name
  c.first_name AS first_name,
  --# last_name TEXT | Фамилия | Last name
  c.last_name AS last_name,
  --# company_id INTEGER | Компания: v_company.id | Company: v_company.id
  c.company_id AS company_id,
  --# manager_id INTEGER | Ответственный: v_manager.id | Responsible: v_manager.id
  c.manager_id AS manager_id,
  --# created_at INTEGER | Создан, секунды UTC | Created, UTC seconds
  c.created_at AS created_at,
  --# updated_at INTEGER | Изменён, секунды UTC | Changed, UTC seconds
  c.updated_at AS updated_at,
  --# last_activity_at INTEGER | Последнее дело, секунды UTC | Last activity, UTC seconds
  c.last_activity_at AS last_activity_at
FROM contacts AS c
WHERE c.deleted_at IS NULL;

--# v_company | Компании, кроме удалённых | Companies, without deleted ones
CREATE VIEW v_company AS
SELECT
  --# id INTEGER | Номер компании | The company's id
  c.id AS id,
  --# title TEXT | Название | Title
  c.title AS title,
  --# manager_id INTEGER | Ответственный: v_manager.id | Responsible: v_manager.id
  c.manager_id AS manager_id,
  --# created_at INTEGER | Создана, секунды UTC | Created, UTC seconds
  c.created_at AS created_at,
  --# updated_at INTEGER | Изменена, секунды UTC | Changed, UTC seconds
  c.updated_at AS updated_at,
  --# last_activity_at INTEGER | Последнее дело, секунды UTC | Last activity, UTC seconds
  c.last_activity_at AS last_activity_at
FROM companies AS c
WHERE c.deleted_at IS NULL;

--# v_activity | Дела CRM, кроме удалённых | CRM activities, without deleted ones
CREATE VIEW v_activity AS
SELECT
  --# id INTEGER | Номер дела | The activity's id
  a.id AS id,
  --# kind TEXT | meeting – встреча, call – звонок, task – задача, email – письмо, other – другое | meeting, call, task, email or other
  CASE
    WHEN a.type_id = 1 OR a.provider_id = 'CRM_MEETING' THEN 'meeting'
    WHEN a.type_id = 2 OR a.provider_id = 'VOXIMPLANT_CALL' THEN 'call'
    WHEN a.type_id = 3 OR a.provider_id = 'CRM_TASKS_TASK' THEN 'task'
    WHEN a.type_id = 4 OR a.provider_id = 'CRM_EMAIL' THEN 'email'
    ELSE 'other'
  END AS kind,
  --# subject TEXT | Тема | Subject
  a.subject AS subject,
  --# owner TEXT | К чему относится: deal, lead, contact, company, quote, invoice; иное – пусто | What it belongs to; empty for anything else
  CASE a.owner_type_id
    WHEN 1 THEN 'lead' WHEN 2 THEN 'deal' WHEN 3 THEN 'contact' WHEN 4 THEN 'company'
    WHEN 7 THEN 'quote' WHEN 31 THEN 'invoice'
  END AS owner,
  --# owner_type_id INTEGER | Вид этого объекта числом портала | The portal's number of that kind
  a.owner_type_id AS owner_type_id,
  --# owner_id INTEGER | Номер этого объекта; связь с другими объектами не видна | That object's id; further links are not shown
  a.owner_id AS owner_id,
  --# manager_id INTEGER | Ответственный: v_manager.id | Responsible: v_manager.id
  a.manager_id AS manager_id,
  --# author_id INTEGER | Кто создал: v_manager.id | Who created it: v_manager.id
  a.author_id AS author_id,
  --# editor_id INTEGER | Кто изменил: v_manager.id | Who changed it: v_manager.id
  a.editor_id AS editor_id,
  --# completed INTEGER | 1 – завершено | 1 when done
  a.completed AS completed,
  --# status INTEGER | 1 ждёт, 2 завершено, 3 завершено автоматически | 1 waits, 2 done, 3 done automatically
  a.status AS status,
  --# direction TEXT | in – входящее, out – исходящее; у встреч и задач нет | in or out; none for meetings and tasks
  CASE a.direction WHEN 1 THEN 'in' WHEN 2 THEN 'out' END AS direction,
  --# priority INTEGER | Важность: 3 – высокая | Priority: 3 is high
  a.priority AS priority,
  --# incoming INTEGER | 1 – создано, потому что обратился клиент | 1 when made because the client wrote or called
  a.incoming AS incoming,
  --# created_at INTEGER | Создано, секунды UTC | Created, UTC seconds
  a.created_at AS created_at,
  --# updated_at INTEGER | Изменено, секунды UTC | Changed, UTC seconds
  a.updated_at AS updated_at,
  --# starts_at INTEGER | Начало, секунды UTC | Start, UTC seconds
  a.starts_at AS starts_at,
  --# ends_at INTEGER | Конец, секунды UTC | End, UTC seconds
  a.ends_at AS ends_at,
  --# deadline_at INTEGER | Срок, секунды UTC; пусто – без срока | Deadline, UTC seconds; empty when there is none
  a.deadline_at AS deadline_at,
  --# type_id INTEGER | Вид дела числом портала | The portal's number of its kind
  a.type_id AS type_id,
  --# provider_id TEXT | Чем создано, например CRM_TODO | What made it, such as CRM_TODO
  a.provider_id AS provider_id,
  --# provider_type_id TEXT | Уточнение к provider_id | A detail of provider_id
  a.provider_type_id AS provider_type_id,
  --# associated_id INTEGER | Связанная задача, звонок или чат | The task, call or chat behind it
  a.associated_id AS associated_id
FROM activities AS a
WHERE a.deleted_at IS NULL;

--# v_manager | Сотрудники портала, и уволенные тоже | Everyone the portal shows, dismissed ones too
CREATE VIEW v_manager AS
SELECT
  --# id INTEGER | Номер сотрудника | The employee's id
  u.id AS id,
  --# name TEXT | Имя и фамилия | First and last name
  coalesce(nullif(trim(coalesce(u.first_name, '') || ' ' || coalesce(u.last_name, '')), ''),
           'сотрудник ' || u.id) AS name,
  --# active INTEGER | 1 – работает, 0 – уволен | 1 when employed, 0 when dismissed
  u.active AS active,
  --# department_id INTEGER | Первый из его отделов: v_department.id | The first of his departments
  nullif(CAST(substr(u.departments, 2) AS INTEGER), 0) AS department_id,
  --# head_id INTEGER | Ближайший руководитель: v_manager.id | The nearest head above him
  (WITH RECURSIVE up (department_id, depth) AS (
     SELECT nullif(CAST(substr(u.departments, 2) AS INTEGER), 0), 0
     UNION ALL
     SELECT d.parent_id, up.depth + 1
     FROM up JOIN departments AS d ON d.id = up.department_id
     WHERE d.deleted_at IS NULL AND up.depth < 50
   )
   SELECT h.id
   FROM up
   JOIN departments AS d ON d.id = up.department_id AND d.deleted_at IS NULL
   JOIN users AS h ON h.id = d.head_id AND h.active = 1 AND h.deleted_at IS NULL
   WHERE h.id <> u.id
   ORDER BY up.depth
   LIMIT 1) AS head_id,
  --# position TEXT | Должность | Position
  u.position AS position,
  --# time_zone TEXT | Часовой пояс; пусто – как у портала | Time zone; empty: the portal's
  u.time_zone AS time_zone,
  --# user_type TEXT | employee – сотрудник, extranet, email | employee, extranet or email
  u.user_type AS user_type,
  --# hired_at INTEGER | Принят (или заведён на портале, если позже), секунды UTC | Hired, or registered if later, UTC seconds
  nullif(max(coalesce(unixepoch(u.hired_on), -1), coalesce(u.registered_at, -1)), -1) AS hired_at,
  --# registered_at INTEGER | Заведён на портале, секунды UTC | Registered, UTC seconds
  u.registered_at AS registered_at
FROM users AS u
WHERE u.deleted_at IS NULL;

--# v_department | Отделы | Departments
CREATE VIEW v_department AS
SELECT
  --# id INTEGER | Номер отдела | The department's id
  d.id AS id,
  --# name TEXT | Название | Name
  d.name AS name,
  --# parent_id INTEGER | Вышестоящий отдел | The department above
  nullif(d.parent_id, 0) AS parent_id,
  --# head_id INTEGER | Руководитель: v_manager.id | Head: v_manager.id
  nullif(d.head_id, 0) AS head_id
FROM departments AS d
WHERE d.deleted_at IS NULL;

--# v_pipeline | Воронки сделок | Pipelines of deals
CREATE VIEW v_pipeline AS
SELECT
  --# id INTEGER | Номер воронки; 0 – общая | The pipeline's id; 0 is the default one
  p.id AS id,
  --# name TEXT | Название | Name
  p.name AS name,
  --# sort INTEGER | Порядок | Order
  p.sort AS sort,
  --# is_default INTEGER | 1 – основная | 1 for the default one
  p.is_default AS is_default
FROM pipelines AS p
WHERE p.deleted_at IS NULL;

--# v_stage | Стадии сделок | Stages of deals
CREATE VIEW v_stage AS
SELECT
  --# stage_id TEXT | Код стадии, например «C5:NEW» | The stage's code, such as "C5:NEW"
  s.status_id AS stage_id,
  --# name TEXT | Название | Name
  s.name AS name,
  --# pipeline_id INTEGER | Воронка: v_pipeline.id | Pipeline: v_pipeline.id
  iif(s.entity_id = 'DEAL_STAGE', 0, CAST(substr(s.entity_id, 12) AS INTEGER)) AS pipeline_id,
  --# semantic TEXT | P – в работе, S – успех, F – отказ | P in progress, S won, F lost
  coalesce(s.semantics, 'P') AS semantic,
  --# sort INTEGER | Порядок | Order
  s.sort AS sort
FROM stages AS s
WHERE (s.entity_id = 'DEAL_STAGE' OR substr(s.entity_id, 1, 11) = 'DEAL_STAGE_')
  AND s.deleted_at IS NULL;

--# v_stage_move | История стадий: когда и куда перешли сделки, лиды и счета | History of stages: when deals, leads and invoices moved, and where to
CREATE VIEW v_stage_move AS
SELECT
  --# entity TEXT | Вид объекта: deal, lead или invoice | Kind of object: deal, lead or invoice
  'deal' AS entity,
  --# id INTEGER | Номер записи; у каждого вида свои | The entry's id; each kind has its own
  m.id AS id,
  --# owner_id INTEGER | Номер объекта | The object's id
  m.owner_id AS owner_id,
  --# type INTEGER | 1 – создание, 2 – переход, 3 – завершение, 5 – смена воронки | 1 created, 2 moved, 3 closed, 5 another pipeline
  m.type AS type,
  --# at INTEGER | Когда попал на стадию, секунды UTC | When it came to the stage, UTC seconds
  m.at AS at,
  --# pipeline_id INTEGER | Номер воронки; у лидов нет | The pipeline's id; none for leads
  m.pipeline_id AS pipeline_id,
  --# stage_id TEXT | Код стадии | The stage's code
  m.stage_id AS stage_id,
  --# stage TEXT | Название стадии | The stage's name
  (SELECT s.name FROM stages AS s
   WHERE s.entity_id = iif(m.pipeline_id = 0, 'DEAL_STAGE', 'DEAL_STAGE_' || m.pipeline_id)
     AND s.status_id = m.stage_id AND s.deleted_at IS NULL LIMIT 1) AS stage,
  --# semantic TEXT | P – в работе, S – успех, F – отказ | P in progress, S won, F lost
  coalesce(
    m.semantic,
    (SELECT s.semantics FROM stages AS s
     WHERE s.entity_id = iif(m.pipeline_id = 0, 'DEAL_STAGE', 'DEAL_STAGE_' || m.pipeline_id)
       AND s.status_id = m.stage_id AND s.deleted_at IS NULL LIMIT 1),
    'P') AS semantic
FROM deal_moves AS m
WHERE m.deleted_at IS NULL
UNION ALL
SELECT
  'lead', m.id, m.owner_id, m.type, m.at, NULL, m.stage_id,
  (SELECT s.name FROM stages AS s
   WHERE s.entity_id = 'STATUS' AND s.status_id = m.stage_id AND s.deleted_at IS NULL LIMIT 1),
  coalesce(
    m.semantic,
    (SELECT s.semantics FROM stages AS s
     WHERE s.entity_id = 'STATUS' AND s.status_id = m.stage_id AND s.deleted_at IS NULL LIMIT 1),
    'P')
FROM lead_moves AS m
WHERE m.deleted_at IS NULL
UNION ALL
SELECT
  'invoice', m.id, m.owner_id, m.type, m.at, m.pipeline_id, m.stage_id,
  (SELECT s.name FROM stages AS s
   WHERE s.entity_id = 'SMART_INVOICE_STAGE_' || m.pipeline_id
     AND s.status_id = m.stage_id AND s.deleted_at IS NULL LIMIT 1),
  coalesce(
    m.semantic,
    (SELECT s.semantics FROM stages AS s
     WHERE s.entity_id = 'SMART_INVOICE_STAGE_' || m.pipeline_id
       AND s.status_id = m.stage_id AND s.deleted_at IS NULL LIMIT 1),
    'P')
FROM invoice_moves AS m
WHERE m.deleted_at IS NULL;

--# v_change | Журнал изменений: что и когда поменялось на портале | Change log of the mirrored objects
CREATE VIEW v_change AS
SELECT
  --# id INTEGER | Номер записи; растёт со временем | The entry's id; grows with time
  c.id AS id,
  --# entity TEXT | Вид объекта: deal, task, call, lead, user, … | Kind of object: deal, task, call, lead, user, …
  c.entity AS entity,
  --# entity_id INTEGER | Номер объекта | The object's id
  c.entity_id AS entity_id,
  --# field TEXT | Колонка или поле портала; deleted_at – удаление и возвращение | Column or portal field; deleted_at for deletion and return
  c.field AS field,
  --# old_value ANY | Было | Old value
  c.old_value AS old_value,
  --# new_value ANY | Стало | New value
  c.new_value AS new_value,
  --# seen_at INTEGER | Когда замечено, секунды UTC | When it was noticed, UTC seconds
  c.seen_at AS seen_at
FROM changes AS c;

--# v_stream | Насколько полно и свежо зеркало | How complete and fresh the mirror is
CREATE VIEW v_stream AS
SELECT
  --# entity TEXT | Вид объекта | Kind of object
  s.entity AS entity,
  --# full_done INTEGER | 1 – весь список прочитан | 1 when the whole list has been read
  s.full_done AS full_done,
  --# rows INTEGER | Объектов в зеркале | Objects in the mirror
  s.rows AS rows,
  --# fresh_at INTEGER | Последняя успешная проверка, секунды UTC | Last successful look, UTC seconds
  s.fresh_at AS fresh_at,
  --# watermark INTEGER | Изменения до этого времени прочитаны, секунды UTC | Changes before this are here, UTC seconds
  s.watermark AS watermark,
  --# problem TEXT | Почему не читается; пусто – всё хорошо | Why it does not go on; empty when it does
  s.problem AS problem
FROM streams AS s;

--# v_alert | Тревоги | Alerts
CREATE VIEW v_alert AS
SELECT
  --# rule_id TEXT | Правило | Rule
  a.rule_id AS rule_id,
  --# key TEXT | О ком или о чём, например deal:7405 | Whom or what it is about, such as deal:7405
  a.key AS key,
  --# manager_id INTEGER | Менеджер: v_manager.id | Manager: v_manager.id
  a.manager_id AS manager_id,
  --# state TEXT | pending, firing, known или resolved | pending, firing, known or resolved
  a.state AS state,
  --# episode INTEGER | Который раз | How many times it has fired
  a.episode AS episode,
  --# since INTEGER | С какого времени, секунды UTC | Since when, UTC seconds
  a.since AS since,
  --# value REAL | Значение | Value
  a.value AS value,
  --# norm REAL | Норма или предел | Norm or limit
  a.norm AS norm
FROM alerts AS a;
