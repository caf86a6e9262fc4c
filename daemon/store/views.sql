-- What analysts see. Names and columns are a promise: they are added to, never renamed.
--
-- Lines that begin with `--#` are the documentation printed by `b24watch schema`:
--   --# view | по-русски | in English
--   --: примечание к виду | a note on the view, for the reference
--   --# column TYPE | по-русски | in English
--   --# column TYPE derived | по-русски | in English: looked up in other tables; a rule that asks for
--                             every object gets it only if it names it
-- Views of objects as they are lack deleted rows. What closed periods are counted by keeps them,
-- with deleted_at: wins, receipts, what was done, calls, missed calls that were returned, leads that
-- came, moved deadlines. Names are looked up by scalar subqueries: they cost nothing in a
-- query that does not use the column, and can never multiply rows. JSON functions are not trusted
-- inside views: the first of "[5,7]" is the number after the bracket.
--
-- What is derived is defined once, here. "Now" is unixepoch(), which is the rule's :now (store.h).
-- effective_deadline() and to_base() are functions of ours: only a Reader can read the views that
-- use them, and the columns that come from the first only with its surroundings.
--
-- Who was responsible at some moment: the change log has the old value of the first change seen
-- after it; without one it is as it is today. The portal tells a move to the second, the log tells
-- a change when a look noticed it; so what was noticed together with a move counts as changed with
-- it. The look that noticed the move wrote the first line to its stage, unless a line from that
-- stage comes before: then the object stood there already when the mirror met it.
--
-- What our own user (service_users) does for others is no manager's work and moves no column that
-- rules judge by; for what he is responsible himself, he counts like anybody. CROSS JOIN keeps SQLite from beginning with the
-- manager's activities where an object's are fewer.

--# v_deal | Сделки, кроме удалённых | Deals, without deleted ones
--: Выигрыш – последний переход в успех по истории стадий портала; если портал её не отдаёт – последняя смена стадии самой сделки. Кто был ответственным, говорит журнал изменений; сменившийся в том же опросе, что и стадия, сменился до выигрыша. | A win is the last move into success by the portal's history of stages; without one, the deal's own last move. Who was responsible, the change log tells; what it noticed together with the move had changed before the win.
--: Касание – исходящий звонок (и без ответа), исходящее письмо или сообщение, проведённая встреча; засчитывается то, что сделал нынешний ответственный. | A touch is an outgoing call (unanswered ones too), an outgoing letter or message, a meeting held; what the present responsible did counts.
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
  d.amount_minor / 100.0 AS amount,
  --# currency TEXT | Валюта, например RUB | Currency, such as RUB
  d.currency AS currency,
  --# amount_minor INTEGER | Сумма целым числом, в сотых долях валюты | The amount as a whole number, in hundredths of the currency
  d.amount_minor AS amount_minor,
  --# amount_base REAL derived | Сумма в базовой валюте портала по нынешнему курсу; курса нет – пусто | The amount in the portal's base currency at the present rate; empty without a rate
  d.amount_base_minor / 100.0 AS amount_base,
  --# amount_base_minor INTEGER derived | Сумма в базовой валюте целым числом, в её сотых долях | The amount in the base currency as a whole number, in its hundredths
  d.amount_base_minor AS amount_base_minor,
  --# manager_id INTEGER | Ответственный: v_manager.id | Responsible: v_manager.id
  d.manager_id AS manager_id,
  --# created_at INTEGER | Создана, секунды UTC | Created, UTC seconds
  d.created_at AS created_at,
  --# updated_at INTEGER | Изменена, секунды UTC | Changed, UTC seconds
  d.updated_at AS updated_at,
  --# stage_since INTEGER derived | На стадии с (по истории стадий), секунды UTC | On its stage since, by the history of stages, UTC seconds
  coalesce(
    (SELECT iif(m.stage_id = d.stage_id, m.at, NULL) FROM deal_moves AS m
     WHERE m.owner_id = d.id AND m.deleted_at IS NULL ORDER BY m.id DESC LIMIT 1),
    d.moved_at, d.created_at) AS stage_since,
  --# won_at INTEGER derived | Когда выиграна: последний переход в успех, секунды UTC; ушла из успеха – пусто | Won at: its last move into success, UTC seconds; none once it has left
  d.won_at AS won_at,
  --# won_by INTEGER derived | Кто был ответственным в момент выигрыша: v_manager.id | Who was responsible when it was won: v_manager.id
  iif(d.won_at IS NULL, NULL, coalesce(
    (SELECT w.manager_id FROM v_deal_won AS w
     WHERE w.deal_id = d.id AND w.left_at IS NULL LIMIT 1),
    -- The history is behind, or the success is known from the directory alone.
    (SELECT c.old_value FROM changes AS c
     WHERE c.entity = 'deal' AND c.entity_id = d.id AND c.field = 'manager_id'
       AND c.seen_at > coalesce(
             (SELECT iif(s.new_value = d.stage_id, s.seen_at, d.moved_at) FROM changes AS s
              WHERE s.entity = 'deal' AND s.entity_id = d.id AND s.field = 'stage_id'
                AND s.seen_at >= d.moved_at AND d.stage_id IN (s.old_value, s.new_value)
              ORDER BY s.id LIMIT 1),
             d.moved_at)
     ORDER BY c.id LIMIT 1),
    d.manager_id)) AS won_by,
  --# next_step_at INTEGER derived | Срок ближайшего запланированного шага (v_deal_step), секунды UTC; нет шага – пусто | When the next planned step is due (v_deal_step), UTC seconds; none without one
  d.next_step_at AS next_step_at,
  --# next_step TEXT derived | Что это за шаг: task – задача, meeting, call, email или other – дело | What it is: task, meeting, call, email or other
  (SELECT s.kind FROM v_deal_step AS s
   WHERE s.deal_id = d.id AND s.due_at = d.next_step_at LIMIT 1) AS next_step,
  --# has_overdue_step INTEGER derived | 1 – есть шаг, срок которого прошёл | 1 when the time of some step has passed
  EXISTS (SELECT 1 FROM v_deal_step AS s
          WHERE s.deal_id = d.id AND s.due_at < unixepoch()) AS has_overdue_step,
  --# overdue_step_at INTEGER derived | Срок самого старого просроченного шага, секунды UTC | When the oldest overdue step was due, UTC seconds
  (SELECT s.due_at FROM v_deal_step AS s
   WHERE s.deal_id = d.id AND s.due_at < unixepoch() ORDER BY s.due_at LIMIT 1) AS overdue_step_at,
  --# last_touch_at INTEGER derived | Последнее касание ответственным: исходящий звонок или попытка, письмо, сообщение, встреча – по сделке, контакту или компании, секунды UTC | Last touch by the responsible: a call or attempt, a letter, a message or a meeting, for the deal, its contact or company, UTC seconds
  nullif(max(
    coalesce((SELECT max(a.starts_at) FROM activities AS a
              WHERE a.owner_id = d.id AND a.owner_type_id = 2
                AND a.completed = 1 AND a.deleted_at IS NULL
                AND (a.direction = 2 OR a.type_id = 1 OR a.provider_id = 'CRM_MEETING')
                AND a.manager_id = d.manager_id AND a.starts_at <= unixepoch()
                AND NOT EXISTS (SELECT 1 FROM service_users AS u
                                WHERE u.user_id = a.author_id
                                  AND u.user_id IS NOT d.manager_id)), 0),
    coalesce((SELECT max(a.starts_at) FROM activities AS a
              WHERE a.owner_id = d.contact_id AND a.owner_type_id = 3
                AND a.completed = 1 AND a.deleted_at IS NULL
                AND (a.direction = 2 OR a.type_id = 1 OR a.provider_id = 'CRM_MEETING')
                AND a.manager_id = d.manager_id AND a.starts_at <= unixepoch()
                AND NOT EXISTS (SELECT 1 FROM service_users AS u
                                WHERE u.user_id = a.author_id
                                  AND u.user_id IS NOT d.manager_id)), 0),
    coalesce((SELECT max(a.starts_at) FROM activities AS a
              WHERE a.owner_id = d.company_id AND a.owner_type_id = 4
                AND a.completed = 1 AND a.deleted_at IS NULL
                AND (a.direction = 2 OR a.type_id = 1 OR a.provider_id = 'CRM_MEETING')
                AND a.manager_id = d.manager_id AND a.starts_at <= unixepoch()
                AND NOT EXISTS (SELECT 1 FROM service_users AS u
                                WHERE u.user_id = a.author_id
                                  AND u.user_id IS NOT d.manager_id)), 0),
    coalesce((SELECT max(a.starts_at) FROM activity_links AS k
              CROSS JOIN activities AS a ON a.id = k.activity_id
              WHERE k.crm_id = d.id AND k.crm_type = 2
                AND a.completed = 1 AND a.deleted_at IS NULL
                AND (a.direction = 2 OR a.type_id = 1 OR a.provider_id = 'CRM_MEETING')
                AND a.manager_id = d.manager_id AND a.starts_at <= unixepoch()
                AND NOT EXISTS (SELECT 1 FROM service_users AS u
                                WHERE u.user_id = a.author_id
                                  AND u.user_id IS NOT d.manager_id)), 0),
    coalesce((SELECT max(a.starts_at) FROM activity_links AS k
              CROSS JOIN activities AS a ON a.id = k.activity_id
              WHERE k.crm_id = d.contact_id AND k.crm_type = 3
                AND a.completed = 1 AND a.deleted_at IS NULL
                AND (a.direction = 2 OR a.type_id = 1 OR a.provider_id = 'CRM_MEETING')
                AND a.manager_id = d.manager_id AND a.starts_at <= unixepoch()
                AND NOT EXISTS (SELECT 1 FROM service_users AS u
                                WHERE u.user_id = a.author_id
                                  AND u.user_id IS NOT d.manager_id)), 0),
    coalesce((SELECT max(a.starts_at) FROM activity_links AS k
              CROSS JOIN activities AS a ON a.id = k.activity_id
              WHERE k.crm_id = d.company_id AND k.crm_type = 4
                AND a.completed = 1 AND a.deleted_at IS NULL
                AND (a.direction = 2 OR a.type_id = 1 OR a.provider_id = 'CRM_MEETING')
                AND a.manager_id = d.manager_id AND a.starts_at <= unixepoch()
                AND NOT EXISTS (SELECT 1 FROM service_users AS u
                                WHERE u.user_id = a.author_id
                                  AND u.user_id IS NOT d.manager_id)), 0),
    coalesce((SELECT max(c.started_at) FROM calls AS c
              WHERE c.crm_entity_id = d.contact_id AND c.crm_entity_type = 'CONTACT'
                AND c.type IN (1, 4) AND c.deleted_at IS NULL
                AND c.manager_id = d.manager_id), 0),
    coalesce((SELECT max(c.started_at) FROM calls AS c
              WHERE c.crm_entity_id = d.company_id AND c.crm_entity_type = 'COMPANY'
                AND c.type IN (1, 4) AND c.deleted_at IS NULL
                AND c.manager_id = d.manager_id), 0)), 0) AS last_touch_at,
  --# closed_date TEXT | Дата закрытия (у открытой – нет) | Close date; none while it is open
  iif(d.closed = 1, d.close_date, NULL) AS closed_date,
  --# planned_close_date TEXT | Ожидаемая дата закрытия (у закрытой – нет) | Expected close date
  iif(d.closed = 1, NULL, d.close_date) AS planned_close_date,
  --# last_activity_at INTEGER derived | Последнее событие в карточке, секунды UTC; события пользователя вебхука в чужих карточках не считаются: до них – предыдущее, не известно – пусто | The latest event of the card, UTC seconds; what the webhook's user does in the cards of others does not count: the one before it, empty when that is not known
  iif(d.last_activity_by IS NOT d.manager_id
        AND EXISTS (SELECT 1 FROM service_users AS u WHERE u.user_id = d.last_activity_by),
      (SELECT c.old_value FROM changes AS c
       WHERE c.entity = 'deal' AND c.entity_id = d.id AND c.field = 'last_activity_at'
         AND c.seen_at >= (SELECT b.seen_at FROM changes AS b
                           WHERE b.entity = 'deal' AND b.entity_id = d.id
                             AND b.field = 'last_activity_by' ORDER BY b.id DESC LIMIT 1)
       ORDER BY c.id LIMIT 1),
      d.last_activity_at) AS last_activity_at,
  --# last_activity_by INTEGER derived | Чьё оно: v_manager.id | Whose it is: v_manager.id
  iif(d.last_activity_by IS NOT d.manager_id
        AND EXISTS (SELECT 1 FROM service_users AS u WHERE u.user_id = d.last_activity_by),
      (SELECT b.old_value FROM changes AS b
       WHERE b.entity = 'deal' AND b.entity_id = d.id AND b.field = 'last_activity_by'
       ORDER BY b.id DESC LIMIT 1),
      d.last_activity_by) AS last_activity_by,
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
-- What other columns refer to; SQLite dissolves it.
FROM (
  SELECT
    o.*,
    iif(coalesce(
          o.semantic,
          (SELECT s.semantics FROM stages AS s
           WHERE s.entity_id = iif(o.pipeline_id = 0, 'DEAL_STAGE', 'DEAL_STAGE_' || o.pipeline_id)
             AND s.status_id = o.stage_id AND s.deleted_at IS NULL LIMIT 1)) = 'S',
        coalesce(
          -- The first of the entries that end the history with success.
          (SELECT min(m.at) FROM deal_moves AS m
           WHERE m.owner_id = o.id AND m.deleted_at IS NULL
             AND m.id > coalesce((SELECT max(p.id) FROM deal_moves AS p
                                  WHERE p.owner_id = o.id AND p.deleted_at IS NULL
                                    AND p.semantic IS NOT 'S'), 0)),
          o.moved_at),
        NULL) AS won_at,
    (SELECT s.due_at FROM v_deal_step AS s
     WHERE s.deal_id = o.id AND s.due_at >= unixepoch() ORDER BY s.due_at LIMIT 1) AS next_step_at,
    (SELECT iif(c.is_base = 1, o.amount_minor,
                to_base(o.amount_minor, c.rate, c.nominal))
     FROM currencies AS c
     WHERE c.code = o.currency AND c.deleted_at IS NULL LIMIT 1) AS amount_base_minor
  FROM deals AS o
  WHERE o.deleted_at IS NULL
) AS d;

