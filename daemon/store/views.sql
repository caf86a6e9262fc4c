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

--# v_change | Журнал изменений: что и когда поменялось на портале | Change log of the mirrored objects
CREATE VIEW v_change AS
SELECT
  --# id INTEGER | Номер записи; растёт со временем | The entry's id; grows with time
  c.id AS id,
  --# entity TEXT | Вид объекта: deal, task, call, user, … | Kind of object: deal, task, call, user, …
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
