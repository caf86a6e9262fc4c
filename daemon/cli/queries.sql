-- The worked queries of the analyst's reference (reference.h). Before each statement:
--   --# заголовок | heading
--   --: на что отвечает и как читать ответ | what it answers and how to read it

--# Открытые сделки без следующего шага | Open deals without a next step
--: На что посмотреть первым: крупные сделки, по которым ничего не запланировано. «overdue» – 1, если шаг был, но его срок прошёл; «touched» – когда ответственный последний раз обращался к клиенту, пусто – ни разу. | What to look at first: large deals for which nothing is planned. "overdue" is 1 when there was a step and its time has passed; "touched" is when the responsible last addressed the client, empty for never.
SELECT d.id, d.title, d.amount, d.currency, m.name AS manager, d.stage,
       d.has_overdue_step AS overdue, local_day(d.last_touch_at) AS touched
FROM v_deal AS d
JOIN v_manager AS m ON m.id = d.manager_id
WHERE d.closed = 0 AND coalesce(d.recurring, 0) <> 1 AND d.next_step_at IS NULL
ORDER BY d.amount DESC
LIMIT 20;

--# Продажи за 30 дней | Sales of the last 30 days
--: Кто сколько выиграл. Выигрыш засчитан тому, кто был ответственным в ту минуту, и в той сумме, какая стояла тогда; удалённая потом сделка остаётся, а ушедшая из успеха – нет. Суммы – в базовой валюте по курсу того момента; «unknown» – сколько сделок пересчитать нечем: нет курса. | Who has won how much. A win counts for whoever was responsible at that minute, with the amount of that minute; a deal deleted since stays, one that left success does not. Amounts are in the base currency at the rate of that moment; "unknown" counts the deals for which there is no rate.
SELECT m.name AS manager, count(*) AS deals, round(sum(w.amount_base)) AS amount,
       sum(w.amount_base IS NULL) AS unknown
FROM v_deal_won AS w
JOIN v_manager AS m ON m.id = w.manager_id
WHERE w.won_at >= :now - 30 * 86400 AND w.left_at IS NULL AND coalesce(w.recurring, 0) <> 1
GROUP BY m.id
ORDER BY amount DESC;

--# Пропущенные звонки за неделю | Missed calls of the last week
--: Сколько звонков клиентов никто не взял, скольким до сих пор не перезвонили и через сколько рабочих минут в среднем связались с остальными. Очередь, обзвонившая пятерых, – один звонок; «self» – клиент дозвонился сам. | How many calls of clients nobody took, how many were not called back so far, and after how many working minutes the others were reached on average. A queue that rang five people is one call; "self" counts clients who got through by themselves.
SELECT c.day, count(*) AS missed, sum(c.returned_at IS NULL) AS waiting,
       sum(iif(c.returned_how = 'client', 1, 0)) AS self,
       round(avg(work_minutes(c.started_at, c.returned_at))) AS minutes
FROM v_missed_call AS c
WHERE c.started_at >= :now - 7 * 86400
GROUP BY c.day
ORDER BY c.day;

--# Реакция на лиды за 30 дней | Reaction to the leads of 30 days
--: Сколько рабочих минут проходит от появления лида (или назначения ответственного) до первого звонка, письма, сообщения или встречи. «untouched» – к скольким ещё не обратились, «late» – где прошло больше 15 рабочих минут. | How many working minutes pass from the coming of a lead (or its being given to somebody) to the first call, letter, message or meeting. "untouched" counts those nobody has addressed yet, "late" those where more than 15 working minutes have passed.
SELECT m.name AS manager, count(*) AS leads, sum(l.first_touch_at IS NULL) AS untouched,
       sum(work_minutes(l.reaction_from, coalesce(l.first_touch_at, :now)) > 15) AS late,
       round(avg(work_minutes(l.reaction_from, l.first_touch_at))) AS minutes
FROM v_lead AS l
JOIN v_manager AS m ON m.id = l.manager_id
WHERE l.created_at >= :now - 30 * 86400
GROUP BY m.id
ORDER BY minutes DESC;

--# Где стоят сделки | Where deals stand
--: Сколько открытых сделок и денег на каждой стадии и сколько дней они там: в среднем и самая старая. Если «oldest» много больше «days», на стадии лежат забытые сделки. | How many open deals and how much money stand on each stage, and for how many days: on average, and the oldest. Where "oldest" is far above "days", forgotten deals lie there.
SELECT d.pipeline, d.stage, count(*) AS deals, round(sum(d.amount)) AS amount, d.currency,
       round(avg(:now - d.stage_since) / 86400, 1) AS days,
       (:now - min(d.stage_since)) / 86400 AS oldest
FROM v_deal AS d
WHERE d.closed = 0 AND coalesce(d.recurring, 0) <> 1
GROUP BY d.pipeline_id, d.stage_id, d.currency
ORDER BY d.pipeline, deals DESC;