--# v_deal_step | Что запланировано по открытым сделкам: незавершённые дела и задачи со сроком | What is planned for open deals: activities and tasks with a deadline, not done yet
--: Звонок или письмо клиента, ждущие обработки, – не план. Дело, за которым стоит задача, считается задачей; задачи на контроле и отложенные не считаются. | A client's call or letter that waits to be handled is no plan. An activity that stands for a task is left to the task; tasks under control or deferred do not count.
CREATE VIEW v_deal_step AS
SELECT
  --# deal_id INTEGER | Сделка: v_deal.id | Deal: v_deal.id
  a.owner_id AS deal_id,
  --# due_at INTEGER | Срок, секунды UTC; у задачи без времени суток – конец рабочего дня; раньше «сейчас» – просрочен | When it is due, UTC seconds; a task without a time of day is due at the end of the working day; overdue when that has passed
  a.deadline_at AS due_at,
  --# kind TEXT | task – задача, meeting – встреча, call – звонок, email – письмо, other – другое дело | task, meeting, call, email or other
  CASE
    WHEN a.type_id = 1 OR a.provider_id = 'CRM_MEETING' THEN 'meeting'
    WHEN a.type_id = 2 OR a.provider_id = 'VOXIMPLANT_CALL' THEN 'call'
    WHEN a.type_id = 4 OR a.provider_id = 'CRM_EMAIL' THEN 'email'
    ELSE 'other'
  END AS kind,
  --# step_id INTEGER | Номер: у task – v_task.id, у прочих – v_activity.id | Its id: v_task.id for a task, else v_activity.id
  a.id AS step_id,
  --# title TEXT | Название | Title
  a.subject AS title,
  --# manager_id INTEGER | Кто сделает: v_manager.id | Who will do it: v_manager.id
  a.manager_id AS manager_id
FROM activities AS a
JOIN deals AS d ON d.id = a.owner_id
WHERE a.owner_type_id = 2 AND a.completed = 0 AND a.deadline_at IS NOT NULL
  AND a.deleted_at IS NULL AND d.deleted_at IS NULL AND d.closed IS NOT 1
  AND a.type_id IS NOT 3 AND a.provider_id IS NOT 'CRM_TASKS_TASK' AND a.incoming IS NOT 1
  AND NOT EXISTS (SELECT 1 FROM service_users AS u
                  WHERE u.user_id = a.author_id AND u.user_id IS NOT d.manager_id)
UNION ALL
SELECT
  l.crm_id, a.deadline_at,
  CASE
    WHEN a.type_id = 1 OR a.provider_id = 'CRM_MEETING' THEN 'meeting'
    WHEN a.type_id = 2 OR a.provider_id = 'VOXIMPLANT_CALL' THEN 'call'
    WHEN a.type_id = 4 OR a.provider_id = 'CRM_EMAIL' THEN 'email'
    ELSE 'other'
  END,
  a.id, a.subject, a.manager_id
FROM activity_links AS l
JOIN activities AS a ON a.id = l.activity_id
JOIN deals AS d ON d.id = l.crm_id
WHERE l.crm_type = 2 AND a.completed = 0 AND a.deadline_at IS NOT NULL
  AND a.deleted_at IS NULL AND d.deleted_at IS NULL AND d.closed IS NOT 1
  AND a.type_id IS NOT 3 AND a.provider_id IS NOT 'CRM_TASKS_TASK' AND a.incoming IS NOT 1
  AND NOT EXISTS (SELECT 1 FROM service_users AS u
                  WHERE u.user_id = a.author_id AND u.user_id IS NOT d.manager_id)
UNION ALL
SELECT l.crm_id, effective_deadline(t.deadline_at), 'task', t.id, t.title, t.manager_id
FROM task_links AS l
JOIN tasks AS t ON t.id = l.task_id
JOIN deals AS d ON d.id = l.crm_id
WHERE l.crm_type = 2 AND t.status IN (2, 3) AND t.deadline_at IS NOT NULL
  AND t.deleted_at IS NULL AND d.deleted_at IS NULL AND d.closed IS NOT 1
  AND NOT EXISTS (SELECT 1 FROM service_users AS u
                  WHERE u.user_id = t.creator_id AND u.user_id IS NOT d.manager_id);

--# v_deal_won | Выигрыши: переходы сделок в успех, и удалённых тоже | Wins: moves of deals into success, of deleted ones too
--: Цифры закрытого периода остаются: удалённые сделки здесь есть, с deleted_at. У сделки, ушедшей из успеха, заполнен left_at; выиграть её могут снова, это другая строка. | Figures of a closed period stay: deleted deals are here, with deleted_at. A deal that left success has left_at; when it is won again, that is another row.
--: Ответственный, сумма и валюта – какими они стали вместе с переходом: что изменено тем же сохранением или замечено в том же опросе, входит в выигрыш, а изменённое позже – нет. | The responsible, the amount and the currency are those that came with the move: what was saved with it, or noticed by the same look, belongs to the win; what changed later does not.
--: Курс – на момент выигрыша, как его помнит журнал изменений; курсы сверяются раз в час. Для выигрышей до первого запуска – самый ранний из известных; до смены базовой валюты – неизвестен. | The rate is that of the moment of the win, by the change log; rates are looked at once an hour. For wins before the first start it is the earliest one known; for those before another currency became the base, it is not known.
CREATE VIEW v_deal_won AS
SELECT
  --# deal_id INTEGER | Сделка: v_deal.id | Deal: v_deal.id
  w.deal_id AS deal_id,
  --# title TEXT | Название | Title
  w.title AS title,
  --# won_at INTEGER | Когда перешла в успех, секунды UTC | When it moved into success, UTC seconds
  w.won_at AS won_at,
  --# left_at INTEGER | Когда ушла из успеха, секунды UTC; не ушла – пусто | When it left success, UTC seconds; none while it has not
  w.left_at AS left_at,
  --# deleted_at INTEGER | Когда удалена или скрыта, секунды UTC; ни то ни другое – пусто | When it was deleted or hidden, UTC seconds; none while it is there
  w.deleted_at AS deleted_at,
  --# hidden INTEGER | 1 – не удалена, но пользователю вебхука больше не видна | 1 when it is not deleted, but the webhook's user may not see it any more
  EXISTS (SELECT 1 FROM hidden_rows AS h
          WHERE h.entity = 'deal' AND h.entity_id = w.deal_id) AS hidden,
  --# manager_id INTEGER | Кто был ответственным в тот момент: v_manager.id | Who was responsible at that moment: v_manager.id
  coalesce(
    (SELECT c.old_value FROM changes AS c
     WHERE c.entity = 'deal' AND c.entity_id = w.deal_id AND c.field = 'manager_id'
       AND c.seen_at > w.noticed_at ORDER BY c.id LIMIT 1),
    w.manager_now) AS manager_id,
  --# amount REAL | Сумма в тот момент, в валюте сделки | Amount at that moment, in the deal's currency
  w.amount_minor / 100.0 AS amount,
  --# currency TEXT | Валюта в тот момент, например RUB | Currency at that moment, such as RUB
  w.currency AS currency,
  --# amount_minor INTEGER | Сумма целым числом, в сотых долях валюты | The amount as a whole number, in hundredths of the currency
  w.amount_minor AS amount_minor,
  --# amount_base REAL derived | Сумма в базовой валюте портала по курсу того момента; курса нет – пусто | The amount in the portal's base currency at the rate of that moment; empty without a rate
  w.amount_base_minor / 100.0 AS amount_base,
  --# amount_base_minor INTEGER derived | Сумма в базовой валюте целым числом, в её сотых долях | The amount in the base currency as a whole number, in its hundredths
  w.amount_base_minor AS amount_base_minor,
  --# pipeline_id INTEGER | Воронка: v_pipeline.id | Pipeline: v_pipeline.id
  w.pipeline_id AS pipeline_id,
  --# created_at INTEGER | Сделка создана, секунды UTC | The deal was created, UTC seconds
  w.created_at AS created_at,
  --# recurring INTEGER | 1 – шаблон регулярной сделки | 1 when a template of a recurring deal
  w.recurring AS recurring,
  --# type_id TEXT | Код типа сделки | Type's code
  w.type_id AS type_id
-- What other columns refer to; SQLite dissolves it. Only what the wins themselves are is computed
-- for a query that does not ask for more.
FROM (
  SELECT
    a.*,
    -- The base has to be the one of today: nothing tells the rate between two bases.
    (SELECT iif(k.is_base = 1 AND k.deleted_at IS NULL, a.amount_minor, to_base(
       a.amount_minor,
       coalesce((SELECT c.old_value FROM changes AS c
                 WHERE c.entity = 'currency' AND c.entity_id = k.id AND c.field = 'rate'
                   AND c.seen_at > a.won_at ORDER BY c.id LIMIT 1), k.rate),
       coalesce((SELECT c.old_value FROM changes AS c
                 WHERE c.entity = 'currency' AND c.entity_id = k.id AND c.field = 'nominal'
                   AND c.seen_at > a.won_at ORDER BY c.id LIMIT 1), k.nominal)))
     FROM currencies AS k
     WHERE k.code = a.currency
       AND (k.is_base = 1 AND k.deleted_at IS NULL OR coalesce(
             (SELECT c.old_value FROM currencies AS b
              CROSS JOIN changes AS c
              WHERE b.is_base = 1 AND b.deleted_at IS NULL
                AND c.entity = 'currency' AND c.entity_id = b.id AND c.field = 'is_base'
                AND c.seen_at > a.won_at
              ORDER BY c.id LIMIT 1), 1) = 1)
     LIMIT 1) AS amount_base_minor
  FROM (
    SELECT
      u.*,
      coalesce(
        (SELECT c.old_value FROM changes AS c
         WHERE c.entity = 'deal' AND c.entity_id = u.deal_id AND c.field = 'amount_minor'
           AND c.seen_at > u.noticed_at ORDER BY c.id LIMIT 1),
        u.amount_now) AS amount_minor,
      coalesce(
        (SELECT c.old_value FROM changes AS c
         WHERE c.entity = 'deal' AND c.entity_id = u.deal_id AND c.field = 'currency'
           AND c.seen_at > u.noticed_at ORDER BY c.id LIMIT 1),
        u.currency_now) AS currency
    FROM (
      SELECT
        m.owner_id AS deal_id, d.title AS title, m.at AS won_at,
        (SELECT n.at FROM deal_moves AS n
         WHERE n.owner_id = m.owner_id AND n.id > m.id AND n.semantic IS NOT 'S'
           AND (n.deleted_at IS NULL OR d.deleted_at IS NOT NULL)
         ORDER BY n.id LIMIT 1) AS left_at,
        d.deleted_at AS deleted_at, d.manager_id AS manager_now, d.amount_minor AS amount_now,
        d.currency AS currency_now, m.pipeline_id AS pipeline_id, d.created_at AS created_at,
        d.recurring AS recurring, d.type_id AS type_id,
        coalesce(
          (SELECT iif(s.new_value = m.stage_id, s.seen_at, m.at) FROM changes AS s
           WHERE s.entity = 'deal' AND s.entity_id = m.owner_id AND s.field = 'stage_id'
             AND s.seen_at >= m.at AND m.stage_id IN (s.old_value, s.new_value)
           ORDER BY s.id LIMIT 1),
          m.at) AS noticed_at
      FROM deal_moves AS m
      JOIN deals AS d ON d.id = m.owner_id
      WHERE m.semantic = 'S' AND (m.deleted_at IS NULL OR d.deleted_at IS NOT NULL)
        AND (SELECT p.semantic FROM deal_moves AS p
             WHERE p.owner_id = m.owner_id AND p.id < m.id
               AND (p.deleted_at IS NULL OR d.deleted_at IS NOT NULL)
             ORDER BY p.id DESC LIMIT 1) IS NOT 'S'
      UNION ALL
      SELECT
        d.id, d.title, d.moved_at, CAST(NULL AS INTEGER), d.deleted_at, d.manager_id,
        d.amount_minor, d.currency, d.pipeline_id, d.created_at, d.recurring, d.type_id,
        coalesce(
          (SELECT iif(s.new_value = d.stage_id, s.seen_at, d.moved_at) FROM changes AS s
           WHERE s.entity = 'deal' AND s.entity_id = d.id AND s.field = 'stage_id'
             AND s.seen_at >= d.moved_at AND d.stage_id IN (s.old_value, s.new_value)
           ORDER BY s.id LIMIT 1),
          d.moved_at)
      FROM deals AS d
      WHERE d.semantic = 'S'
        AND NOT EXISTS (SELECT 1 FROM deal_moves AS m WHERE m.owner_id = d.id)
    ) AS u
  ) AS a
) AS w;

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
  t.control AS control,
  --# changed_by INTEGER | Кто изменил последним: v_manager.id | Who changed it last: v_manager.id
  t.changed_by AS changed_by,
  --# first_deadline_at INTEGER derived | Самый первый крайний срок, секунды UTC | The very first deadline, UTC seconds
  coalesce(
    (SELECT coalesce(c.old_value, c.new_value) FROM changes AS c
     WHERE c.entity = 'task' AND c.entity_id = t.id AND c.field = 'deadline_at'
     ORDER BY c.id LIMIT 1),
    t.deadline_at) AS first_deadline_at,
  --# strict_deadline_at INTEGER derived | Срок через сутки после создания – по нему судят «вовремя», секунды UTC | The deadline a day after it was set, which "in time" is judged by, UTC seconds
  iif(EXISTS (SELECT 1 FROM changes AS c
              WHERE c.entity = 'task' AND c.entity_id = t.id AND c.field = 'deadline_at'
                AND c.seen_at > t.created_at + 86400),
      (SELECT c.old_value FROM changes AS c
       WHERE c.entity = 'task' AND c.entity_id = t.id AND c.field = 'deadline_at'
         AND c.seen_at > t.created_at + 86400 ORDER BY c.id LIMIT 1),
      t.deadline_at) AS strict_deadline_at,
  --# deadline_moves INTEGER derived | Сколько раз исполнитель отложил срок; подряд за 10 минут – один раз | How often the responsible put the deadline off; within ten minutes it is once
  (SELECT count(*) FROM v_deadline_move AS m
   WHERE m.task_id = t.id AND m.new_deadline_at > m.old_deadline_at AND m.moved_by = m.manager_id
     AND NOT EXISTS (
       SELECT 1 FROM v_deadline_move AS p
       WHERE p.task_id = t.id AND p.new_deadline_at > p.old_deadline_at
         AND p.moved_by = p.manager_id AND p.id < m.id AND p.moved_at >= m.moved_at - 600)
  ) AS deadline_moves
FROM tasks AS t
WHERE t.deleted_at IS NULL;

--# v_task_link | С чем в CRM связаны задачи | What tasks are linked to in the CRM
CREATE VIEW v_task_link AS
SELECT
  --# task_id INTEGER | Задача: v_task.id | Task: v_task.id
  l.task_id AS task_id,
  --# entity TEXT | Вид объекта: deal, lead, contact, company, quote, invoice; иное – пусто | Kind of object; empty for anything else
  CASE l.crm_type
    WHEN 1 THEN 'lead' WHEN 2 THEN 'deal' WHEN 3 THEN 'contact' WHEN 4 THEN 'company'
    WHEN 7 THEN 'quote' WHEN 31 THEN 'invoice'
  END AS entity,
  --# entity_type_id INTEGER | Вид объекта числом портала | The portal's number of that kind
  l.crm_type AS entity_type_id,
  --# entity_id INTEGER | Номер объекта | The object's id
  l.crm_id AS entity_id
FROM task_links AS l
JOIN tasks AS t ON t.id = l.task_id
WHERE t.deleted_at IS NULL;

--# v_deadline_move | Переносы сроков задач, и удалённых тоже, как они замечены в журнале изменений | Moves of tasks' deadlines, of deleted ones too, as the change log noticed them
--: Портал говорит, кто изменил задачу последним. Из нескольких правок между двумя опросами виден итог, и он записан на последнего. | The portal tells who changed a task last. Of several changes between two looks only the result is seen, and it is the last one's.
CREATE VIEW v_deadline_move AS
SELECT
  --# id INTEGER | Номер записи: v_change.id | The entry's id: v_change.id
  c.id AS id,
  --# task_id INTEGER | Задача: v_task.id | Task: v_task.id
  c.entity_id AS task_id,
  --# moved_at INTEGER | Когда замечено, секунды UTC | When it was noticed, UTC seconds
  c.seen_at AS moved_at,
  --# old_deadline_at INTEGER | Прежний срок, секунды UTC; пусто – срока не было | The deadline before, UTC seconds; none: there was none
  c.old_value AS old_deadline_at,
  --# new_deadline_at INTEGER | Новый срок, секунды UTC; пусто – срок сняли | The new deadline, UTC seconds; none: it was taken off
  c.new_value AS new_deadline_at,
  --# moved_by INTEGER | Кто перенёс: v_manager.id; пусто – неизвестно | Who moved it: v_manager.id; none: not known
  iif(EXISTS (SELECT 1 FROM changes AS w
              WHERE w.entity = 'task' AND w.entity_id = t.id AND w.field = 'changed_by'
                AND w.seen_at > c.seen_at),
      (SELECT w.old_value FROM changes AS w
       WHERE w.entity = 'task' AND w.entity_id = t.id AND w.field = 'changed_by'
         AND w.seen_at > c.seen_at ORDER BY w.id LIMIT 1),
      t.changed_by) AS moved_by,
  --# manager_id INTEGER | Кто был исполнителем: v_manager.id | Who was responsible: v_manager.id
  coalesce(
    (SELECT w.old_value FROM changes AS w
     WHERE w.entity = 'task' AND w.entity_id = t.id AND w.field = 'manager_id'
       AND w.seen_at > c.seen_at ORDER BY w.id LIMIT 1),
    t.manager_id) AS manager_id,
  --# deleted_at INTEGER | Когда задача удалена или скрыта, секунды UTC; ни то ни другое – пусто | When the task was deleted or hidden, UTC seconds; none while it is there
  t.deleted_at AS deleted_at
FROM changes AS c
JOIN tasks AS t ON t.id = c.entity_id
WHERE c.entity = 'task' AND c.field = 'deadline_at';

--# v_activity_deadline_move | Переносы сроков дел CRM, и удалённых тоже | Moves of the deadlines of CRM activities, of deleted ones too
--: Как v_deadline_move, но о делах: звонках, встречах и прочих; за задачами – туда. Срок, сменившийся вместе с завершением дела или после него, – не перенос. | As v_deadline_move, of activities: calls, meetings and others; of tasks look there. A deadline that changed together with the activity's completion, or after it, was not moved.
CREATE VIEW v_activity_deadline_move AS
SELECT
  --# id INTEGER | Номер записи: v_change.id | The entry's id: v_change.id
  c.id AS id,
  --# activity_id INTEGER | Дело: v_activity.id | Activity: v_activity.id
  c.entity_id AS activity_id,
  --# moved_at INTEGER | Когда замечено, секунды UTC | When it was noticed, UTC seconds
  c.seen_at AS moved_at,
  --# old_deadline_at INTEGER | Прежний срок, секунды UTC; пусто – срока не было | The deadline before, UTC seconds; none: there was none
  c.old_value AS old_deadline_at,
  --# new_deadline_at INTEGER | Новый срок, секунды UTC; пусто – срок сняли | The new deadline, UTC seconds; none: it was taken off
  c.new_value AS new_deadline_at,
  --# moved_by INTEGER | Кто перенёс: v_manager.id; пусто – неизвестно | Who moved it: v_manager.id; none: not known
  iif(EXISTS (SELECT 1 FROM changes AS w
              WHERE w.entity = 'activity' AND w.entity_id = a.id AND w.field = 'editor_id'
                AND w.seen_at > c.seen_at),
      (SELECT w.old_value FROM changes AS w
       WHERE w.entity = 'activity' AND w.entity_id = a.id AND w.field = 'editor_id'
         AND w.seen_at > c.seen_at ORDER BY w.id LIMIT 1),
      a.editor_id) AS moved_by,
  --# manager_id INTEGER | Кто был ответственным: v_manager.id | Who was responsible: v_manager.id
  coalesce(
    (SELECT w.old_value FROM changes AS w
     WHERE w.entity = 'activity' AND w.entity_id = a.id AND w.field = 'manager_id'
       AND w.seen_at > c.seen_at ORDER BY w.id LIMIT 1),
    a.manager_id) AS manager_id,
  --# deleted_at INTEGER | Когда дело удалено или скрыто, секунды UTC; ни то ни другое – пусто | When the activity was deleted or hidden, UTC seconds; none while it is there
  a.deleted_at AS deleted_at
FROM changes AS c
JOIN activities AS a ON a.id = c.entity_id
WHERE c.entity = 'activity' AND c.field = 'deadline_at'
  -- A task's moves are those of the task.
  AND a.type_id IS NOT 3 AND a.provider_id IS NOT 'CRM_TASKS_TASK'
  AND coalesce(
        (SELECT w.old_value FROM changes AS w
         WHERE w.entity = 'activity' AND w.entity_id = a.id AND w.field = 'completed'
           AND w.seen_at > c.seen_at ORDER BY w.id LIMIT 1),
        a.completed) IS NOT 1;

--# v_done | Сделанное: завершённые задачи и дела, и удалённые тоже | What was done: tasks and activities, deleted ones too
--: Цифры закрытого периода остаются: удалённое здесь есть, с deleted_at. Возвращённого в работу нет. | Figures of a closed period stay: what is deleted is here, with deleted_at. What was taken up again is not.
--: Задача сделана, когда исполнитель впервые сдал её (на контроль, а без контроля – совсем); заслуга того, кто был исполнителем тогда. Дело, за которым стоит задача, считается задачей. Когда завершено дело, портал не говорит: это момент, когда завершение замечено, а у завершённых до наблюдения – их конец. | A task is done when its responsible first handed it in (to be controlled, or for good where it is not); credited to whoever was responsible then. An activity that stands for a task is left to the task. The portal does not tell when an activity was completed: it is when that was noticed, or, completed before b24watch began to watch, when it ended.
CREATE VIEW v_done AS
SELECT
  --# kind TEXT | task – задача, meeting – встреча, call – звонок, email – письмо, other – другое дело | task, meeting, call, email or other
  'task' AS kind,
  --# id INTEGER | Номер: у task – v_task.id, у прочих – v_activity.id | Its id: v_task.id for a task, else v_activity.id
  t.id AS id,
  --# title TEXT | Название | Title
  t.title AS title,
  --# done_at INTEGER | Когда сделано, секунды UTC | When it was done, UTC seconds
  t.done_at AS done_at,
  --# manager_id INTEGER | Кто отвечал за него тогда: v_manager.id | Who was responsible then: v_manager.id
  coalesce(
    (SELECT c.old_value FROM changes AS c
     WHERE c.entity = 'task' AND c.entity_id = t.id AND c.field = 'manager_id'
       AND c.seen_at > coalesce(t.noticed_at, t.done_at) ORDER BY c.id LIMIT 1),
    t.manager_id) AS manager_id,
  --# done_by INTEGER | Кто завершил: v_manager.id; пусто – неизвестно | Who completed it: v_manager.id; none: not known
  t.closed_by AS done_by,
  --# by_service INTEGER | 1 – завершил пользователь вебхука за другого: не работа менеджера | 1 when the webhook's user completed it for somebody else: no manager's work
  EXISTS (SELECT 1 FROM service_users AS u
          WHERE u.user_id = t.closed_by AND u.user_id IS NOT t.manager_id) AS by_service,
  --# deadline_at INTEGER | Срок, по которому судят «вовремя»: у задачи – через сутки после создания, секунды UTC | The deadline that "in time" is judged by: a task's a day after it was set, UTC seconds
  t.strict_at AS deadline_at,
  --# in_time INTEGER | 1 – сделано в срок; без срока – пусто | 1 when done in time; empty without a deadline
  t.done_at <= effective_deadline(t.strict_at) AS in_time,
  --# deleted_at INTEGER | Когда удалено или скрыто, секунды UTC; ни то ни другое – пусто | When it was deleted or hidden, UTC seconds; none while it is there
  t.deleted_at AS deleted_at
-- What other columns refer to; SQLite dissolves it.
FROM (
  SELECT
    o.*,
    coalesce(
      (SELECT c.seen_at FROM changes AS c
       WHERE c.entity = 'task' AND c.entity_id = o.id AND c.field = 'status' AND c.new_value = 4
         AND c.id > coalesce((SELECT max(w.id) FROM changes AS w
                              WHERE w.entity = 'task' AND w.entity_id = o.id
                                AND w.field = 'status' AND w.new_value NOT IN (4, 5)), 0)
       ORDER BY c.id LIMIT 1),
      iif(o.status = 5, o.closed_at, NULL), o.status_changed_at) AS done_at,
    (SELECT c.seen_at FROM changes AS c
     WHERE c.entity = 'task' AND c.entity_id = o.id AND c.field = 'status'
       AND c.new_value IN (4, 5)
       AND c.id > coalesce((SELECT max(w.id) FROM changes AS w
                            WHERE w.entity = 'task' AND w.entity_id = o.id
                              AND w.field = 'status' AND w.new_value NOT IN (4, 5)), 0)
     ORDER BY c.id LIMIT 1) AS noticed_at,
    iif(EXISTS (SELECT 1 FROM changes AS c
                WHERE c.entity = 'task' AND c.entity_id = o.id AND c.field = 'deadline_at'
                  AND c.seen_at > o.created_at + 86400),
        (SELECT c.old_value FROM changes AS c
         WHERE c.entity = 'task' AND c.entity_id = o.id AND c.field = 'deadline_at'
           AND c.seen_at > o.created_at + 86400 ORDER BY c.id LIMIT 1),
        o.deadline_at) AS strict_at
  FROM tasks AS o
  WHERE o.status IN (4, 5)
) AS t
UNION ALL
SELECT
  CASE
    WHEN a.type_id = 1 OR a.provider_id = 'CRM_MEETING' THEN 'meeting'
    WHEN a.type_id = 2 OR a.provider_id = 'VOXIMPLANT_CALL' THEN 'call'
    WHEN a.type_id = 4 OR a.provider_id = 'CRM_EMAIL' THEN 'email'
    ELSE 'other'
  END,
  a.id, a.subject, a.done_at,
  coalesce(
    (SELECT c.old_value FROM changes AS c
     WHERE c.entity = 'activity' AND c.entity_id = a.id AND c.field = 'manager_id'
       AND c.seen_at > a.done_at ORDER BY c.id LIMIT 1),
    a.manager_id),
  a.done_by,
  EXISTS (SELECT 1 FROM service_users AS u
          WHERE u.user_id = a.done_by AND u.user_id IS NOT a.manager_id),
  a.deadline_at, a.done_at <= effective_deadline(a.deadline_at), a.deleted_at
FROM (
  SELECT
    n.*,
    coalesce(n.noticed_at, min(n.updated_at, max(n.created_at, n.ends_at)), n.updated_at,
             n.created_at) AS done_at,
    iif(n.noticed_at IS NULL, NULL,
        iif(EXISTS (SELECT 1 FROM changes AS c
                    WHERE c.entity = 'activity' AND c.entity_id = n.id AND c.field = 'editor_id'
                      AND c.seen_at > n.noticed_at),
            (SELECT c.old_value FROM changes AS c
             WHERE c.entity = 'activity' AND c.entity_id = n.id AND c.field = 'editor_id'
               AND c.seen_at > n.noticed_at ORDER BY c.id LIMIT 1),
            n.editor_id)) AS done_by
  FROM (
    SELECT
      o.*,
      (SELECT c.seen_at FROM changes AS c
       WHERE c.entity = 'activity' AND c.entity_id = o.id AND c.field = 'completed'
         AND c.new_value = 1 ORDER BY c.id DESC LIMIT 1) AS noticed_at
    FROM activities AS o
    WHERE o.completed = 1 AND o.type_id IS NOT 3 AND o.provider_id IS NOT 'CRM_TASKS_TASK'
  ) AS n
) AS a;

--# v_call_log | Все звонки телефонии, и удалённые из её статистики | All calls of the telephony, those deleted from its statistics too
--: Цифры закрытого периода остаются: удалённые звонки здесь есть, с deleted_at. Сколько звонков было, считайте здесь; v_call – то, что на портале есть сейчас. | Figures of a closed period stay: deleted calls are here, with deleted_at. Count here how many calls there were; v_call is what the portal has now.
CREATE VIEW v_call_log AS
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
  --# phone_key TEXT | Он же для сравнения: последние десять цифр | The same to compare by: its last ten digits
  c.phone_key AS phone_key,
  --# internal INTEGER | 1 – номер сотрудника или не длиннее 4 цифр | 1 when the number is a colleague's, or has up to 4 digits
  iif(length(c.phone_key) BETWEEN 1 AND 4
      -- Numbers of staff are kept without the country, and so are compared: ten digits at most.
      OR c.phone_key IN (
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
  --# crm_entity_type TEXT | Вид объекта CRM: CONTACT, COMPANY, LEAD; сделкой не бывает | Kind of CRM object: CONTACT, COMPANY, LEAD; never a deal
  c.crm_entity_type AS crm_entity_type,
  --# crm_entity_id INTEGER | Объект CRM | The CRM object
  c.crm_entity_id AS crm_entity_id,
  --# activity_id INTEGER | Дело CRM | The CRM activity
  c.activity_id AS activity_id,
  --# deleted_at INTEGER | Когда удалён или скрыт, секунды UTC; ни то ни другое – пусто | When it was deleted or hidden, UTC seconds; none while it is there
  c.deleted_at AS deleted_at
FROM calls AS c;

--# v_call | Звонки телефонии, кроме удалённых | Calls of the telephony, without deleted ones
CREATE VIEW v_call AS
SELECT
  --# id INTEGER | Номер записи статистики | Id of the record in the statistics
  c.id AS id,
  --# manager_id INTEGER | Сотрудник: v_manager.id | Employee: v_manager.id
  c.manager_id AS manager_id,
  --# direction TEXT | out – исходящий, in – входящий, callback – обратный, info – обзвон | out, in, callback or info
  c.direction AS direction,
  --# phone TEXT | Номер клиента | The client's number
  c.phone AS phone,
  --# phone_key TEXT | Он же для сравнения: последние десять цифр | The same to compare by: its last ten digits
  c.phone_key AS phone_key,
  --# internal INTEGER | 1 – номер сотрудника или не длиннее 4 цифр | 1 when the number is a colleague's, or has up to 4 digits
  c.internal AS internal,
  --# started_at INTEGER | Начало, секунды UTC | Start, UTC seconds
  c.started_at AS started_at,
  --# duration_seconds INTEGER | Длительность, секунды | Duration in seconds
  c.duration_seconds AS duration_seconds,
  --# code TEXT | Код завершения: 200 – успешный, 304 – пропущенный | Result: 200 successful, 304 missed
  c.code AS code,
  --# answered INTEGER | 1 – разговор состоялся | 1 when people talked
  c.answered AS answered,
  --# day TEXT | День по местному времени, например 2026-11-21 | Local day, such as 2026-11-21
  c.day AS day,
  --# call_id TEXT | Код звонка на портале | The call's code in the portal
  c.call_id AS call_id,
  --# line TEXT | Линия портала | The portal's line
  c.line AS line,
  --# crm_entity_type TEXT | Вид объекта CRM: CONTACT, COMPANY, LEAD; сделкой не бывает | Kind of CRM object: CONTACT, COMPANY, LEAD; never a deal
  c.crm_entity_type AS crm_entity_type,
  --# crm_entity_id INTEGER | Объект CRM | The CRM object
  c.crm_entity_id AS crm_entity_id,
  --# activity_id INTEGER | Дело CRM | The CRM activity
  c.activity_id AS activity_id
FROM v_call_log AS c
WHERE c.deleted_at IS NULL;

--# v_missed_call | Пропущенные звонки клиентов и перезвоны; повторы одного номера за полчаса – одна строка | Missed calls of clients and their call-backs; one number within half an hour is one row
--: Очередь звонит нескольким: записи одного номера на одной линии с промежутками до 120 секунд – один звонок; он пропущен, если не ответил никто. Пока с клиентом не связались, его новые пропущенные звонки с промежутками до 30 минут – та же строка. Связались – первый исходящий на этот номер, чей угодно и даже без ответа, или звонок клиента, на который ответили. | A queue rings several people: records of one number on one line that follow each other within 120 seconds are one call, missed when nobody took it. Until the client is reached, his further missed calls within 30 minutes of each other belong to the row. He is reached by the first outgoing call to the number, anybody's and even unanswered, or by a call of his that was taken.
--: Звонков коллег и звонков без номера здесь нет. Удалённые из статистики остаются, если с клиентом связались; ждущих среди них нет. | Calls of colleagues, and those without a number, are not here. Those deleted from the statistics stay when the client was reached; none of them waits.
CREATE VIEW v_missed_call AS
SELECT
  --# first_call_id INTEGER | Первая запись звонка: v_call.id | The call's first record: v_call.id
  c.id AS first_call_id,
  --# phone TEXT | Номер клиента | The client's number
  c.phone AS phone,
  --# line TEXT | Линия портала | The portal's line
  c.line AS line,
  --# started_at INTEGER | Когда звонил, секунды UTC | When he called, UTC seconds
  c.started_at AS started_at,
  --# day TEXT | День по местному времени, например 2026-11-21 | Local day, such as 2026-11-21
  c.day AS day,
  --# manager_id INTEGER | Кому звонок пришёл первому: v_manager.id | Whom it reached first: v_manager.id
  c.manager_id AS manager_id,
  --# legs INTEGER | Сколько записей в этом звонке: скольким звонила очередь | How many records the call has: whom the queue rang
  (SELECT count(*) FROM calls AS l
   WHERE l.phone_key = c.phone_key AND l.line IS c.line AND l.type IN (2, 3)
     AND l.started_at >= c.started_at AND l.started_at < c.over_at) AS legs,
  --# returned_at INTEGER | Когда с клиентом связались, секунды UTC; пусто – ещё нет | When he was reached, UTC seconds; none: not yet
  (SELECT r.started_at FROM calls AS r
   WHERE r.phone_key = c.phone_key AND r.started_at > c.started_at
     AND (r.type IN (1, 4)
          OR (r.type IN (2, 3) AND coalesce(r.code, '') IN ('', '200') AND r.duration_seconds > 0))
   ORDER BY r.started_at, r.id LIMIT 1) AS returned_at,
  --# returned_by INTEGER | Кто с ним связался: v_manager.id | Who reached him: v_manager.id
  (SELECT r.manager_id FROM calls AS r
   WHERE r.phone_key = c.phone_key AND r.started_at > c.started_at
     AND (r.type IN (1, 4)
          OR (r.type IN (2, 3) AND coalesce(r.code, '') IN ('', '200') AND r.duration_seconds > 0))
   ORDER BY r.started_at, r.id LIMIT 1) AS returned_by,
  --# returned_how TEXT | out – перезвонили (или пытались), client – дозвонился сам | out: called back, or tried to; client: got through himself
  (SELECT iif(r.type IN (1, 4), 'out', 'client') FROM calls AS r
   WHERE r.phone_key = c.phone_key AND r.started_at > c.started_at
     AND (r.type IN (1, 4)
          OR (r.type IN (2, 3) AND coalesce(r.code, '') IN ('', '200') AND r.duration_seconds > 0))
   ORDER BY r.started_at, r.id LIMIT 1) AS returned_how,
  --# crm_entity_type TEXT | Вид объекта CRM: CONTACT, COMPANY, LEAD | Kind of CRM object: CONTACT, COMPANY, LEAD
  c.crm_entity_type AS crm_entity_type,
  --# crm_entity_id INTEGER | Объект CRM | The CRM object
  c.crm_entity_id AS crm_entity_id,
  --# deleted_at INTEGER | Когда первая запись звонка удалена или скрыта, секунды UTC; ни то ни другое – пусто | When the call's first record was deleted or hidden, UTC seconds; none while it is there
  c.deleted_at AS deleted_at
FROM (
  SELECT
    o.*,
    -- What is deleted counts only where nobody waits any more.
    EXISTS (
      SELECT 1 FROM calls AS r
      WHERE r.phone_key = o.phone_key AND r.started_at > o.started_at
        AND (r.type IN (1, 4)
             OR (r.type IN (2, 3) AND coalesce(r.code, '') IN ('', '200')
                 AND r.duration_seconds > 0))) AS returned,
    -- When the next call of this number on this line begins.
    coalesce(
      (SELECT n.started_at FROM calls AS n
       WHERE n.phone_key = o.phone_key AND n.line IS o.line AND n.type IN (2, 3)
         AND n.started_at > o.started_at + 120
         AND NOT EXISTS (
           SELECT 1 FROM calls AS b
           WHERE b.phone_key = n.phone_key AND b.line IS n.line AND b.type IN (2, 3)
             AND b.started_at >= n.started_at - 120 AND b.started_at < n.started_at)
       ORDER BY n.started_at LIMIT 1),
      9223372036854775807) AS over_at
  FROM v_call_log AS o
  WHERE o.direction = 'in' AND o.answered = 0 AND o.internal = 0 AND o.phone_key <> ''
) AS c
WHERE
  (c.deleted_at IS NULL OR c.returned)
  -- The first record of its call.
  AND NOT EXISTS (
    SELECT 1 FROM calls AS b
    WHERE b.phone_key = c.phone_key AND b.line IS c.line AND b.type IN (2, 3)
      AND (b.deleted_at IS NULL OR c.returned)
      AND b.started_at >= c.started_at - 120 AND b.started_at <= c.started_at
      AND (b.started_at < c.started_at OR b.id < c.id))
  -- Nobody took it.
  AND NOT EXISTS (
    SELECT 1 FROM calls AS l
    WHERE l.phone_key = c.phone_key AND l.line IS c.line AND l.type IN (2, 3)
      AND l.started_at >= c.started_at AND l.started_at < c.over_at
      AND coalesce(l.code, '') IN ('', '200') AND l.duration_seconds > 0)
  -- No missed call just before that still waits.
  AND NOT EXISTS (
    SELECT 1 FROM calls AS p
    WHERE p.phone_key = c.phone_key AND p.type IN (2, 3)
      AND (p.deleted_at IS NULL OR c.returned)
      AND p.started_at >= c.started_at - 1800 AND p.started_at <= c.started_at
      AND (p.started_at < c.started_at OR p.id < c.id)
      AND NOT EXISTS (
        SELECT 1 FROM calls AS r
        WHERE r.phone_key = p.phone_key AND r.started_at <= c.started_at
          AND ((r.type IN (1, 4) AND r.started_at >= p.started_at)
               OR (r.type IN (2, 3) AND coalesce(r.code, '') IN ('', '200')
                   AND r.duration_seconds > 0 AND r.started_at >= p.started_at - 120))));

--# v_lead | Лиды, кроме удалённых | Leads, without deleted ones
--: Реакция в рабочих минутах: work_minutes(reaction_from, first_touch_at). Касание – исходящий звонок (и без ответа), исходящее письмо или сообщение, проведённая встреча по лиду, его контакту или компании. Назначение, замеченное не позже 5 минут после касания, было до него, если коснулся тот, кому лид достался: тогда реакция – 0. | The reaction in working minutes: work_minutes(reaction_from, first_touch_at). A touch is an outgoing call (unanswered ones too), an outgoing letter or message, a meeting held, for the lead, its contact or company. An assignment noticed up to 5 minutes after the touch came before it when the touch is by whoever was given the lead: the reaction is 0 then.
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
  l.amount_minor / 100.0 AS amount,
  --# currency TEXT | Валюта, например RUB | Currency, such as RUB
  l.currency AS currency,
  --# amount_minor INTEGER | Сумма целым числом, в сотых долях валюты | The amount as a whole number, in hundredths of the currency
  l.amount_minor AS amount_minor,
  --# amount_base REAL derived | Сумма в базовой валюте портала по нынешнему курсу; курса нет – пусто | The amount in the portal's base currency at the present rate; empty without a rate
  l.amount_base_minor / 100.0 AS amount_base,
  --# amount_base_minor INTEGER derived | Сумма в базовой валюте целым числом, в её сотых долях | The amount in the base currency as a whole number, in its hundredths
  l.amount_base_minor AS amount_base_minor,
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
  --# last_activity_at INTEGER derived | Последнее событие в карточке, секунды UTC; события пользователя вебхука в чужих карточках не считаются: до них – предыдущее, не известно – пусто | The latest event of the card, UTC seconds; what the webhook's user does in the cards of others does not count: the one before it, empty when that is not known
  iif(l.last_activity_by IS NOT l.manager_id
        AND EXISTS (SELECT 1 FROM service_users AS u WHERE u.user_id = l.last_activity_by),
      (SELECT c.old_value FROM changes AS c
       WHERE c.entity = 'lead' AND c.entity_id = l.id AND c.field = 'last_activity_at'
         AND c.seen_at >= (SELECT b.seen_at FROM changes AS b
                           WHERE b.entity = 'lead' AND b.entity_id = l.id
                             AND b.field = 'last_activity_by' ORDER BY b.id DESC LIMIT 1)
       ORDER BY c.id LIMIT 1),
      l.last_activity_at) AS last_activity_at,
  --# last_activity_by INTEGER derived | Чьё оно: v_manager.id | Whose it is: v_manager.id
  iif(l.last_activity_by IS NOT l.manager_id
        AND EXISTS (SELECT 1 FROM service_users AS u WHERE u.user_id = l.last_activity_by),
      (SELECT b.old_value FROM changes AS b
       WHERE b.entity = 'lead' AND b.entity_id = l.id AND b.field = 'last_activity_by'
       ORDER BY b.id DESC LIMIT 1),
      l.last_activity_by) AS last_activity_by,
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
  l.contact_id AS contact_id,
  --# first_touch_at INTEGER derived | Первое касание после создания – кем угодно: исходящий звонок или попытка, письмо, сообщение, встреча, секунды UTC | First touch after it came, by anyone: a call or attempt, a letter, a message or a meeting, UTC seconds
  l.first_touch_at AS first_touch_at,
  --# first_touch_by INTEGER derived | Кто коснулся первым: v_manager.id | Who touched it first: v_manager.id
  l.first_touch_by AS first_touch_by,
  --# reaction_from INTEGER derived | От чего считать реакцию: создание или, если позже, назначение ответственного до первого касания, секунды UTC | What the reaction counts from: when it came or, if later, was given to somebody before the first touch, UTC seconds
  max(l.created_at, coalesce(
    -- The log is late by up to the five minutes between two looks at night. Whoever was given the
    -- lead and touched it before that was noticed had it when he did.
    (SELECT max(min(c.seen_at, coalesce(l.first_touch_at, c.seen_at))) FROM changes AS c
     WHERE c.entity = 'lead' AND c.entity_id = l.id AND c.field = 'manager_id'
       AND (c.seen_at <= coalesce(l.first_touch_at, 9223372036854775807)
            OR (c.seen_at <= l.first_touch_at + 300 AND c.new_value = l.first_touch_by))), 0))
    AS reaction_from
-- What other columns refer to; SQLite dissolves it.
FROM (
  SELECT
    t.*,
    coalesce(
      (SELECT a.manager_id FROM activities AS a
       WHERE a.owner_id = t.id AND a.owner_type_id = 1
         AND a.completed = 1 AND a.deleted_at IS NULL
         AND (a.direction = 2 OR a.type_id = 1 OR a.provider_id = 'CRM_MEETING')
         AND a.starts_at = t.first_touch_at
         AND NOT EXISTS (SELECT 1 FROM service_users AS u
                         WHERE u.user_id = a.author_id AND u.user_id IS NOT t.manager_id)
       ORDER BY a.id LIMIT 1),
      (SELECT a.manager_id FROM activities AS a
       WHERE a.owner_id = t.contact_id AND a.owner_type_id = 3
         AND a.completed = 1 AND a.deleted_at IS NULL
         AND (a.direction = 2 OR a.type_id = 1 OR a.provider_id = 'CRM_MEETING')
         AND a.starts_at = t.first_touch_at
         AND NOT EXISTS (SELECT 1 FROM service_users AS u
                         WHERE u.user_id = a.author_id AND u.user_id IS NOT t.manager_id)
       ORDER BY a.id LIMIT 1),
      (SELECT a.manager_id FROM activities AS a
       WHERE a.owner_id = t.company_id AND a.owner_type_id = 4
         AND a.completed = 1 AND a.deleted_at IS NULL
         AND (a.direction = 2 OR a.type_id = 1 OR a.provider_id = 'CRM_MEETING')
         AND a.starts_at = t.first_touch_at
         AND NOT EXISTS (SELECT 1 FROM service_users AS u
                         WHERE u.user_id = a.author_id AND u.user_id IS NOT t.manager_id)
       ORDER BY a.id LIMIT 1),
      (SELECT a.manager_id FROM activity_links AS k
       CROSS JOIN activities AS a ON a.id = k.activity_id
       WHERE k.crm_id = t.id AND k.crm_type = 1
         AND a.completed = 1 AND a.deleted_at IS NULL
         AND (a.direction = 2 OR a.type_id = 1 OR a.provider_id = 'CRM_MEETING')
         AND a.starts_at = t.first_touch_at
         AND NOT EXISTS (SELECT 1 FROM service_users AS u
                         WHERE u.user_id = a.author_id AND u.user_id IS NOT t.manager_id)
       ORDER BY a.id LIMIT 1),
      (SELECT a.manager_id FROM activity_links AS k
       CROSS JOIN activities AS a ON a.id = k.activity_id
       WHERE k.crm_id = t.contact_id AND k.crm_type = 3
         AND a.completed = 1 AND a.deleted_at IS NULL
         AND (a.direction = 2 OR a.type_id = 1 OR a.provider_id = 'CRM_MEETING')
         AND a.starts_at = t.first_touch_at
         AND NOT EXISTS (SELECT 1 FROM service_users AS u
                         WHERE u.user_id = a.author_id AND u.user_id IS NOT t.manager_id)
       ORDER BY a.id LIMIT 1),
      (SELECT a.manager_id FROM activity_links AS k
       CROSS JOIN activities AS a ON a.id = k.activity_id
       WHERE k.crm_id = t.company_id AND k.crm_type = 4
         AND a.completed = 1 AND a.deleted_at IS NULL
         AND (a.direction = 2 OR a.type_id = 1 OR a.provider_id = 'CRM_MEETING')
         AND a.starts_at = t.first_touch_at
         AND NOT EXISTS (SELECT 1 FROM service_users AS u
                         WHERE u.user_id = a.author_id AND u.user_id IS NOT t.manager_id)
       ORDER BY a.id LIMIT 1),
      (SELECT c.manager_id FROM calls AS c
       WHERE c.crm_entity_id = t.id AND c.crm_entity_type = 'LEAD'
         AND c.type IN (1, 4) AND c.deleted_at IS NULL AND c.started_at = t.first_touch_at
       ORDER BY c.id LIMIT 1),
      (SELECT c.manager_id FROM calls AS c
       WHERE c.crm_entity_id = t.contact_id AND c.crm_entity_type = 'CONTACT'
         AND c.type IN (1, 4) AND c.deleted_at IS NULL AND c.started_at = t.first_touch_at
       ORDER BY c.id LIMIT 1),
      (SELECT c.manager_id FROM calls AS c
       WHERE c.crm_entity_id = t.company_id AND c.crm_entity_type = 'COMPANY'
         AND c.type IN (1, 4) AND c.deleted_at IS NULL AND c.started_at = t.first_touch_at
       ORDER BY c.id LIMIT 1)) AS first_touch_by
  FROM (
    SELECT
      o.*,
      nullif(min(
        coalesce((SELECT min(a.starts_at) FROM activities AS a
         WHERE a.owner_id = o.id AND a.owner_type_id = 1
           AND a.completed = 1 AND a.deleted_at IS NULL
           AND (a.direction = 2 OR a.type_id = 1 OR a.provider_id = 'CRM_MEETING')
           AND a.starts_at >= o.created_at AND a.starts_at <= unixepoch()
           AND NOT EXISTS (SELECT 1 FROM service_users AS u
                           WHERE u.user_id = a.author_id AND u.user_id IS NOT o.manager_id)), 9223372036854775807),
        coalesce((SELECT min(a.starts_at) FROM activities AS a
         WHERE a.owner_id = o.contact_id AND a.owner_type_id = 3
           AND a.completed = 1 AND a.deleted_at IS NULL
           AND (a.direction = 2 OR a.type_id = 1 OR a.provider_id = 'CRM_MEETING')
           AND a.starts_at >= o.created_at AND a.starts_at <= unixepoch()
           AND NOT EXISTS (SELECT 1 FROM service_users AS u
                           WHERE u.user_id = a.author_id AND u.user_id IS NOT o.manager_id)), 9223372036854775807),
        coalesce((SELECT min(a.starts_at) FROM activities AS a
         WHERE a.owner_id = o.company_id AND a.owner_type_id = 4
           AND a.completed = 1 AND a.deleted_at IS NULL
           AND (a.direction = 2 OR a.type_id = 1 OR a.provider_id = 'CRM_MEETING')
           AND a.starts_at >= o.created_at AND a.starts_at <= unixepoch()
           AND NOT EXISTS (SELECT 1 FROM service_users AS u
                           WHERE u.user_id = a.author_id AND u.user_id IS NOT o.manager_id)), 9223372036854775807),
        coalesce((SELECT min(a.starts_at) FROM activity_links AS k
         CROSS JOIN activities AS a ON a.id = k.activity_id
         WHERE k.crm_id = o.id AND k.crm_type = 1
           AND a.completed = 1 AND a.deleted_at IS NULL
           AND (a.direction = 2 OR a.type_id = 1 OR a.provider_id = 'CRM_MEETING')
           AND a.starts_at >= o.created_at AND a.starts_at <= unixepoch()
           AND NOT EXISTS (SELECT 1 FROM service_users AS u
                           WHERE u.user_id = a.author_id AND u.user_id IS NOT o.manager_id)), 9223372036854775807),
        coalesce((SELECT min(a.starts_at) FROM activity_links AS k
         CROSS JOIN activities AS a ON a.id = k.activity_id
         WHERE k.crm_id = o.contact_id AND k.crm_type = 3
           AND a.completed = 1 AND a.deleted_at IS NULL
           AND (a.direction = 2 OR a.type_id = 1 OR a.provider_id = 'CRM_MEETING')
           AND a.starts_at >= o.created_at AND a.starts_at <= unixepoch()
           AND NOT EXISTS (SELECT 1 FROM service_users AS u
                           WHERE u.user_id = a.author_id AND u.user_id IS NOT o.manager_id)), 9223372036854775807),
        coalesce((SELECT min(a.starts_at) FROM activity_links AS k
         CROSS JOIN activities AS a ON a.id = k.activity_id
         WHERE k.crm_id = o.company_id AND k.crm_type = 4
           AND a.completed = 1 AND a.deleted_at IS NULL
           AND (a.direction = 2 OR a.type_id = 1 OR a.provider_id = 'CRM_MEETING')
           AND a.starts_at >= o.created_at AND a.starts_at <= unixepoch()
           AND NOT EXISTS (SELECT 1 FROM service_users AS u
                           WHERE u.user_id = a.author_id AND u.user_id IS NOT o.manager_id)), 9223372036854775807),
        coalesce((SELECT min(c.started_at) FROM calls AS c
         WHERE c.crm_entity_id = o.id AND c.crm_entity_type = 'LEAD'
           AND c.type IN (1, 4) AND c.deleted_at IS NULL AND c.started_at >= o.created_at), 9223372036854775807),
        coalesce((SELECT min(c.started_at) FROM calls AS c
         WHERE c.crm_entity_id = o.contact_id AND c.crm_entity_type = 'CONTACT'
           AND c.type IN (1, 4) AND c.deleted_at IS NULL AND c.started_at >= o.created_at), 9223372036854775807),
        coalesce((SELECT min(c.started_at) FROM calls AS c
         WHERE c.crm_entity_id = o.company_id AND c.crm_entity_type = 'COMPANY'
           AND c.type IN (1, 4) AND c.deleted_at IS NULL AND c.started_at >= o.created_at), 9223372036854775807)), 9223372036854775807) AS first_touch_at
    FROM (
      SELECT
        q.*,
        (SELECT iif(c.is_base = 1, q.amount_minor,
                    to_base(q.amount_minor, c.rate, c.nominal))
         FROM currencies AS c
         WHERE c.code = q.currency AND c.deleted_at IS NULL LIMIT 1) AS amount_base_minor
      FROM leads AS q
      WHERE q.deleted_at IS NULL
    ) AS o
  ) AS t
) AS l;

--# v_lead_log | Все пришедшие лиды, и удалённые тоже | All leads that came, deleted ones too
--: Цифры закрытого периода остаются: удалённые лиды здесь есть, с deleted_at, какими были перед удалением. Сколько лидов пришло, считайте здесь; v_lead – то, что на портале есть сейчас. | Figures of a closed period stay: deleted leads are here, with deleted_at, as they were before. Count here how many leads came; v_lead is what the portal has now.
CREATE VIEW v_lead_log AS
SELECT
  --# id INTEGER | Номер лида | The lead's id
  l.id AS id,
  --# title TEXT | Название | Title
  l.title AS title,
  --# created_at INTEGER | Пришёл, секунды UTC | Came, UTC seconds
  l.created_at AS created_at,
  --# manager_id INTEGER | Ответственный: v_manager.id | Responsible: v_manager.id
  l.manager_id AS manager_id,
  --# creator_id INTEGER | Кто завёл: v_manager.id | Who created it: v_manager.id
  l.created_by AS creator_id,
  --# semantic TEXT | Итог: P – в работе, S – стал сделкой или клиентом, F – отказ | P in progress, S converted, F junk
  coalesce(
    l.semantic,
    (SELECT s.semantics FROM stages AS s
     WHERE s.entity_id = 'STATUS' AND s.status_id = l.stage_id
       AND (s.deleted_at IS NULL OR l.deleted_at IS NOT NULL) LIMIT 1),
    'P') AS semantic,
  --# stage_id TEXT | Код стадии | Stage's code
  l.stage_id AS stage_id,
  --# source_id TEXT | Код источника | Source's code
  l.source_id AS source_id,
  --# source TEXT | Название источника | Source's name
  (SELECT s.name FROM stages AS s
   WHERE s.entity_id = 'SOURCE' AND s.status_id = l.source_id
   ORDER BY s.deleted_at IS NOT NULL LIMIT 1) AS source,
  --# repeated INTEGER | 1 – повторный: клиент уже обращался | 1 when the client has come before
  l.repeated AS repeated,
  --# company_id INTEGER | Компания: v_company.id | Company: v_company.id
  l.company_id AS company_id,
  --# contact_id INTEGER | Контакт: v_contact.id | Contact: v_contact.id
  l.contact_id AS contact_id,
  --# deleted_at INTEGER | Когда удалён или скрыт, секунды UTC; ни то ни другое – пусто | When it was deleted or hidden, UTC seconds; none while it is there
  l.deleted_at AS deleted_at
FROM leads AS l;

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
  q.amount_minor / 100.0 AS amount,
  --# currency TEXT | Валюта, например RUB | Currency, such as RUB
  q.currency AS currency,
  --# amount_minor INTEGER | Сумма целым числом, в сотых долях валюты | The amount as a whole number, in hundredths of the currency
  q.amount_minor AS amount_minor,
  --# amount_base REAL derived | Сумма в базовой валюте портала по нынешнему курсу; курса нет – пусто | The amount in the portal's base currency at the present rate; empty without a rate
  q.amount_base_minor / 100.0 AS amount_base,
  --# amount_base_minor INTEGER derived | Сумма в базовой валюте целым числом, в её сотых долях | The amount in the base currency as a whole number, in its hundredths
  q.amount_base_minor AS amount_base_minor,
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
-- What other columns refer to; SQLite dissolves it.
FROM (
  SELECT
    o.*,
    (SELECT iif(c.is_base = 1, o.amount_minor,
                to_base(o.amount_minor, c.rate, c.nominal))
     FROM currencies AS c
     WHERE c.code = o.currency AND c.deleted_at IS NULL LIMIT 1) AS amount_base_minor
  FROM quotes AS o
  WHERE o.deleted_at IS NULL
) AS q;

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
  i.amount_minor / 100.0 AS amount,
  --# currency TEXT | Валюта, например RUB | Currency, such as RUB
  i.currency AS currency,
  --# amount_minor INTEGER | Сумма целым числом, в сотых долях валюты | The amount as a whole number, in hundredths of the currency
  i.amount_minor AS amount_minor,
  --# amount_base REAL derived | Сумма в базовой валюте портала по нынешнему курсу; курса нет – пусто | The amount in the portal's base currency at the present rate; empty without a rate
  i.amount_base_minor / 100.0 AS amount_base,
  --# amount_base_minor INTEGER derived | Сумма в базовой валюте целым числом, в её сотых долях | The amount in the base currency as a whole number, in its hundredths
  i.amount_base_minor AS amount_base_minor,
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
-- What other columns refer to; SQLite dissolves it.
FROM (
  SELECT
    o.*,
    (SELECT iif(c.is_base = 1, o.amount_minor,
                to_base(o.amount_minor, c.rate, c.nominal))
     FROM currencies AS c
     WHERE c.code = o.currency AND c.deleted_at IS NULL LIMIT 1) AS amount_base_minor
  FROM invoices AS o
  WHERE o.deleted_at IS NULL
) AS i;

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
  --# last_activity_at INTEGER | Последнее событие в карточке, чьё угодно (и пользователя вебхука), секунды UTC | The latest event of the card, whoever's it is (the webhook's user's too), UTC seconds
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
  --# last_activity_at INTEGER | Последнее событие в карточке, чьё угодно (и пользователя вебхука), секунды UTC | The latest event of the card, whoever's it is (the webhook's user's too), UTC seconds
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
  --# owner_id INTEGER | Номер этого объекта; другие связи – в v_activity_link | That object's id; further links are in v_activity_link
  a.owner_id AS owner_id,
  --# manager_id INTEGER | Ответственный: v_manager.id | Responsible: v_manager.id
  a.manager_id AS manager_id,
  --# author_id INTEGER | Кто создал: v_manager.id | Who created it: v_manager.id
  a.author_id AS author_id,
  --# editor_id INTEGER | Кто изменил: v_manager.id | Who changed it: v_manager.id
  a.editor_id AS editor_id,
  --# by_service INTEGER derived | 1 – создано пользователем вебхука для другого: не работа менеджера | 1 when made by the webhook's user for somebody else: no manager's work
  EXISTS (SELECT 1 FROM service_users AS u
          WHERE u.user_id = a.author_id AND u.user_id IS NOT a.manager_id) AS by_service,
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
  --# deadline_moves INTEGER derived | Сколько раз ответственный отложил срок; подряд за 10 минут – один раз | How often the responsible put the deadline off; within ten minutes it is once
  (SELECT count(*) FROM v_activity_deadline_move AS m
   WHERE m.activity_id = a.id AND m.new_deadline_at > m.old_deadline_at
     AND m.moved_by = m.manager_id
     AND NOT EXISTS (
       SELECT 1 FROM v_activity_deadline_move AS p
       WHERE p.activity_id = a.id AND p.new_deadline_at > p.old_deadline_at
         AND p.moved_by = p.manager_id AND p.id < m.id AND p.moved_at >= m.moved_at - 600)
  ) AS deadline_moves,
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

--# v_activity_link | С чем в CRM связаны дела | What activities are bound to in the CRM
--: Владелец дела известен сразу, остальные связи дочитываются вслед за ним: у незавершённых дел и у тех, что изменены за последние 45 дней. У завершённых раньше виден один владелец. | An activity's owner is known at once; its further links are read after it, those of open activities and of those changed within the last 45 days. Of activities done before that only the owner is here.
CREATE VIEW v_activity_link AS
SELECT
  --# activity_id INTEGER | Дело: v_activity.id | Activity: v_activity.id
  a.id AS activity_id,
  --# entity TEXT | Вид объекта: deal, lead, contact, company, quote, invoice; иное – пусто | Kind of object; empty for anything else
  CASE a.owner_type_id
    WHEN 1 THEN 'lead' WHEN 2 THEN 'deal' WHEN 3 THEN 'contact' WHEN 4 THEN 'company'
    WHEN 7 THEN 'quote' WHEN 31 THEN 'invoice'
  END AS entity,
  --# entity_type_id INTEGER | Вид объекта числом портала | The portal's number of that kind
  a.owner_type_id AS entity_type_id,
  --# entity_id INTEGER | Номер объекта | The object's id
  a.owner_id AS entity_id,
  --# is_owner INTEGER | 1 – дело принадлежит ему, 0 – только связано | 1 when the activity belongs to it, 0 when it is bound only
  1 AS is_owner
FROM activities AS a
WHERE a.deleted_at IS NULL
UNION ALL
SELECT
  l.activity_id,
  CASE l.crm_type
    WHEN 1 THEN 'lead' WHEN 2 THEN 'deal' WHEN 3 THEN 'contact' WHEN 4 THEN 'company'
    WHEN 7 THEN 'quote' WHEN 31 THEN 'invoice'
  END,
  l.crm_type, l.crm_id, 0
FROM activity_links AS l
JOIN activities AS a ON a.id = l.activity_id
WHERE a.deleted_at IS NULL;

--# v_chat | Диалоги открытых линий, связанные с CRM: по строке на сессию | Dialogues of Open Lines that are bound to the CRM: a row for each session
--: Читаются время и авторы сообщений; сами тексты не читаются и не хранятся. Сообщения дочитываются вслед за делом: пока messages = 0, остальное не известно. | Times and authors of messages are read; texts are neither kept nor shown. Messages are read after the activity: while messages = 0 the rest is not known.
--: Ответ – сообщение сотрудника; слова системы и ботов ответом не считаются. Слова пользователя вебхука в чужой сессии – как системные: это не ответ, и клиент ждёт дальше. Клиент ждёт, если сессия открыта и последнее слово (кроме системных) за ним. Рабочие минуты: work_minutes(first_client_at, first_answer_at). | An answer is a message of an employee; words of the system and of bots are none. What the webhook's user writes in the session of somebody else is like the system's: no answer, and the client waits on. The client waits when the session is open and the last word, but for the system's, is his. Working minutes: work_minutes(first_client_at, first_answer_at).
--: Клиент вернулся в тот же диалог раньше чем через час – это та же сессия: такие строки отбирает opened_at - previous_at < 3600. | A client who comes back to the same dialogue within an hour goes on with the same session: opened_at - previous_at < 3600 finds these rows.
CREATE VIEW v_chat AS
SELECT
  --# activity_id INTEGER | Дело сессии: v_activity.id | The session's activity: v_activity.id
  a.id AS activity_id,
  --# session_id INTEGER | Номер сессии | The session's id
  a.associated_id AS session_id,
  --# line TEXT | Номер открытой линии | The open line's id
  a.provider_type_id AS line,
  --# chat_id INTEGER derived | Номер диалога: у нового обращения того же клиента он тот же | The dialogue's id: the client's next session may have the same
  (SELECT max(m.chat_id) FROM chat_messages AS m WHERE m.activity_id = a.id) AS chat_id,
  --# manager_id INTEGER | Ответственный: v_manager.id | Responsible: v_manager.id
  a.manager_id AS manager_id,
  --# deal_id INTEGER derived | Сделка: v_deal.id; из нескольких – новейшая | Deal: v_deal.id; of several the newest
  iif(a.owner_type_id = 2, a.owner_id,
      (SELECT max(l.crm_id) FROM activity_links AS l
       WHERE l.activity_id = a.id AND l.crm_type = 2)) AS deal_id,
  --# lead_id INTEGER derived | Лид: v_lead.id; из нескольких – новейший | Lead: v_lead.id; of several the newest
  iif(a.owner_type_id = 1, a.owner_id,
      (SELECT max(l.crm_id) FROM activity_links AS l
       WHERE l.activity_id = a.id AND l.crm_type = 1)) AS lead_id,
  --# opened_at INTEGER | Начата, секунды UTC | Begun, UTC seconds
  a.created_at AS opened_at,
  --# closed INTEGER | 1 – завершена | 1 when it is over
  a.completed AS closed,
  --# messages INTEGER derived | Сообщений, и системных тоже; 0 – ещё не прочитаны | Messages, the system's too; 0: not read yet
  (SELECT count(*) FROM chat_messages AS m WHERE m.activity_id = a.id) AS messages,
  --# client_messages INTEGER derived | Сообщений клиента | Messages of the client
  (SELECT count(*) FROM chat_messages AS m
   WHERE m.activity_id = a.id AND m.side = 'client') AS client_messages,
  --# answers INTEGER derived | Сообщений сотрудников | Messages of employees
  (SELECT count(*) FROM chat_messages AS m
   WHERE m.activity_id = a.id AND m.side = 'operator'
     AND NOT EXISTS (SELECT 1 FROM service_users AS u
                     WHERE u.user_id = m.author_id AND u.user_id IS NOT a.manager_id)) AS answers,
  --# first_client_at INTEGER derived | Первое сообщение клиента, секунды UTC | The client's first message, UTC seconds
  (SELECT m.at FROM chat_messages AS m
   WHERE m.activity_id = a.id AND m.side = 'client'
   ORDER BY m.message_id LIMIT 1) AS first_client_at,
  --# first_answer_at INTEGER derived | Первый ответ сотрудника после него, секунды UTC | The first answer of an employee after it, UTC seconds
  (SELECT m.at FROM chat_messages AS m
   WHERE m.activity_id = a.id AND m.side = 'operator'
     AND m.message_id > (SELECT min(c.message_id) FROM chat_messages AS c
                         WHERE c.activity_id = a.id AND c.side = 'client')
     AND NOT EXISTS (SELECT 1 FROM service_users AS u
                     WHERE u.user_id = m.author_id AND u.user_id IS NOT a.manager_id)
   ORDER BY m.message_id LIMIT 1) AS first_answer_at,
  --# first_answer_by INTEGER derived | Кто ответил первым: v_manager.id | Who answered first: v_manager.id
  (SELECT m.author_id FROM chat_messages AS m
   WHERE m.activity_id = a.id AND m.side = 'operator'
     AND m.message_id > (SELECT min(c.message_id) FROM chat_messages AS c
                         WHERE c.activity_id = a.id AND c.side = 'client')
     AND NOT EXISTS (SELECT 1 FROM service_users AS u
                     WHERE u.user_id = m.author_id AND u.user_id IS NOT a.manager_id)
   ORDER BY m.message_id LIMIT 1) AS first_answer_by,
  --# last_client_at INTEGER derived | Последнее сообщение клиента, секунды UTC | The client's last message, UTC seconds
  (SELECT m.at FROM chat_messages AS m
   WHERE m.activity_id = a.id AND m.side = 'client'
   ORDER BY m.message_id DESC LIMIT 1) AS last_client_at,
  --# last_answer_at INTEGER derived | Последний ответ сотрудника, секунды UTC | The last answer of an employee, UTC seconds
  (SELECT m.at FROM chat_messages AS m
   WHERE m.activity_id = a.id AND m.side = 'operator'
     AND NOT EXISTS (SELECT 1 FROM service_users AS u
                     WHERE u.user_id = m.author_id AND u.user_id IS NOT a.manager_id)
   ORDER BY m.message_id DESC LIMIT 1) AS last_answer_at,
  --# last_side TEXT derived | За кем последнее слово, кроме системных: client, operator, bot или other | Whose the last word is, but for the system's: client, operator, bot or other
  (SELECT m.side FROM chat_messages AS m
   WHERE m.activity_id = a.id AND m.side <> 'system'
     AND NOT EXISTS (SELECT 1 FROM service_users AS u
                     WHERE u.user_id = m.author_id AND u.user_id IS NOT a.manager_id)
   ORDER BY m.message_id DESC LIMIT 1) AS last_side,
  --# waits_since INTEGER derived | С какого времени клиент ждёт ответа, секунды UTC; пусто – не ждёт | Since when the client waits for an answer, UTC seconds; empty when he does not
  (SELECT m.at FROM chat_messages AS m
   WHERE a.completed = 0 AND m.activity_id = a.id AND m.side = 'client'
     AND m.message_id > coalesce((SELECT max(o.message_id) FROM chat_messages AS o
                                  WHERE o.activity_id = a.id
                                    AND o.side NOT IN ('client', 'system')
                                    AND NOT EXISTS (
                                      SELECT 1 FROM service_users AS u
                                      WHERE u.user_id = o.author_id
                                        AND u.user_id IS NOT a.manager_id)), 0)
   ORDER BY m.message_id LIMIT 1) AS waits_since,
  --# previous_at INTEGER derived | Последнее сообщение этого диалога перед сессией, секунды UTC | The last message of this dialogue before the session, UTC seconds
  (SELECT p.at FROM chat_messages AS p
   WHERE p.chat_id = (SELECT max(m.chat_id) FROM chat_messages AS m WHERE m.activity_id = a.id)
     AND p.message_id < (SELECT min(m.message_id) FROM chat_messages AS m
                         WHERE m.activity_id = a.id)
   ORDER BY p.message_id DESC LIMIT 1) AS previous_at
FROM activities AS a
WHERE a.provider_id = 'IMOPENLINES_SESSION' AND a.deleted_at IS NULL;

--# v_chat_message | Сообщения открытых линий: кто и когда, без текстов | Messages of Open Lines: who and when, without texts
CREATE VIEW v_chat_message AS
SELECT
  --# activity_id INTEGER | Дело сессии: v_chat.activity_id | The session's activity: v_chat.activity_id
  m.activity_id AS activity_id,
  --# id INTEGER | Номер сообщения; растёт со временем | The message's id; grows with time
  m.message_id AS id,
  --# chat_id INTEGER | Номер диалога: v_chat.chat_id | The dialogue's id: v_chat.chat_id
  m.chat_id AS chat_id,
  --# at INTEGER | Когда, секунды UTC | When, UTC seconds
  m.at AS at,
  --# side TEXT | client, operator, bot, system; other – портал не сказал, кто это | client, operator, bot, system; other when the portal does not say who it is
  m.side AS side,
  --# author_id INTEGER | Автор; у сотрудника – v_manager.id | Author; of an employee v_manager.id
  m.author_id AS author_id,
  --# by_service INTEGER derived | 1 – пользователь вебхука в чужой сессии: не работа менеджера | 1 when by the webhook's user in the session of somebody else: no manager's work
  EXISTS (SELECT 1 FROM service_users AS u
          WHERE u.user_id = m.author_id AND u.user_id IS NOT a.manager_id) AS by_service
FROM chat_messages AS m
JOIN activities AS a ON a.id = m.activity_id
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
  u.registered_at AS registered_at,
  --# day_tracked INTEGER | 1 – портал ведёт учёт его рабочего времени; пусто – не известно | 1 when the portal keeps his working time; empty: not known
  (SELECT r.tracked FROM workday_rules AS r WHERE r.user_id = u.id) AS day_tracked,
  --# day_latest_start TEXT | Позже какого времени начинать день нельзя, «09:15»; пусто – не задано | The latest time to begin the day, "09:15"; empty when none is set
  (SELECT r.latest_start FROM workday_rules AS r
   WHERE r.user_id = u.id AND r.flexible = 0) AS day_latest_start,
  --# is_service INTEGER | 1 – пользователь, от имени которого работает b24watch (вебхука или приложения) | 1 for the user as whom b24watch works (the webhook's or the application's)
  EXISTS (SELECT 1 FROM service_users AS s WHERE s.user_id = u.id) AS is_service
FROM users AS u
WHERE u.deleted_at IS NULL;

--# v_workday | Рабочие дни сотрудников: строка на день | Working days of employees: a row for each day
--: Спрашиваются каждые 10 минут в рабочее время, по праву timeman; дни до начала наблюдения не известны. Кто сегодня день не начал, у того нет строки за сегодня: смотрите вместе с v_manager.day_tracked. | Asked for every ten minutes in working hours, by the scope timeman; days before b24watch began to watch are not known. Who has not begun the day has no row of today: look at v_manager.day_tracked as well.
CREATE VIEW v_workday AS
SELECT
  --# manager_id INTEGER | Сотрудник: v_manager.id | Employee: v_manager.id
  w.user_id AS manager_id,
  --# day TEXT | Дата у сотрудника, «2026-11-21» | The date where he is, "2026-11-21"
  w.day AS day,
  --# status TEXT | opened – идёт, paused – перерыв, closed – закрыт, expired – забыл закрыть | opened, paused, closed, or expired when he forgot to close it
  w.status AS status,
  --# opened_at INTEGER | Начат, секунды UTC | Begun, UTC seconds
  w.opened_at AS opened_at,
  --# opened_clock TEXT | Начат по часам сотрудника, «09:05» | Begun by the clock where he is, "09:05"
  w.opened_clock AS opened_clock,
  --# late INTEGER | 1 – позже положенного; пусто – срок не задан | 1 when later than he should; empty when no time is set
  w.opened_clock > (SELECT r.latest_start FROM workday_rules AS r
                    WHERE r.user_id = w.user_id AND r.flexible = 0) AS late,
  --# closed_at INTEGER | Закрыт, секунды UTC | Closed, UTC seconds
  w.closed_at AS closed_at,
  --# break_seconds INTEGER | Перерывы, секунды | Breaks, seconds
  w.break_seconds AS break_seconds,
  --# confirmed INTEGER | 0 – изменение ждёт согласия руководителя | 0 when a change of it waits for the head's consent
  w.confirmed AS confirmed
FROM workdays AS w
JOIN users AS u ON u.id = w.user_id
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

--# v_currency | Валюты портала и их курсы | The portal's currencies and their rates
--: Сумма в базовой валюте – сумма × rate / nominal. Если портал не даёт список валют или валюты в нём нет, amount_base у сделок, лидов, предложений и счетов пуст: это «неизвестно», а не ноль. Прежние курсы – в v_change, entity = 'currency'. | A sum in the base currency is the sum × rate / nominal. When the portal does not give its currencies, or lacks one, amount_base of deals, leads, quotes and invoices is empty: that is "not known", not zero. Former rates are in v_change, entity = 'currency'.
CREATE VIEW v_currency AS
SELECT
  --# code TEXT | Код, например «RUB» | The code, such as "RUB"
  c.code AS code,
  --# name TEXT | Название | Name
  c.name AS name,
  --# rate REAL | Курс: сколько базовой валюты стоит номинал | Rate: how much of the base currency the nominal is worth
  c.rate AS rate,
  --# nominal INTEGER | Номинал: за сколько единиц этот курс | Nominal: for how many units the rate is
  c.nominal AS nominal,
  --# is_base INTEGER | 1 – базовая | 1 for the base currency
  c.is_base AS is_base,
  --# sort INTEGER | Порядок | Order
  c.sort AS sort,
  --# decimals INTEGER | Сколько знаков после запятой портал показывает | How many decimal places the portal shows
  c.decimals AS decimals,
  --# updated_at INTEGER | Изменена, секунды UTC | Changed, UTC seconds
  c.updated_at AS updated_at,
  --# id INTEGER | Номер в v_change: буквы кода одним числом | The id in v_change: the letters of the code as one number
  c.id AS id
FROM currencies AS c
WHERE c.deleted_at IS NULL;

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
--: Кто был ответственным, говорит журнал изменений; сменившийся в том же опросе, что и стадия, сменился до перехода. | Who was responsible, the change log tells; what it noticed together with the move had changed before it.
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
    'P') AS semantic,
  --# manager_id INTEGER | Кто был ответственным в тот момент: v_manager.id | Who was responsible at that moment: v_manager.id
  coalesce(
    (SELECT c.old_value FROM changes AS c
     WHERE c.entity = 'deal' AND c.entity_id = m.owner_id AND c.field = 'manager_id'
       AND c.seen_at > coalesce(
             (SELECT iif(s.new_value = m.stage_id, s.seen_at, m.at) FROM changes AS s
              WHERE s.entity = 'deal' AND s.entity_id = m.owner_id AND s.field = 'stage_id'
                AND s.seen_at >= m.at AND m.stage_id IN (s.old_value, s.new_value)
              ORDER BY s.id LIMIT 1),
             m.at)
     ORDER BY c.id LIMIT 1),
    (SELECT o.manager_id FROM deals AS o WHERE o.id = m.owner_id)) AS manager_id
FROM deal_moves AS m
WHERE m.deleted_at IS NULL
UNION ALL
SELECT
  'lead', m.id, m.owner_id, m.type, m.at, CAST(NULL AS INTEGER), m.stage_id,
  (SELECT s.name FROM stages AS s
   WHERE s.entity_id = 'STATUS' AND s.status_id = m.stage_id AND s.deleted_at IS NULL LIMIT 1),
  coalesce(
    m.semantic,
    (SELECT s.semantics FROM stages AS s
     WHERE s.entity_id = 'STATUS' AND s.status_id = m.stage_id AND s.deleted_at IS NULL LIMIT 1),
    'P'),
  coalesce(
    (SELECT c.old_value FROM changes AS c
     WHERE c.entity = 'lead' AND c.entity_id = m.owner_id AND c.field = 'manager_id'
       AND c.seen_at > coalesce(
             (SELECT iif(s.new_value = m.stage_id, s.seen_at, m.at) FROM changes AS s
              WHERE s.entity = 'lead' AND s.entity_id = m.owner_id AND s.field = 'stage_id'
                AND s.seen_at >= m.at AND m.stage_id IN (s.old_value, s.new_value)
              ORDER BY s.id LIMIT 1),
             m.at)
     ORDER BY c.id LIMIT 1),
    (SELECT o.manager_id FROM leads AS o WHERE o.id = m.owner_id))
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
    'P'),
  coalesce(
    (SELECT c.old_value FROM changes AS c
     WHERE c.entity = 'invoice' AND c.entity_id = m.owner_id AND c.field = 'manager_id'
       AND c.seen_at > coalesce(
             (SELECT iif(s.new_value = m.stage_id, s.seen_at, m.at) FROM changes AS s
              WHERE s.entity = 'invoice' AND s.entity_id = m.owner_id AND s.field = 'stage_id'
                AND s.seen_at >= m.at AND m.stage_id IN (s.old_value, s.new_value)
              ORDER BY s.id LIMIT 1),
             m.at)
     ORDER BY c.id LIMIT 1),
    (SELECT o.manager_id FROM invoices AS o WHERE o.id = m.owner_id))
FROM invoice_moves AS m
WHERE m.deleted_at IS NULL;

--# v_deal_product | Товары и услуги в сделках, кроме удалённых | Goods and services of deals, without deleted ones
--: Читаются, пока их читает какое-нибудь включённое правило: у открытых сделок и у изменённых за последние 45 дней. Цена – за единицу, со скидкой и налогом; товары меняются вместе со сделкой. | Read while some rule that is switched on reads them: of open deals, and of those changed within the last 45 days. The price is of one, after discounts and with tax; goods change together with their deal.
CREATE VIEW v_deal_product AS
SELECT
  --# id INTEGER | Номер строки в сделке | The id of the line in the deal
  r.id AS id,
  --# deal_id INTEGER | Сделка: v_deal.id | Deal: v_deal.id
  r.deal_id AS deal_id,
  --# product_id INTEGER | Товар в каталоге; вписан от руки – пусто | Product of the catalogue; none when written by hand
  nullif(r.product_id, 0) AS product_id,
  --# name TEXT | Название | Name
  r.name AS name,
  --# quantity REAL | Количество | Quantity
  r.quantity AS quantity,
  --# price_minor INTEGER | Цена за единицу в сотых долях валюты сделки | Price of one, in hundredths of the deal's currency
  r.price_minor AS price_minor,
  --# amount_minor INTEGER | Сумма строки: цена × количество, в сотых долях | Sum of the line: price × quantity, in hundredths
  CAST(round(r.price_minor * r.quantity) AS INTEGER) AS amount_minor,
  --# net_minor INTEGER | Она же без налога: сумма × 100 / (100 + ставка), в сотых долях | The same without tax: sum × 100 / (100 + rate), in hundredths
  CAST(round(round(r.price_minor * r.quantity) * 100 / (100 + coalesce(r.tax_rate, 0)))
       AS INTEGER) AS net_minor,
  --# currency TEXT | Валюта сделки | The deal's currency
  d.currency AS currency,
  --# tax_rate REAL | Ставка налога, %; без налога – пусто | Tax rate in per cent; none without tax
  r.tax_rate AS tax_rate,
  --# tax_included INTEGER | 1 – цена в каталоге указана с налогом | 1 when the price of the catalogue includes tax
  r.tax_included AS tax_included,
  --# discount_type INTEGER | Скидка: 1 – суммой, 2 – в процентах | Discount: 1 as a sum, 2 in per cent
  r.discount_type AS discount_type,
  --# discount_rate REAL | Скидка в процентах | Discount in per cent
  r.discount_rate AS discount_rate,
  --# discount_minor INTEGER | Скидка на единицу, в сотых долях, без налога | Discount on one, in hundredths, without tax
  r.discount_minor AS discount_minor,
  --# sort INTEGER | Порядок | Order
  r.sort AS sort
FROM product_rows AS r
JOIN deals AS d ON d.id = r.deal_id
WHERE d.deleted_at IS NULL;

--# v_comment | Комментарии в истории сделок: кто и когда; сам текст не хранится | Comments in the timelines of deals: who and when; what was written is not kept
--: Читаются, пока их читает какое-нибудь включённое правило: у открытых сделок и у изменённых за последние 45 дней. | Read while some rule that is switched on reads them: of open deals, and of those changed within the last 45 days.
CREATE VIEW v_comment AS
SELECT
  --# id INTEGER | Номер комментария | The comment's id
  c.id AS id,
  --# deal_id INTEGER | Сделка: v_deal.id | Deal: v_deal.id
  c.deal_id AS deal_id,
  --# author_id INTEGER | Кто написал: v_manager.id | Who wrote it: v_manager.id
  c.author_id AS author_id,
  --# by_service INTEGER derived | 1 – пользователь вебхука в чужой сделке: не работа менеджера | 1 when by the webhook's user in the deal of somebody else: no manager's work
  EXISTS (SELECT 1 FROM service_users AS u
          WHERE u.user_id = c.author_id AND u.user_id IS NOT d.manager_id) AS by_service,
  --# created_at INTEGER | Когда, секунды UTC | When, UTC seconds
  c.created_at AS created_at
FROM deal_comments AS c
JOIN deals AS d ON d.id = c.deal_id
WHERE d.deleted_at IS NULL;

--# v_payment | Оплаты по сделкам, счетам и заказам магазина | Payments of deals, invoices and orders of the shop
--: С правом sale у вебхука это весь список оплат портала (sale.payment.list). Без него их спрашивают у сделок и счетов (crm.item.payment.list), пока их читает какое-нибудь включённое правило: у открытых, у изменённых за последние 45 дней и у тех, где что-то не оплачено; о возвратах портал тогда не говорит. Каким путём – в v_receipt_source. | With the scope sale these are all payments of the portal (sale.payment.list). Without it, deals and invoices are asked for theirs (crm.item.payment.list) while some rule that is switched on reads them: open ones, those changed within the last 45 days, and those with something unpaid; then the portal says nothing of returns. Which way is told by v_receipt_source.
CREATE VIEW v_payment AS
SELECT
  --# id INTEGER | Номер оплаты | The payment's id
  p.id AS id,
  --# number TEXT | Номер для людей, например 17/2 – вторая по заказу 17 | Its number for people, such as 17/2: the second of order 17
  p.number AS number,
  --# deal_id INTEGER derived | Сделка, или сделка счёта: v_deal.id | The deal, or the invoice's deal: v_deal.id
  coalesce(
    (SELECT l.owner_id FROM order_links AS l
     WHERE l.id = p.order_id AND l.owner_type_id = 2 AND l.deleted_at IS NULL),
    (SELECT nullif(i.deal_id, 0) FROM order_links AS l JOIN invoices AS i ON i.id = l.owner_id
     WHERE l.id = p.order_id AND l.owner_type_id = 31 AND l.deleted_at IS NULL)) AS deal_id,
  --# invoice_id INTEGER derived | Счёт: v_invoice.id | Invoice: v_invoice.id
  (SELECT l.owner_id FROM order_links AS l
   WHERE l.id = p.order_id AND l.owner_type_id = 31 AND l.deleted_at IS NULL) AS invoice_id,
  --# amount REAL | Сумма в валюте оплаты | Amount in the payment's currency
  p.sum_minor / 100.0 AS amount,
  --# amount_minor INTEGER | Она же целым числом, в сотых долях валюты | The same as a whole number, in hundredths of the currency
  p.sum_minor AS amount_minor,
  --# currency TEXT | Валюта, например RUB | Currency, such as RUB
  p.currency AS currency,
  --# paid INTEGER | 1 – оплачено, 0 – ждёт оплаты | 1 when paid, 0 while it waits
  p.paid AS paid,
  --# paid_at INTEGER | Когда оплачено, секунды UTC | When it was paid, UTC seconds
  p.paid_at AS paid_at,
  --# is_return INTEGER | 1 – деньги вернули | 1 when the money was returned
  p.return_kind IN ('Y', 'P') AS is_return,
  --# returned_at INTEGER derived | Когда вернули: 6 часов UTC дня возврата или когда это замечено, секунды UTC | When it was returned: six o'clock UTC of that day, or when it was noticed, UTC seconds
  -- An hour that is of the same day from UTC-6 to UTC+14.
  iif(p.return_kind IN ('Y', 'P'),
      coalesce(
        unixepoch(p.return_date, '+6 hours'),
        (SELECT c.seen_at FROM changes AS c
         WHERE c.entity = 'payment' AND c.entity_id = p.id AND c.field = 'return_kind'
         ORDER BY c.id DESC LIMIT 1),
        p.paid_at),
      NULL) AS returned_at,
  --# billed_at INTEGER | Когда выставлена, секунды UTC | When it was asked for, UTC seconds
  p.billed_at AS billed_at,
  --# manager_id INTEGER | Ответственный за оплату: v_manager.id | Responsible for the payment: v_manager.id
  p.manager_id AS manager_id,
  --# pay_system TEXT | Чем платят | How it is paid
  p.pay_system AS pay_system
FROM payments AS p
WHERE p.deleted_at IS NULL
  AND (SELECT count(*) FROM streams AS s
       WHERE s.entity IN ('payment', 'order_link') AND s.full_done = 1) = 2
UNION ALL
SELECT
  p.id, p.number, p.deal_id, CAST(NULL AS INTEGER), p.sum_minor / 100.0, p.sum_minor, p.currency,
  p.paid, p.paid_at, 0, CAST(NULL AS INTEGER), CAST(NULL AS INTEGER), d.manager_id, p.pay_system
FROM deal_payments AS p
JOIN deals AS d ON d.id = p.deal_id
WHERE (SELECT count(*) FROM streams AS s
       WHERE s.entity IN ('payment', 'order_link') AND s.full_done = 1) < 2
UNION ALL
SELECT
  p.id, p.number, nullif(i.deal_id, 0), p.invoice_id, p.sum_minor / 100.0, p.sum_minor,
  p.currency, p.paid, p.paid_at, 0, CAST(NULL AS INTEGER), CAST(NULL AS INTEGER), i.manager_id,
  p.pay_system
FROM invoice_payments AS p
JOIN invoices AS i ON i.id = p.invoice_id
WHERE (SELECT count(*) FROM streams AS s
       WHERE s.entity IN ('payment', 'order_link') AND s.full_done = 1) < 2;

--# v_receipt_source | Откуда на этом портале берутся поступления; одна строка | Where receipts come from on this portal; one row
--: Первое, что есть: оплаты по сделкам и счетам; иначе счета на стадии успеха; иначе выигранные сделки. Источники не смешиваются, чтобы одни деньги не считались дважды. | The first that is there: payments of deals and invoices; else invoices on a stage of success; else deals won. They are not mixed, so that no money counts twice.
CREATE VIEW v_receipt_source AS
SELECT
  --# source TEXT derived | payments – оплаты, invoices – оплаченные счета, deals – выигранные сделки | payments, invoices (those paid) or deals (those won)
  CASE
    WHEN EXISTS (SELECT 1 FROM v_payment AS p
                 WHERE p.paid_at IS NOT NULL AND (p.paid = 1 OR p.is_return = 1)
                   AND p.amount_minor > 0
                   AND (p.deal_id IS NOT NULL OR p.invoice_id IS NOT NULL)) THEN 'payments'
    WHEN EXISTS (SELECT 1 FROM invoices AS i
                 WHERE i.amount_minor > 0
                   AND (SELECT s.semantics FROM stages AS s
                        WHERE s.entity_id = 'SMART_INVOICE_STAGE_' || i.pipeline_id
                          AND s.status_id = i.stage_id
                          AND (s.deleted_at IS NULL OR i.deleted_at IS NOT NULL)
                        LIMIT 1) = 'S') THEN 'invoices'
    ELSE 'deals'
  END AS source,
  --# payments_by TEXT | Каким методом читаются оплаты: sale.payment.list или crm.item.payment.list | The method by which payments are read: sale.payment.list or crm.item.payment.list
  iif((SELECT count(*) FROM streams AS s
       WHERE s.entity IN ('payment', 'order_link') AND s.full_done = 1) = 2,
      'sale.payment.list', 'crm.item.payment.list') AS payments_by;

--# v_receipt | Поступления денег; возвраты – с минусом | Money received; what was returned is negative
--: Источник один на портал: v_receipt_source. Заслуга того, кто отвечал за сделку в день поступления. | One source per portal: v_receipt_source. Credited to whoever was responsible for the deal on the day of the receipt.
--: Цифры закрытого периода остаются: счета и сделки считаются и тогда, когда удалены или скрыты. | Figures of a closed period stay: invoices and deals count when they are deleted or hidden, too.
--: Без налога – доля, которую товары сделки стоят без налога (v_deal_product); товаров нет – вся сумма. | Without tax: the part that the deal's goods cost without tax (v_deal_product); without goods it is the whole sum.
CREATE VIEW v_receipt AS
SELECT
  --# kind TEXT | payment – оплата, refund – возврат, invoice – оплаченный счёт, deal – выигранная сделка | payment, refund, invoice (paid) or deal (won)
  r.kind AS kind,
  --# id INTEGER | Номер оплаты, счёта или сделки | The id of the payment, invoice or deal
  r.id AS id,
  --# at INTEGER | Когда, секунды UTC | When, UTC seconds
  r.at AS at,
  --# deal_id INTEGER | Сделка: v_deal.id | Deal: v_deal.id
  r.deal_id AS deal_id,
  --# invoice_id INTEGER | Счёт: v_invoice.id | Invoice: v_invoice.id
  r.invoice_id AS invoice_id,
  --# manager_id INTEGER derived | Чья заслуга: v_manager.id | Credited to: v_manager.id
  coalesce(
    r.credited,
    (SELECT c.old_value FROM changes AS c
     WHERE c.entity = 'deal' AND c.entity_id = r.deal_id AND c.field = 'manager_id'
       AND c.seen_at > r.at ORDER BY c.id LIMIT 1),
    (SELECT d.manager_id FROM deals AS d WHERE d.id = r.deal_id),
    (SELECT c.old_value FROM changes AS c
     WHERE c.entity = 'invoice' AND c.entity_id = r.invoice_id AND c.field = 'manager_id'
       AND c.seen_at > r.at ORDER BY c.id LIMIT 1),
    (SELECT i.manager_id FROM invoices AS i WHERE i.id = r.invoice_id)) AS manager_id,
  --# amount REAL | Сумма в своей валюте | Amount in its own currency
  r.amount_minor / 100.0 AS amount,
  --# amount_minor INTEGER | Она же целым числом, в сотых долях валюты | The same as a whole number, in hundredths of the currency
  r.amount_minor AS amount_minor,
  --# net_minor INTEGER derived | Она же без налога, в сотых долях | The same without tax, in hundredths
  coalesce(
    (SELECT CAST(round(1.0 * r.amount_minor * sum(g.net_minor) / sum(g.amount_minor)) AS INTEGER)
     FROM v_deal_product AS g WHERE g.deal_id = r.deal_id HAVING sum(g.amount_minor) > 0),
    r.amount_minor) AS net_minor,
  --# currency TEXT | Валюта, например RUB | Currency, such as RUB
  r.currency AS currency,
  --# amount_base_minor INTEGER derived | Сумма в сотых долях базовой валюты портала по курсу того момента; курса нет или базовая валюта сменилась – пусто | The amount in hundredths of the portal's base currency at the rate of that moment; empty without a rate, and from before another currency became the base
  -- The base has to be the one of today, as with wins.
  (SELECT iif(k.is_base = 1 AND k.deleted_at IS NULL, r.amount_minor, to_base(
     r.amount_minor,
     coalesce((SELECT c.old_value FROM changes AS c
               WHERE c.entity = 'currency' AND c.entity_id = k.id AND c.field = 'rate'
                 AND c.seen_at > r.at ORDER BY c.id LIMIT 1), k.rate),
     coalesce((SELECT c.old_value FROM changes AS c
               WHERE c.entity = 'currency' AND c.entity_id = k.id AND c.field = 'nominal'
                 AND c.seen_at > r.at ORDER BY c.id LIMIT 1), k.nominal)))
   FROM currencies AS k
   WHERE k.code = r.currency
     AND (k.is_base = 1 AND k.deleted_at IS NULL OR coalesce(
           (SELECT c.old_value FROM currencies AS b
            CROSS JOIN changes AS c
            WHERE b.is_base = 1 AND b.deleted_at IS NULL
              AND c.entity = 'currency' AND c.entity_id = b.id AND c.field = 'is_base'
              AND c.seen_at > r.at
            ORDER BY c.id LIMIT 1), 1) = 1)
   LIMIT 1) AS amount_base_minor
-- What other columns refer to; SQLite dissolves it.
FROM (
  SELECT
    'payment' AS kind, p.id AS id, p.paid_at AS at, p.deal_id AS deal_id,
    p.invoice_id AS invoice_id, CAST(NULL AS INTEGER) AS credited,
    p.amount_minor AS amount_minor, p.currency AS currency
  FROM v_payment AS p
  WHERE p.paid_at IS NOT NULL AND (p.paid = 1 OR p.is_return = 1)
    AND (SELECT s.source FROM v_receipt_source AS s) = 'payments'
  UNION ALL
  SELECT
    'refund', p.id, p.returned_at, p.deal_id, p.invoice_id, CAST(NULL AS INTEGER),
    -p.amount_minor, p.currency
  FROM v_payment AS p
  WHERE p.paid_at IS NOT NULL AND p.is_return = 1
    AND (SELECT s.source FROM v_receipt_source AS s) = 'payments'
  UNION ALL
  SELECT
    'invoice', i.id,
    coalesce(
      (SELECT m.at FROM invoice_moves AS m
       WHERE m.owner_id = i.id AND m.stage_id = i.stage_id
         AND (m.deleted_at IS NULL OR i.deleted_at IS NOT NULL)
       ORDER BY m.id DESC LIMIT 1),
      i.moved_at, i.created_at),
    nullif(i.deal_id, 0), i.id, CAST(NULL AS INTEGER), i.amount_minor, i.currency
  FROM invoices AS i
  WHERE (SELECT s.semantics FROM stages AS s
         WHERE s.entity_id = 'SMART_INVOICE_STAGE_' || i.pipeline_id
           AND s.status_id = i.stage_id
           AND (s.deleted_at IS NULL OR i.deleted_at IS NOT NULL)
         LIMIT 1) = 'S'
    AND (SELECT s.source FROM v_receipt_source AS s) = 'invoices'
  UNION ALL
  SELECT
    'deal', w.deal_id, w.won_at, w.deal_id, CAST(NULL AS INTEGER), w.manager_id, w.amount_minor,
    w.currency
  FROM v_deal_won AS w
  WHERE w.left_at IS NULL AND w.recurring IS NOT 1
    AND (SELECT s.source FROM v_receipt_source AS s) = 'deals'
) AS r;

--# v_change | Журнал изменений: что и когда поменялось на портале | Change log of the mirrored objects
--: Суммы записаны как amount_minor – в сотых долях валюты. | Sums are logged as amount_minor, in hundredths of the currency.
CREATE VIEW v_change AS
SELECT
  --# id INTEGER | Номер записи; растёт со временем | The entry's id; grows with time
  c.id AS id,
  --# entity TEXT | Вид объекта: deal, task, call, lead, user, … | Kind of object: deal, task, call, lead, user, …
  c.entity AS entity,
  --# entity_id INTEGER | Номер объекта | The object's id
  c.entity_id AS entity_id,
  --# field TEXT | Колонка или поле портала; deleted_at – исчез с портала и вернулся, hidden_at – исчез, потому что скрыт от вебхука | Column or portal field; deleted_at when it left the portal and came back, hidden_at when it left for being hidden from the webhook
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
  s.problem AS problem,
  --# hidden INTEGER | Объектов, которые есть на портале, но пользователю вебхука больше не видны | Objects that are on the portal, but the webhook's user may not see any more
  (SELECT count(*) FROM hidden_rows AS h WHERE h.entity = s.entity) AS hidden
FROM streams AS s;

--# v_hidden | Объекты, которые есть на портале, но пользователю вебхука больше не видны | Objects that are on the portal, but the webhook's user may not see any more
--: В других видах их нет, как и удалённых. Вернут права – вернутся и они. | They are in no other view, like deleted ones. When the rights are given back, they come back.
CREATE VIEW v_hidden AS
SELECT
  --# entity TEXT | Вид объекта: deal, task, lead, activity, … | Kind of object: deal, task, lead, activity, …
  h.entity AS entity,
  --# entity_id INTEGER | Номер объекта | The object's id
  h.entity_id AS entity_id,
  --# seen_at INTEGER | Когда замечено, секунды UTC | When it was noticed, UTC seconds
  h.seen_at AS seen_at
FROM hidden_rows AS h;

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
